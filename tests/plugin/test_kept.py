"""Exchanges over a connection that is open already: as `send` makes them, for less."""

import gzip
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests

from bridge.plugin import OutcomeUnknown, VendorUnreachable
from bridge.plugin.http import Adapter, Answer, AnswerTooLong, Session, translated

from .peers import Behaviour, Peer, answering, closed_port, read_request, reply, resetting, silent, stalling

HEAD = b"HTTP/1.1 200 OK\r\n"
EMPTY = HEAD + b"Content-Length: 0\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def after_one(*behaviours: Behaviour) -> Behaviour:
    """Answer a first request, so that the connection is kept, then behave so."""

    def behave(connection: socket.socket) -> None:
        for one in (answering(EMPTY), *behaviours):
            one(connection)

    return behave


def ask(session: Session, url: str, method: str = "POST", **request: Any) -> Answer:
    """Return the answer to a request."""
    return session.ask(session.prepare_request(requests.Request(method, url, **request)))


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (silent, "READ_TIMEOUT"),
        (stalling, "READ_TIMEOUT"),
        (resetting, "CONNECTION_LOST"),
        (answering(), "CONNECTION_LOST"),
        (answering(HEAD + b"Content-Length: 10\r\n\r\n12345"), "CONNECTION_LOST"),
        (answering(b"nonsense\r\n\r\n"), "CONNECTION_LOST"),
        (answering(CHUNKED, b"zz\r\n"), "CONNECTION_LOST"),
        (answering(CHUNKED, b"5\r\n12345\r\n"), "CONNECTION_LOST"),
        (reply("200 OK", b"nonsense", "Content-Encoding: gzip"), "CONNECTION_LOST"),
        (reply("200 OK", b"x" * 1001), "ENDLESS_ANSWER"),
        (reply("200 OK", gzip.compress(b"x" * 50_000_000), "Content-Encoding: gzip"), "ENDLESS_ANSWER"),
        (answering(HEAD + b"\r\n", b"x" * 1001), "ENDLESS_ANSWER"),
    ],
)
def test_a_lost_answer_leaves_the_outcome_unknown(behaviour: Behaviour, code: str) -> None:
    """And the request has left once."""
    patience = 0.2 if behaviour in (silent, stalling) else 10
    with (
        Peer(after_one(behaviour)) as peer,
        Session(timeout=(5, patience), max_answer=1000) as session,
        translated(),
    ):
        assert ask(session, peer.url).content == b""
        with pytest.raises(OutcomeUnknown) as caught, translated():
            ask(session, f"{peer.url}/send?to=13800138000", data=b"x")
    assert caught.value.code == code
    assert peer.connections == 1


