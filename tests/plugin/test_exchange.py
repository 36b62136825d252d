"""One end for every exchange: wherever a peer trickles, the caller is back in time."""

import gzip
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.plugin import BridgeError, OutcomeUnknown, VendorUnavailable, exchange
from bridge.plugin.http import Adapter, AnswerTooLong, FetchFailed, Session, fetch, open_url, translated

from .peers import (
    DRIP_S,
    LONGEST_DRIPS,
    SOON_S,
    Behaviour,
    Peer,
    answering,
    closed_port,
    dripping,
    pause,
    read_request,
    reply,
)

STEP_S = 0.2
OK = reply("200 OK", b'{"id": 1}')
HEAD = b"HTTP/1.1 200 OK\r\n"


def never_reading(connection: socket.socket) -> None:
    """Take a byte of the request now and then."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(LONGEST_DRIPS):
        connection.recv(1)
        if pause(DRIP_S):
            return


# (where the peer trickles, how)
TRICKLES: list[tuple[str, Behaviour]] = [
    ("status line", dripping(b"x")),
    ("header name", dripping(HEAD, b"x")),
    ("headers", dripping(HEAD, b"X-A: 1\r\n")),
    ("interim answers", dripping(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ("body with a length", dripping(HEAD + b"Content-Length: 1000000\r\n\r\n", b"x")),
    ("body without one", dripping(HEAD + b"\r\n", b"x")),
    ("chunks", dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")),
    ("a chunk's extension", dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x")),
    ("trailers", dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: 1\r\n")),
    ("gzip", dripping(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x")[:10], b"\x00")),
    ("reading the request", never_reading),
]


@pytest.fixture(params=["session", "adapter"])
def calling(request: pytest.FixtureRequest) -> Iterator[requests.Session]:
    """Our session, and a foreign one (an SDK's) that carries our adapter."""
    if request.param == "session":
        with Session(timeout=(STEP_S, STEP_S)) as ours:
            yield ours
        return
    with requests.Session() as theirs:
        theirs.mount("http://", Adapter())
        theirs.mount("https://", Adapter())
        yield theirs


@pytest.mark.parametrize("behaviour", [row[1] for row in TRICKLES], ids=[row[0] for row in TRICKLES])
def test_a_peer_that_trickles_is_left(calling: requests.Session, behaviour: Behaviour) -> None:
    """A byte every few milliseconds never lets a read time out; the exchange ends all the same, unknown."""
    body = b"x" * 8_000_000 if behaviour is never_reading else b"to=13800138000"
    with Peer(behaviour) as peer:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown) as caught, translated():
            calling.post(peer.url, data=body, timeout=(STEP_S, STEP_S))
        assert time.monotonic() - began < SOON_S
    assert peer.connections == 1
    assert caught.value.code in ("READ_TIMEOUT", "CONNECTION_LOST")


def test_a_stream_that_trickles_is_left() -> None:
    """Who reads a stream by himself has the same time for it."""
    with Peer(TRICKLES[4][1]) as peer, Session(timeout=(STEP_S, STEP_S)) as session:
        began = time.monotonic()
        with session.get(peer.url, stream=True) as response, pytest.raises(requests.RequestException):
            list(response.iter_content(1))
        assert time.monotonic() - began < SOON_S


def test_a_proxy_that_trickles_is_left() -> None:
    """The tunnel is part of the exchange. Nothing left, but nobody can tell that for sure."""
    with Peer(dripping(HEAD, b"X-A: 1\r\n")) as proxy, Session(timeout=(STEP_S, STEP_S)) as session:
        session.proxies = {"https": proxy.url}
        began = time.monotonic()
        with pytest.raises(BridgeError), translated():
            session.get("https://vendor.example.com/")
        assert time.monotonic() - began < SOON_S


def test_several_addresses_share_the_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with many addresses, none of which answers, costs no more than one exchange."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(2)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        one = socket.getaddrinfo("127.0.0.1", listener.getsockname()[1], type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: one * 50)
        began = time.monotonic()
        refused = pytest.raises(VendorUnavailable)
        with Session(timeout=(STEP_S, STEP_S)) as session, refused as caught, translated():
            session.get("http://vendor.example.com/")
        assert time.monotonic() - began < SOON_S
        for sock in waiting:
            sock.close()
    assert caught.value.code == "CONNECT_TIMEOUT"


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """One dead address of a name is not the vendor's end."""
    with Peer(OK) as peer, Session() as session:
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, port, *args, **kwargs: [
                *real("127.0.0.1", closed_port(), *args, **kwargs),
                *real("127.0.0.1", port, *args, **kwargs),
            ],
        )
        assert session.get(f"http://vendor.example.com:{peer.port}/").json() == {"id": 1}


# Connections that are kept


class Clock:
    """The time of the exchanges, set by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        monkeypatch.setattr(exchange, "monotonic", lambda: time.monotonic() + self.ahead)


def test_a_kept_connection_gets_a_fresh_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long after the first exchange's end, the second has all of its time."""
    clock = Clock(monkeypatch)

    def twice(connection: socket.socket) -> None:
        for _ in range(2):
            answering(HEAD + b"Content-Length: 2\r\n\r\n", b"{}")(connection)

    with Peer(twice) as peer, Session() as session:
        assert session.post(peer.url).json() == {}
        clock.ahead += 3600
        assert session.post(peer.url).json() == {}
    assert peer.connections == 1


