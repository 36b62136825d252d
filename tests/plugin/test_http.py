"""HTTP for plugins: every way a call can fail, over real sockets, and what it means for a message."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import Retry, Timeout

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
    VendorUnreachable,
)
from bridge.plugin.http import Adapter, Session, raise_for_status, retry_after, translated

from .peers import Behaviour, Peer, answering, closed_port, reply, resetting, silent, stalling

OK = reply("200 OK", b'{"id": 1}')
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def call(url: str, session: Session) -> BridgeError:
    """Return the error of a call that reads a JSON answer."""
    with pytest.raises(BridgeError) as caught, translated():
        session.post(url, json={"to": "13800138000"}).json()
    return caught.value


@pytest.mark.parametrize(
    ("behaviour", "kind", "code"),
    [
        (silent, OutcomeUnknown, "READ_TIMEOUT"),
        (resetting, OutcomeUnknown, "CONNECTION_LOST"),
        (answering(), OutcomeUnknown, "CONNECTION_LOST"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), OutcomeUnknown, "CONNECTION_LOST"),
        (stalling, OutcomeUnknown, "READ_TIMEOUT"),
        (answering(b"nonsense\r\n\r\n"), OutcomeUnknown, "CONNECTION_LOST"),
        (answering(b"HTTP/1.1 200"), OutcomeUnknown, "UNREADABLE_ANSWER"),
        (answering(CHUNKED, b"zz\r\n"), OutcomeUnknown, "CONNECTION_LOST"),
        (reply("200 OK", b"nonsense", "Content-Encoding: gzip"), OutcomeUnknown, "CONNECTION_LOST"),
        (reply("200 OK", b"<html>"), OutcomeUnknown, "UNREADABLE_ANSWER"),
        (reply("200 OK", b""), OutcomeUnknown, "UNREADABLE_ANSWER"),
        (reply("200 OK", b'{"id": '), OutcomeUnknown, "UNREADABLE_ANSWER"),
        (reply("200 OK", b"\xff\xfe\xfd\xfc\xfb"), OutcomeUnknown, "UNREADABLE_ANSWER"),
    ],
)
def test_once_the_request_left_the_outcome_is_unknown(
    behaviour: Behaviour, kind: type[BridgeError], code: str
) -> None:
    timeout = 0.2 if behaviour in (silent, stalling) else 10
    with Peer(behaviour) as peer, Session(timeout=(5, timeout)) as session:
        error = call(f"{peer.url}/send?to=13800138000", session)
    assert (type(error), error.code) == (kind, code)
    assert peer.connections == 1, "a send is never repeated"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://no-such-host.invalid/", "DNS"),
        ("http://", "BAD_URL"),
        ("vendor.example.com/send", "BAD_URL"),
        ("ftp://vendor.example.com/send", "BAD_URL"),
        ("http://[::1", "BAD_URL"),
        ("http://host:port/", "BAD_URL"),
        ("http://.example.com", "BAD_URL"),
    ],
)
def test_an_address_without_a_vendor_behind_it_is_no_send(url: str, code: str) -> None:
    with Session() as session:
        error = call(url, session)
    assert (type(error), error.code) == (VendorUnreachable, code)


def test_a_refused_connection_is_no_send() -> None:
    with Session() as session:
        error = call(f"http://127.0.0.1:{closed_port()}", session)
    assert (type(error), error.code) == (VendorUnreachable, "CONNECTION_REFUSED")


def test_a_connection_that_is_never_taken_is_no_send() -> None:
    """The queue of the listening socket is full, so the system does not answer the connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        session = stack.enter_context(Session(timeout=(0.2, 10)))
        error = call(f"http://127.0.0.1:{listener.getsockname()[1]}", session)
    assert (type(error), error.code) == (VendorUnreachable, "CONNECT_TIMEOUT")


def test_a_proxy_that_is_not_there_is_no_send() -> None:
    with Session() as session:
        session.proxies = {"http": f"http://127.0.0.1:{closed_port()}"}
        error = call("http://vendor.example.com/", session)
    assert (type(error), error.code) == (VendorUnreachable, "CONNECTION_REFUSED")


@pytest.mark.parametrize("behaviour", [resetting, answering()])
def test_a_proxy_that_loses_the_answer_leaves_it_unknown(behaviour: Behaviour) -> None:
    with Peer(behaviour) as proxy, Session() as session:
        session.proxies = {"http": proxy.url}
        error = call("http://vendor.example.com/", session)
    assert (type(error), error.code) == (OutcomeUnknown, "CONNECTION_LOST")


