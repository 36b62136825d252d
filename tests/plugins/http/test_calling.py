"""The wire: these bytes, this URL, nothing followed, nobody reached that should not be."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import ConfigurationFault, Outcome, OutcomeUnknown, VendorUnavailable
from bridge_http.request.building import Built
from bridge_http.request.calling import HttpCaller
from bridge_http.vendor import HttpVendor

from .making import HEAD, SEND, batch_of, vendor_for


class Vendor:
    """A vendor on a port of this machine: answers in order, remembers what it got."""

    def __init__(self, *answers: tuple[int, dict[str, str], bytes]) -> None:
        self.answers = list(answers)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                vendor.seen.append((self.command, self.path, dict(self.headers), body))
                status, headers, content = (
                    vendor.answers.pop(0) if len(vendor.answers) > 1 else vendor.answers[0]
                )
                if status == 0:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = handle_any  # noqa: N815

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def running(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[Vendor]:
    """Yield a vendor that answers until the end of the block."""
    vendor = Vendor(*answers)
    thread = threading.Thread(target=vendor.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield vendor
    finally:
        vendor.server.shutdown()
        thread.join()
        vendor.server.server_close()


@contextmanager
def caller(**settings: Any) -> Iterator[HttpCaller]:
    """Yield a caller that may reach this machine."""
    made = HttpCaller(**{"timeout": (2.0, 2.0), "allow_private": True, **settings})
    try:
        yield made
    finally:
        made.close()


OK = (200, {"Content-Type": "application/json"}, b'{"ok":true}')


def test_the_bytes_that_were_signed_are_sent() -> None:
    """URL and body arrive unchanged, odd escapes included; no cookie is kept, no proxy asked."""
    with running((200, {"Set-Cookie": "a=b; Path=/"}, b"{}")) as vendor, caller() as call:
        url = f"{vendor.url}/a%2Fb;c/%7Ed?x=%2B&y=%C3%A9&z=a+b"
        body = '{"é":"😀\\n"}'.encode()
        for _ in range(2):
            call(Built("POST", url, {"Content-Type": "application/json", "X-A": "1"}, body))
    for method, path, headers, got in vendor.seen:
        assert (method, vendor.url + path, got) == ("POST", url, body)
        assert headers["User-Agent"] == "qa-sms-bridge"
        assert "Cookie" not in headers
        assert "Authorization" not in headers


def test_a_redirect_is_not_followed() -> None:
    """The answer itself is judged: nothing signed goes to another address."""
    with running(OK) as other, running((307, {"Location": other.url}, b"")) as vendor, caller() as call:
        assert call(Built("POST", vendor.url + "/send", {}, b"x")).status == 307
    assert other.seen == []


def test_a_private_address_is_refused() -> None:
    """A recipe cannot be used to reach into the installation's own network."""
    with running(OK) as vendor, caller(allow_private=False) as call:
        with pytest.raises(VendorUnavailable) as caught:
            call(Built("GET", vendor.url + "/", {}, b""))
        assert caught.value.code == "PRIVATE_ADDRESS"
    assert vendor.seen == []


def test_plain_http_needs_the_operators_word(tmp_path: Path) -> None:
    """TLS is not a matter of the recipe."""
    path = tmp_path / "acme.toml"
    path.write_text((HEAD + SEND).replace("https://", "http://"), encoding="utf-8")
    with pytest.raises(ConfigurationFault, match="https"):
        vendor_for(path)
    vendor_for(path, allow_private=True).close()


def test_no_setting_turns_tls_off(tmp_path: Path) -> None:
    """There is no such key, neither in a recipe nor in a channel."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND, encoding="utf-8")
    with pytest.raises(ValueError, match="verify"):
        vendor_for(path, verify=False)
    vendor = vendor_for(path)
    assert isinstance(vendor._call, HttpCaller)
    assert vendor._call._verify is True
    vendor.close()


# (answer, outcome)
LOSSES = [((0, {}, b""), Outcome.UNKNOWN), ((502, {}, b"<html>"), Outcome.UNKNOWN), (OK, Outcome.ACCEPTED)]


@pytest.mark.parametrize(("given", "outcome"), LOSSES)
def test_a_broken_answer_is_sent_once(tmp_path: Path, given: Any, outcome: Outcome) -> None:
    """A reset after the request, or a gateway's page: unknown, and never repeated by itself."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND, encoding="utf-8")
    with running(given) as server:
        vendor = vendor_for(path, base_url=server.url, allow_private=True)
        (result,) = vendor.send_batch(vendor.channel, batch_of({"name": "x"}))
        vendor.close()
    assert result.outcome is outcome
    assert len(server.seen) == 1


def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor cannot fill the memory."""
    monkeypatch.setattr("bridge_http.request.calling.MAX_ANSWER", 100_000)
    cut = pytest.raises(OutcomeUnknown, match="does not end")
    with running((200, {}, b"x" * 200_000)) as vendor, caller() as call, cut:
        call(Built("GET", vendor.url + "/", {}, b""))


def test_nobody_listening_is_not_sent() -> None:
    """A refused connection proves that nothing arrived."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with caller() as call, pytest.raises(VendorUnavailable):
            call(Built("GET", f"http://127.0.0.1:{free.getsockname()[1]}/", {}, b""))


TOKEN = """
[operations.send_batch.request.auth]
scheme = "token"
path = "/token"
form = { grant_type = "client_credentials", client_secret = "{{ secret.key }}" }
"""


def _token_vendor(tmp_path: Path, url: str) -> HttpVendor:
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND + TOKEN, encoding="utf-8")
    return vendor_for(path, base_url=url, allow_private=True)


def test_a_token_is_fetched_once_and_again_when_refused(tmp_path: Path) -> None:
    """Kept until it expires; a 401 fetches a new one for the next call."""
    tokens = [json.dumps({"access_token": f"t{i}", "expires_in": 3600}).encode() for i in (1, 2)]
    answers = [(200, {}, tokens[0]), OK, OK, (401, {}, b""), (200, {}, tokens[1]), OK]
    with running(*answers) as server:
        vendor = _token_vendor(tmp_path, server.url)
        outcomes = [vendor.send_batch(vendor.channel, batch_of({"name": "x"}))[0].outcome for _ in range(4)]
        vendor.close()
    assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.NOT_SENT, Outcome.ACCEPTED]
    assert [path for _, path, _, _ in server.seen] == ["/token", "/send", "/send", "/send", "/token", "/send"]
    assert [headers.get("Authorization") for _, path, headers, _ in server.seen if path == "/send"] == [
        "Bearer t1",
        "Bearer t1",
        "Bearer t1",
        "Bearer t2",
    ]
    assert server.seen[0][3] == b"grant_type=client_credentials&client_secret=s3cret"


def test_a_lost_token_sends_nothing(tmp_path: Path) -> None:
    """The message was never on its way: it is sent again, not held as unknown."""
    with running((0, {}, b"")) as server:
        vendor = _token_vendor(tmp_path, server.url)
        (result,) = vendor.send_batch(vendor.channel, batch_of({"name": "x"}))
        vendor.close()
    assert result.outcome is Outcome.NOT_SENT
