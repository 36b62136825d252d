"""The blocks for nginx, in a real nginx: what they keep out of the logs, and what they let through."""

import http.client
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.campaign.processes import free_port
from tests.cli.test_serve import SECRETS, Served

from .proxy import Nginx

FILES = {"sms-bridge.conf": 1, "sms-bridge-machines.conf": 2}
TOKEN = "hook-token-0123456789"
QUERY = "phone=13800138000"
SHORT = {
    "proxy_read_timeout 75s": "proxy_read_timeout 1s",
    "client_max_body_size 33m": "client_max_body_size 1k",
}
ADDRESSES = [
    f"/hooks/promo/{TOKEN}/receipts?{QUERY}",
    f"//hooks/promo/{TOKEN}?{QUERY}",
    f"/%68ooks/promo/{TOKEN}/receipts?{QUERY}",
    f"/promo/../hooks/promo/{TOKEN}/?{QUERY}",
]
LINKS = [
    f"/console/sign-in/{TOKEN}?{QUERY}",
    f"//console//sign-in//{TOKEN}?{QUERY}",
    f"/%63onsole/sign-in/{TOKEN}?{QUERY}",
    f"/promo/../console/sign-in/{TOKEN}?{QUERY}",
]
pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


class Upstream:
    """What nginx finds where the bridge should be; None: nobody listens."""

    def __init__(self, behave: Callable[[socket.socket], None] | None) -> None:
        self.port = free_port()
        self.taken: list[bytes] = []
        if behave is not None:
            self._server = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._serve, args=(behave,), daemon=True).start()

    def _serve(self, behave: Callable[[socket.socket], None]) -> None:
        while True:
            connection, _ = self._server.accept()
            with connection:
                self.taken.append(connection.recv(65536))
                behave(connection)


def hang(connection: socket.socket) -> None:
    """Say nothing until the proxy has enough of it."""
    connection.recv(1)


def reset(connection: socket.socket) -> None:
    """Break the connection in the middle."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def babble(connection: socket.socket) -> None:
    """Answer what is no header."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nnonsense\x00\r\n\r\n")