def test_a_proxy_that_opens_no_tunnel_is_no_send() -> None:
    with Peer(reply("403 Forbidden")) as proxy, Session() as session:
        session.proxies = {"https": proxy.url}
        error = call("https://vendor.example.com/", session)
    assert (type(error), error.code) == (VendorUnreachable, "CONNECTION_REFUSED")


def test_a_handshake_that_fails_is_never_a_success() -> None:
    with Peer(lambda connection: connection.sendall(b"no TLS here")) as peer, Session() as session:
        error = call(f"https://127.0.0.1:{peer.port}/", session)
    assert isinstance(error, OutcomeUnknown | VendorUnreachable)


@pytest.mark.parametrize(
    "cause",
    [
        lambda session: session.get("http://no-such-host.invalid/?to=13800138000&key=secret"),
        lambda session: session.get(f"http://127.0.0.1:{closed_port()}/13800138000"),
        lambda session: session.get("ftp://secret@host/13800138000"),
    ],
)
def test_an_error_quotes_no_address(cause: Callable[[Session], object]) -> None:
    """Addresses carry numbers and keys; the original exception, which quotes them, is not chained."""
    with Session() as session, pytest.raises(BridgeError) as caught, translated():
        cause(session)
    assert "13800138000" not in f"{caught.value} {caught.value!r}"
    assert "secret" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


def test_other_exceptions_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError


# The session


def test_a_session_waits_as_long_as_it_was_told() -> None:
    with Peer(silent) as peer, Session(timeout=(5, 0.2)) as session, pytest.raises(requests.ReadTimeout):
        session.get(peer.url)


def test_a_call_may_have_a_timeout_of_its_own() -> None:
    with Peer(silent) as peer, Session(timeout=(5, 60)) as session, pytest.raises(requests.ReadTimeout):
        session.get(peer.url, timeout=(5, 0.2))


def test_a_session_follows_no_redirect() -> None:
    with (
        Peer(reply("302 Found", b"", "Location: http://no-such-host.invalid/")) as peer,
        Session() as session,
    ):
        assert session.get(peer.url).status_code == 302


def test_the_environment_s_proxy_is_ignored_unless_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Peer(OK) as peer, Session() as session:
        assert session.get(peer.url).json() == {"id": 1}
    with Peer(OK) as peer, Session(trust_env=True) as session:
        assert call(peer.url, session).code == "CONNECTION_REFUSED"


@pytest.mark.parametrize(
    "retries",
    [3, Retry(3, allowed_methods=None), Retry(None, read=1), Retry(True), Retry(None, status=2)],
    ids=["a number", "every method", "read", "without end", "status"],
)
def test_an_adapter_that_repeats_is_refused(retries: Retry | int) -> None:
    """One call made four POSTs with such an adapter."""
    with Session() as session, pytest.raises(ValueError, match="repeats requests blindly"):
        session.mount("https://", HTTPAdapter(max_retries=retries))


@pytest.mark.parametrize("retries", [0, Retry(0), Retry(False), Retry(0, read=3)])
def test_an_adapter_that_repeats_nothing_is_taken(retries: Retry | int) -> None:
    with Peer(OK) as peer, Session() as session:
        adapter = Adapter()
        adapter.max_retries = retries  # type: ignore[assignment]
        session.mount("http://", adapter)
        assert session.get(peer.url).json() == {"id": 1}


class _Trusting(HTTPAdapter):
    """An adapter that verifies nothing."""


class _Wrapped(BaseAdapter):
    """An adapter that hides one with retries."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        return HTTPAdapter(max_retries=3).send(*args, **kwargs)

    def close(self) -> None:
        """It holds nothing."""


@pytest.mark.parametrize("foreign", [HTTPAdapter, _Trusting, _Wrapped])
@pytest.mark.parametrize("prefix", ["http://", "https://vendor.example.com/"])
def test_an_adapter_without_our_deadline_is_refused(prefix: str, foreign: type[BaseAdapter]) -> None:
    """Mounted, or put into the session's own list."""
    says = f"{foreign.__name__} ends no exchange in time"
    with Session() as session:
        with pytest.raises(ValueError, match=says):
            session.mount(prefix, foreign())
        session.adapters["http://"] = foreign()
        with pytest.raises(ValueError, match=says):
            session.get("http://127.0.0.1:9/")


ENDLESS: list[Any] = [(inf, 1), (1, nan), (0, 1), (1, -1), [1, 1], (1, 1, 1), ("1", "1"), Timeout(total=1)]