@pytest.mark.parametrize(
    ("raw", "method", "answer"),
    [
        (HEAD + b"Content-Length: 2\r\n\r\nab", "POST", (200, {"Content-Length": "2"}, b"ab")),
        (
            HEAD + b"X-A: 1\r\nx-a: 2\r\nX-B: folded\r\n  here\r\nContent-Length: 0\r\n\r\n",
            "GET",
            (200, {"X-A": "1, 2", "X-B": "folded here", "Content-Length": "0"}, b""),
        ),
        (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", "GET", (200, {"Transfer-Encoding": "chunked"}, b"abc")),
        (
            HEAD + b"Content-Encoding: gzip\r\nContent-Length: 23\r\n\r\n" + gzip.compress(b"abc", mtime=0),
            "GET",
            (200, {"Content-Encoding": "gzip", "Content-Length": "23"}, b"abc"),
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "POST", (204, {}, b"")),
        (HEAD + b"Content-Length: 5\r\n\r\n", "HEAD", (200, {"Content-Length": "5"}, b"")),
        (
            b"HTTP/1.1 307 Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
            "GET",
            (307, {"Location": "/other", "Content-Length": "0"}, b""),
        ),
    ],
    ids=["length", "repeated and folded headers", "chunked", "packed", "no content", "head", "redirect"],
)
@pytest.mark.parametrize("kept", [False, True])
def test_an_answer_is_the_same_over_any_connection(
    raw: bytes, method: str, answer: tuple[int, dict[str, str], bytes], kept: bool
) -> None:
    """Whole, unpacked, with every header; a connection whose answer was whole serves the next request."""
    answers = [answering(raw), answering(raw)]
    with Peer(after_one(*answers) if kept else lambda sock: [one(sock) for one in answers]) as peer:  # type: ignore[arg-type]
        with Session() as session:
            if kept:
                ask(session, peer.url)
            for _ in range(2):
                found = ask(session, peer.url, method)
                assert (found.status, dict(found.headers), found.content) == answer
        assert peer.connections == 1


def test_a_request_arrives_the_same_over_any_connection() -> None:
    """Method, address, headers and body; the second over the connection of the first."""
    seen: list[bytes] = []

    def note(connection: socket.socket) -> None:
        for _ in range(2):
            seen.append(read_request(connection))
            connection.sendall(EMPTY)

    with Peer(note) as peer, Session() as session:
        for _ in range(2):
            ask(session, f"{peer.url}/a%2Fb;c?x=%2B&y=a+b#z", headers={"X-A": "1"}, data=b"body")
    first, second = (sorted(request.split(b"\r\n")) for request in seen)
    assert first == second
    assert seen[1].startswith(b"POST /a%2Fb;c?x=%2B&y=a+b HTTP/1.1\r\n")


def test_a_connection_that_the_vendor_closed_is_replaced() -> None:
    """Nothing has left over it."""
    with Peer(answering(EMPTY)) as peer, Session() as session:
        for count in (1, 2, 3):
            assert ask(session, peer.url).status == 200
            peer.left.wait(10)
            assert peer.connections == count


def test_a_broken_connection_is_not_used_again() -> None:
    with Peer(after_one(answering(HEAD + b"Content-Length: 10\r\n\r\n12345"))) as peer, Session() as session:
        ask(session, peer.url)
        with pytest.raises(requests.ConnectionError):
            ask(session, peer.url)
        assert ask(session, peer.url).status == 200
    assert peer.connections == 2


def test_what_is_said_of_a_long_answer_holds_for_one_call() -> None:
    with Peer(after_one(reply("200 OK", b"x" * 11))) as peer, Session() as session:
        ask(session, peer.url)
        with pytest.raises(AnswerTooLong):
            session.ask(session.prepare_request(requests.Request("GET", peer.url)), most=10)


class Noting(Adapter):
    """An adapter of a plugin's own, which sees every request."""

    seen = 0

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        self.seen += 1
        return super().send(*args, **kwargs)


def test_a_plugin_s_own_adapter_is_asked_each_time() -> None:
    with Peer(after_one(answering(EMPTY))) as peer, Session() as session:
        noting = Noting()
        session.mount("http://", noting)
        for _ in range(2):
            ask(session, peer.url)
    assert noting.seen == 2


def no_certificates(session: Session) -> None:
    session.verify = False


def no_end(session: Session) -> None:
    session.timeout = (5.0, float("inf"))


@pytest.mark.parametrize("spoil", [no_certificates, no_end])
def test_the_session_s_promises_hold(spoil: Callable[[Session], None]) -> None:
    """What `send` refuses is refused over a connection that is open, too."""
    with Peer(after_one(answering(EMPTY))) as peer, Session() as session:
        ask(session, peer.url)
        spoil(session)
        with pytest.raises(ValueError, match=r"is refused"):
            ask(session, peer.url)


def test_a_proxy_that_is_set_later_is_obeyed() -> None:
    with Peer(after_one(answering(EMPTY))) as peer, Session() as session:
        ask(session, peer.url)
        session.proxies = {"http": f"http://127.0.0.1:{closed_port()}"}
        with pytest.raises(VendorUnreachable), translated():
            ask(session, peer.url)