def answer(connection: socket.socket) -> None:
    """Answer as the bridge does."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def ask(proxy: Nginx, address: str, body: bytes = b"{}") -> int:
    """Send one POST with its address as it is written; return the status."""
    insecure = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", proxy.port, timeout=30, context=insecure)
    with closing(connection):
        connection.putrequest("POST", address)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        connection.send(body)
        return connection.getresponse().status


@pytest.fixture(params=list(FILES))
def nginx(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Nginx]]:
    """Start nginx with one of the files in front of a port."""
    started: list[Nginx] = []

    def start(port: int, **changes: str) -> Nginx:
        more = {old: new for old, new in changes.items() if old} if changes else {}
        proxy = Nginx(tmp_path, request.param, [port] * FILES[request.param], more)
        started.append(proxy)
        return proxy

    yield start
    for proxy in started:
        proxy.stop()


@pytest.mark.parametrize(
    ("behave", "body", "status"),
    [
        (None, b"{}", 502),
        (hang, b"{}", 504),
        (reset, b"{}", 502),
        (babble, b"{}", 502),
        (answer, b"x" * 2000, 413),
        (answer, b"{}", 200),
    ],
    ids=["down", "hangs", "resets", "babbles", "too large", "well"],
)
def test_the_hook_token_is_in_no_log(
    behave: Callable[[socket.socket], None] | None, body: bytes, status: int, nginx: Callable[..., Nginx]
) -> None:
    """Whatever goes wrong, and however the address is written; but that it went wrong is."""
    proxy = nginx(Upstream(behave).port, **SHORT)
    with ThreadPoolExecutor(len(ADDRESSES)) as pool:  # where it hangs each waits a second
        assert set(pool.map(lambda address: ask(proxy, address, body), ADDRESSES)) == {status}
    proxy.stop()
    logs = proxy.logs()
    assert TOKEN not in logs
    assert QUERY not in logs
    assert logs.count('"POST /hooks/promo/..."') == len(ADDRESSES)
    assert f" {status} " in logs


@pytest.mark.parametrize(
    ("allowed", "status"), [("10.0.0.0/8", 403), ("127.0.0.1", 502)], ids=["refused", "down"]
)
def test_the_link_to_sign_in_is_in_no_log(allowed: str, status: int, nginx: Callable[..., Nginx]) -> None:
    """Neither as an address, nor as the page that asked for a file; but that it went wrong is."""
    proxy = nginx(Upstream(None).port, **{"allow 10.0.0.0/8": f"allow {allowed}"})
    assert [ask(proxy, address) for address in LINKS] == [status] * len(LINKS)
    page = {"Referer": f"{proxy.url}/console/sign-in/{TOKEN}"}
    file = requests.get(f"{proxy.url}/console/static/console.css", headers=page, verify=False, timeout=10)
    assert file.status_code == status
    proxy.stop()
    logs = proxy.logs()
    assert TOKEN not in logs
    assert QUERY not in logs
    assert logs.count(f'"POST /console/sign-in/..." {status} ') == len(LINKS)


def test_other_failures_are_in_the_error_log(nginx: Callable[..., Nginx]) -> None:
    """A bridge that is down can be seen there."""
    proxy = nginx(Upstream(None).port)
    assert ask(proxy, "/promo/sms/sendBatchList") == 502
    proxy.stop()
    assert "connect() failed" in proxy.logs()


def test_third_party_headers_do_not_get_through(nginx: Callable[..., Nginx]) -> None:
    """Only the address that nginx saw itself; and the name in the URL as it was written."""
    upstream = Upstream(answer)
    proxy = nginx(upstream.port)
    lies = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Protocol": "ssl"}
    requests.get(f"{proxy.url}/promo/sms/smsSign/A%2FB%20%E4%B8%8A", headers=lies, verify=False, timeout=10)
    [head] = [taken.decode().lower() for taken in upstream.taken]
    assert head.startswith("get /promo/sms/smssign/a%2fb%20%e4%b8%8a http/1.1\r\n")
    assert "x-forwarded-for: 127.0.0.1\r\n" in head
    assert "x-forwarded-proto" not in head
    assert "203.0.113.9" not in head


INNER = ["/metrics", "/readyz", "/docs", "/openapi.json", "/console"]


def test_inner_addresses_are_closed(nginx: Callable[..., Nginx]) -> None:
    """They ask for no key; a channel whose name begins alike is open."""
    proxy = nginx(Upstream(answer).port)
    for address in INNER:
        closed = [ask(proxy, address + end) for end in ("", "/", "/x", "/xers/sms/x")]
        assert (closed, ask(proxy, f"{address}ers/sms/x")) == ([403] * 4, 200), address


def test_a_send_is_not_repeated_at_the_next_machine(tmp_path: Path) -> None:
    """The first took it and broke the connection: it may have sent. One that nobody took goes to the next."""
    broken, well, gone = Upstream(reset), Upstream(answer), Upstream(None)
    proxy = Nginx(tmp_path, "sms-bridge-machines.conf", [broken.port, broken.port], {})
    assert ask(proxy, "/promo/sms/sendBatchList") == 502
    assert len(broken.taken) == 1
    proxy.stop()
    proxy = Nginx(tmp_path, "sms-bridge-machines.conf", [gone.port, well.port], {})
    assert [ask(proxy, "/promo/sms/sendBatchList") for _ in range(4)] == [200] * 4
    assert len(well.taken) == 4
    proxy.stop()


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield one bridge behind all of them."""
    bridge = Served(tmp_path_factory.mktemp("bridge"))
    bridge.wait(ready=True)
    yield bridge
    bridge.process.kill()
    bridge.process.wait()


@pytest.mark.slow
def test_large_third_party_bodies_disturb_nobody(bridge: Served, nginx: Callable[..., Nginx]) -> None:
    """An unsigned POST of 200 kB to any address fails by itself: good requests meanwhile are well."""
    proxy, token = nginx(bridge.port), SECRETS["DEMO_TOKEN"]
    addresses = ["/demo/sms/sendBatchList", "/nobody/sms/x", "/hooks/demo/wrong/x", "/x", "/healthz"]
    addresses += [f"/hooks/demo/{token}/nothing", "/demo/sms/smsSign/Acme", "/open/sms/sendBatchList"]
    with ThreadPoolExecutor(8) as pool:
        for address in addresses:
            others = [pool.submit(ask, proxy, address, b"x" * 200_000) for _ in range(8)]
            good = [pool.submit(ask, proxy, "/healthz", b"") for _ in range(60)]
            failed = {one.result() for one in others}
            assert failed <= {200, 400, 401, 403, 404, 405, 413, 502}, address
            assert {one.result() for one in good} == {405}, address