def test_a_kept_connection_is_left_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second exchange of a connection ends like the first."""
    good = answering(HEAD + b"Content-Length: 2\r\n\r\n", b"{}")
    bad = dripping(HEAD, b"x")
    with Peer(lambda sock: (good(sock), bad(sock))[1]) as peer, Session(timeout=(STEP_S, STEP_S)) as session:
        assert session.post(peer.url).json() == {}
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown), translated():
            session.post(peer.url)
        assert time.monotonic() - began < SOON_S
    assert peer.connections == 1


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a key and a certificate of its own for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def over_tls(certificate: Path, behaviour: Behaviour) -> Behaviour:
    """Return the same behaviour behind a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            behaviour(secured)

    return behave


def test_tls_works(certificate: Path) -> None:
    """The certificate counts as ever."""
    with Peer(over_tls(certificate, OK)) as peer, Session() as session:
        url = f"https://localhost:{peer.port}/"
        assert session.get(url, verify=str(certificate)).json() == {"id": 1}
        with pytest.raises(VendorUnavailable) as caught, translated():
            session.get(url)
    assert caught.value.code == "CERTIFICATE_INVALID"


@pytest.mark.parametrize(
    ("encrypted", "behaviour"),
    [
        (True, TRICKLES[2][1]),
        (True, TRICKLES[4][1]),
        (True, never_reading),
        (False, dripping(b"\x16\x03\x03\x10\x00", first=lambda sock: sock.recv(10_000))),
    ],
    ids=["headers", "body", "reading the request", "handshake"],
)
def test_a_peer_that_trickles_over_tls_is_left(
    certificate: Path, encrypted: bool, behaviour: Behaviour
) -> None:
    """TLS makes a socket of its own, and its records are read in C."""
    served = over_tls(certificate, behaviour) if encrypted else behaviour
    with Peer(served) as peer, Session(timeout=(STEP_S, STEP_S)) as session:
        began = time.monotonic()
        with pytest.raises(BridgeError), translated():
            session.post(f"https://localhost:{peer.port}/", data=b"x" * 8_000_000, verify=str(certificate))
        assert time.monotonic() - began < SOON_S


# How much is read


BOMB = gzip.compress(gzip.compress(b"\0" * 50_000_000))


@pytest.mark.parametrize(
    ("behaviour", "fits"),
    [
        (reply("200 OK", b"x" * 1000), True),
        (reply("200 OK", b"x" * 1001), False),
        (reply("200 OK", gzip.compress(b"x" * 1000), "Content-Encoding: gzip"), True),
        (reply("200 OK", gzip.compress(b"x" * 50_000_000), "Content-Encoding: gzip"), False),
        (reply("200 OK", BOMB, "Content-Encoding: gzip, gzip"), False),
        (answering(HEAD + b"\r\n", b"x" * 1001), False),
        (
            answering(
                HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"3e8\r\n" + b"x" * 1000 + b"\r\n"] * 2
            ),
            False,
        ),
    ],
)
def test_an_answer_is_read_up_to_its_bound(behaviour: Behaviour, fits: bool) -> None:
    """Unpacked bytes count; a longer answer is no answer, and its beginning is kept."""
    with Peer(behaviour) as peer, Session(max_answer=1000) as session:
        if fits:
            assert session.get(peer.url).content == b"x" * 1000
            return
        with pytest.raises(AnswerTooLong) as raw:
            session.get(peer.url)
        with pytest.raises(OutcomeUnknown) as caught, translated():
            session.get(peer.url)
    assert raw.value.response is not None
    assert (raw.value.response.status_code, len(raw.value.response.content)) == (200, 1000)
    assert caught.value.code == "ENDLESS_ANSWER"


# Files


def test_a_file_that_trickles_is_left() -> None:
    """Media of a template are fetched while somebody waits."""
    body = dripping(HEAD + b"Content-Length: 1000000\r\n\r\n", b"x")
    for behaviour in (TRICKLES[2][1], TRICKLES[3][1], body):
        with Peer(behaviour) as peer:
            began = time.monotonic()
            with pytest.raises(FetchFailed):
                fetch(peer.url, max_bytes=1_000_000, allow_private=True, timeout=(STEP_S, STEP_S))
            assert time.monotonic() - began < SOON_S


def test_a_file_that_keeps_coming_may_take_its_time() -> None:
    """The time for headers is over long before the file is; its rate is what counts."""

    def steady(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(HEAD + b"Content-Length: 30000\r\n\r\n")
        for _ in range(30):
            connection.sendall(b"x" * 1000)
            pause(0.03)

    with Peer(steady) as peer, open_url(peer.url, allow_private=True, timeout=(STEP_S, STEP_S)) as response:
        assert len(b"".join(response.iter_content(1000))) == 30_000


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ([(1, 0)] * 9, 1),
        ([(1, 0)] * 10, 0),
        ([(1, 50)] * 10, 5),
        ([(1, 100)] * 10, 10),
        ([(1, 1_000_000), (9, 0)], 1),
    ],
)
def test_the_rate_of_a_body(steps: list[tuple[float, int]], left: float) -> None:
    """(seconds waited, bytes received) at 100 bytes a second: haste does not save up for a long rest."""
    limit = exchange.Limit(60)
    limit.pace(100, 10)
    for seconds, received in steps:
        limit.spend(seconds, received)
    assert limit.left() == pytest.approx(left)
