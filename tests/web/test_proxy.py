"""A real nginx in front of the web: what one caller sends must not cost another one an answer."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests

from bridge.contract.operations import OPERATIONS

from .test_gunicorn import CONFIGURATION, KEY, Web

TOKEN = "hook-token-0123456789"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
GOOD = "/promo/sms/smsSign/Acme%2FUK"
ALLOWED = 'allow_from = ["203.0.113.0/24", "2001:db8::/32", "127.0.0.0/8"]'
# As the first guide had it and as operators write it: connections to the bridge are kept and used again.
NGINX_CONF = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream sms_bridge {{
        server 127.0.0.1:{behind};
        keepalive 32;
    }}
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 33m;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_read_timeout 75s;
        proxy_next_upstream off;
        location / {{
            proxy_pass http://sms_bridge;
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    text = CONFIGURATION.format(folder=folder, key=KEY)
    text = text.replace("[bridge]", "[bridge]\ntrusted_proxies = 1")
    text = text.replace('receipts = "pull"', f'receipts = "pull"\nhook_token = "{TOKEN}"\n{ALLOWED}')
    (folder / "bridge.toml").write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        web = Web(folder, listening)
        try:
            assert web.ask("/healthz").status_code == 200
            yield web
        finally:
            web.process.kill()
            web.process.wait()


@pytest.fixture(scope="module")
def proxy(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of an nginx in front of the web."""
    if NGINX is None:
        pytest.skip("nginx is not installed: these tests need it.")
    folder = tmp_path_factory.mktemp("nginx")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    config = folder / "nginx.conf"
    behind = web.url.rpartition(":")[2]
    config.write_text(NGINX_CONF.format(folder=folder, port=port, behind=behind))
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")])
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


LARGE = b"x" * 200_000
ROUTES = [
    *((operation.method, "/promo" + re.sub("{.*}", "Acme", operation.path), 401) for operation in OPERATIONS),
    ("POST", "/promo/sms/none", 404),
    ("POST", "/none/sms/sendBatchList", 404),
    ("POST", "/sms/sendBatchList", 404),
    ("POST", f"/hooks/promo/{'0' * len(TOKEN)}/receipts", 404),
    ("POST", "/hooks/none/none", 404),
    ("POST", "/healthz", 405),
    ("POST", "/readyz", 405),
    ("POST", "/metrics", 405),
    ("POST", "/docs", 405),
    ("GET", "/docs", 200),
    ("POST", "/openapi.json", 405),
    ("POST", "/console", 404),
    ("POST", "/", 404),
    ("PATCH", "/promo/sms/smsTemplate", 404),
]


def good(web: Web, url: str, count: int) -> list[int]:
    """Return the statuses of good requests; nginx takes any of its kept connections for each."""
    through = Web.__new__(Web)
    through.url = url
    return [through.ask(GOOD).status_code for _ in range(count)]


@pytest.mark.parametrize(("method", "path", "status"), ROUTES, ids=lambda value: str(value))
def test_a_large_unsigned_body_costs_nobody_else_an_answer(
    web: Web, proxy: str, method: str, path: str, status: int
) -> None:
    for body in (LARGE, iter([LARGE])):
        answer = requests.request(method, proxy + path, data=body, timeout=60)
        assert answer.status_code == status
    assert good(web, proxy, 4) == [200] * 4


def test_a_body_too_large_to_be_read_off_costs_nobody_else_an_answer(web: Web, proxy: str) -> None:
    """What its own sender sees is nginx's affair: the bridge answered and left."""
    for _ in range(4):
        requests.post(f"{proxy}/promo/sms/sendBatchList", data=LARGE * 15, timeout=60)
    assert good(web, proxy, 10) == [200] * 10


FORWARDED = [
    {"X-Forwarded-Proto": "https", "X-Forwarded-Protocol": "http"},
    {"X-Forwarded-Proto": "http", "X-Forwarded-Ssl": "on"},
    {"X-Forwarded-Proto": "gopher"},
    {"SCRIPT_NAME": "/elsewhere", "PATH_INFO": "/elsewhere"},
    {"X-Forwarded-Prefix": "/elsewhere", "X-Forwarded-Host": "elsewhere", "X-Forwarded-Port": "1"},
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-For": "203.0.113.9:51234"},
    {"X-Forwarded-For": "198.51.100.1, 203.0.113.9:51234"},
    {"X-Forwarded-For": "[2001:db8::1]:4711"},
    {"X-Forwarded-For": "[2001:db8::1]"},
    {"X-Forwarded-For": "2001:db8::1"},
    {"X-Forwarded-For": "::ffff:203.0.113.9"},
]
STRANGE = [
    "198.51.100.1:51234",
    "[2001:db9::1]:4711",
    "203.0.113.9, 198.51.100.1",
    "unknown",
    "203.0.113.9:1:2",
]


@pytest.mark.parametrize("headers", FORWARDED, ids=str)
def test_what_a_proxy_tells_beside_the_address_is_ignored(web: Web, headers: dict[str, str]) -> None:
    answer = web.ask(GOOD, headers)
    assert (answer.status_code, answer.json()["code"]) == (200, "OK")


@pytest.mark.parametrize("told", STRANGE)
def test_an_address_that_is_not_allowed_stays_out(web: Web, told: str) -> None:
    answer = web.ask(GOOD, {"X-Forwarded-For": told})
    assert (answer.status_code, answer.json()["code"]) == (403, "403")