@pytest.mark.parametrize("timeout", [*ENDLESS, None, 20, (None, 1), (1, None)], ids=str)
def test_a_time_out_without_an_end_is_refused(timeout: Any) -> None:
    with pytest.raises(ValueError, match="is refused: give the seconds"):
        Session(timeout=timeout)


@pytest.mark.parametrize("timeout", [*ENDLESS, inf, 0, (None, 1)], ids=str)
def test_a_call_s_time_out_without_an_end_is_refused(timeout: Any) -> None:
    """A number, or the time to connect alone, is good for a call: `requests` takes both."""
    with Peer(OK) as peer, Session() as session:
        with pytest.raises(ValueError, match="is refused: give the seconds"):
            session.get(peer.url, timeout=timeout)
        assert peer.connections == 0
        assert session.get(peer.url, timeout=5).ok
        assert session.get(peer.url, timeout=(5, None)).ok


@pytest.mark.parametrize("nothing", [False, 0, ""])
def test_certificates_are_verified_whatever_is_asked(nothing: Any) -> None:
    """For one call, for the session, and for a request that was prepared."""
    prepared = requests.Request("GET", "https://127.0.0.1:9/").prepare()
    with Session() as session:
        for kwargs in ({"verify": nothing}, {"verify": None}):
            with pytest.raises(ValueError, match="certificates anybody can answer"):
                session.send(prepared, **kwargs)
        with pytest.raises(ValueError, match="certificates anybody can answer"):
            session.get("https://127.0.0.1:9/", verify=nothing)
        session.verify = nothing
        with pytest.raises(ValueError, match="certificates anybody can answer"):
            session.get("https://127.0.0.1:9/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_redirect_is_followed_even_when_asked(method: str, status: int) -> None:
    """Not by a call that says so, either: nobody has checked the address."""
    with (
        Peer(reply(f"{status} Elsewhere", b"", "Location: http://no-such-host.invalid/")) as peer,
        Session() as session,
    ):
        assert session.request(method, peer.url, allow_redirects=True).status_code == status
        assert peer.connections == 1


def _set_later(session: Session) -> None:
    session.get_adapter("http://").max_retries = Retry(3, allowed_methods=None)  # type: ignore[attr-defined]


def _past_mount(session: Session) -> None:
    session.adapters["http://"] = HTTPAdapter(max_retries=3)


@pytest.mark.parametrize("smuggle", [_set_later, _past_mount])
def test_retries_past_mount_are_refused_before_a_request(
    smuggle: Callable[[Session], None],
) -> None:
    """An adapter that is changed later, or put into the session's own list."""
    with Peer(OK) as peer, Session() as session:
        smuggle(session)
        with pytest.raises(ValueError, match="repeats requests blindly"):
            session.post(peer.url)
        assert peer.connections == 0


def test_the_environment_s_passwords_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .netrc for the vendor's host, which `requests` would send along."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Peer(OK) as peer, Session() as session:
        assert "Authorization" not in session.get(peer.url).request.headers
    with Peer(OK) as peer, Session(trust_env=True) as session:
        assert "Authorization" in session.get(peer.url).request.headers


def test_a_pooled_connection_that_the_vendor_closed_is_replaced() -> None:
    """Otherwise the first call after a pause would always be of unknown outcome."""
    keep = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    with Peer(keep) as peer, Session() as session:
        assert session.post(peer.url).json() == {}
        assert peer.left.wait(10)
        assert session.post(peer.url).json() == {}
        assert peer.connections == 2


# Statuses


def _response(status: int, headers: dict[str, str] | None = None) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers or {})
    return response


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, OutcomeUnknown),
        (302, OutcomeUnknown),
        (400, VendorRejected),
        (401, CredentialsRejected),
        (403, CredentialsRejected),
        (404, VendorRejected),
        (408, OutcomeUnknown),
        (422, VendorRejected),
        (429, VendorThrottled),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, OutcomeUnknown),
        (504, OutcomeUnknown),
        (599, OutcomeUnknown),
        (199, OutcomeUnknown),
    ],
)
def test_a_status_alone(status: int, kind: type[BridgeError]) -> None:
    with pytest.raises(BridgeError) as caught:
        raise_for_status(_response(status))
    assert (type(caught.value), caught.value.code) == (kind, f"HTTP_{status}")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_raises_nothing(status: int) -> None:
    raise_for_status(_response(status))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("86400", 3600.0),
        ("-1", None),
        ("1.5", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("٣", None),
        ("²", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_a_throttled_answer_brings_its_wait() -> None:
    with pytest.raises(VendorThrottled) as caught:
        raise_for_status(_response(429, {"retry-after": "3"}))
    assert caught.value.retry_after == 3
