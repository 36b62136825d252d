"""Fetching from addresses that third parties wrote: never inside the private network, nor too much."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import responses

from bridge.plugin import exchange
from bridge.plugin.addresses import is_public
from bridge.plugin.http import AddressRefused, FetchFailed, check_url, fetch, open_url

from .peers import Peer, answering, closed_port, reply, resetting, stalling

BODY = b"x" * 1000
CHUNKS = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"3e8\r\n" + BODY + b"\r\n"] * 50]


@pytest.mark.parametrize(
    ("url", "allow_private", "hosts", "admitted"),
    [
        ("https://oss.example.com/a", False, (), True),
        ("http://oss.example.com/a", False, (), False),
        ("http://oss.example.com/a", True, (), True),
        ("https://oss.example.com/a", False, ("oss.example.com",), True),
        ("https://OSS.Example.com/a", False, ("oss.example.com",), True),
        ("https://a.oss.example.com/a", False, ("oss.example.com",), True),
        ("https://a.oss.example.com/a", False, (".oss.example.com",), True),
        ("https://evil-oss.example.com/a", False, ("oss.example.com",), False),
        ("https://oss.example.com.evil.net/a", False, ("oss.example.com",), False),
        ("https://evil.net/?oss.example.com", False, ("oss.example.com",), False),
        ("https://oss.example.com@evil.net/", False, ("oss.example.com",), False),
        ("https://evil.net@oss.example.com/", False, ("oss.example.com",), False),
        ("https://evil.net#@oss.example.com/", False, ("oss.example.com",), False),
        ("https://evil.net\\@oss.example.com/", False, ("oss.example.com",), False),
        ("https://evil.example\\.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example\\@aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https:\\\\evil.example/.aliyuncs.com", False, ("aliyuncs.com",), False),
        ("https:///evil.example/.aliyuncs.com", False, ("aliyuncs.com",), False),
        ("https://evil.example%2f.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example%5c.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example%00.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example\t.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example/\t.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example\n.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example .aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example#.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example?.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example;.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://[evil.example].aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://aliyuncs.com:443@evil.example/", False, ("aliyuncs.com",), False),
        ("https://@aliyuncs.com/", False, ("aliyuncs.com",), False),
        ("https://:@aliyuncs.com/", False, ("aliyuncs.com",), False),
        ("https://aliyuncs.com:99999/", False, ("aliyuncs.com",), False),
        ("https://aliyuncs.com./x", False, ("aliyuncs.com",), True),
        ("https://aliyuncs.com../x", False, ("aliyuncs.com",), False),
        ("https://aliyuncs.com.evil.example./x", False, ("aliyuncs.com",), False),
        ("https://oss\u3002aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://b\u00fccher.aliyuncs.com/x", False, ("aliyuncs.com",), True),
        ("https://evil\uff0faliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://evil.example\u2044.aliyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://\u0430liyuncs.com/x", False, ("aliyuncs.com",), False),
        ("https://aliyuncs.com/x", False, ("",), False),
        ("https://2130706433/", False, (), False),
        ("https://0x7f000001/", False, (), False),
        ("https://0177.0.0.1/", False, (), False),
        ("https://127.1/", False, (), False),
        ("https://8.8.8.010/", False, (), False),
        ("https://0x/", False, (), False),
        ("https://1.2.3.4.5/", False, (), False),
        ("https://8.8.8.8/", False, (), True),
        ("https://[2606:4700::1111]/", False, (), True),
        ("file:///etc/passwd", True, (), False),
        ("ftp://oss.example.com/a", True, (), False),
        ("//oss.example.com/a", True, (), False),
        ("https:///a", False, (), False),
        ("https://", False, (), False),
        ("https://[::1", False, (), False),
        ("", False, (), False),
    ],
)
def test_which_addresses_are_admitted(
    url: str, allow_private: bool, hosts: tuple[str, ...], admitted: bool
) -> None:
    if admitted:
        check_url(url, allow_private=allow_private, hosts=hosts)
        return
    with pytest.raises(AddressRefused):
        check_url(url, allow_private=allow_private, hosts=hosts)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("101.37.1.1", True),
        ("2606:4700:4700::1111", True),
        ("2400:3200::1", True),
        ("::ffff:8.8.8.8", True),
        ("0.0.0.0", False),
        ("0.1.2.3", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("100.100.100.200", False),  # Aliyun's metadata service
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.0.0.1", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("192.168.0.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::8.8.8.8", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", False),
        ("64:ff9b:1::7f00:1", False),
        ("100::1", False),
        ("2001::1", False),  # Teredo
        ("2001:0:7f00:1::1", False),
        ("2001:10::1", False),
        ("2001:20::1", False),
        ("2001:db8::1", False),
        ("2002:7f00:1::1", False),
        ("2002:808:808::1", False),
        ("2606:4700::5efe:127.0.0.1", False),  # ISATAP
        ("2606:4700::200:5efe:127.0.0.1", False),
        ("3fff::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("", False),
        ("host", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) == public


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1"],
        ["127.0.0.1", "0.0.0.0", "::1"],
    ],
)
def test_no_address_of_a_name_is_tried_that_is_not_public(
    inside: Peer, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """A name may have several: none of them is so much as connected to."""
    found = [
        (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, inside.port))
        for each in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    with pytest.raises(AddressRefused):
        fetch(f"https://media.example.com:{inside.port}/", max_bytes=1000, allow_private=False)
    assert inside.connections == 0


def test_the_public_address_of_a_name_is_used(inside: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a private one, which is passed over."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, inside.port)) for each in ("127.0.0.1", "8.8.8.8")
    ]
    tried: list[str] = []

    def connect(_: socket.socket, address: tuple[str, int]) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    monkeypatch.setattr(exchange._Limited, "connect", connect, raising=False)
    with pytest.raises(FetchFailed, match="CONNECTION_REFUSED"):
        fetch("https://media.example.com/", max_bytes=1000, allow_private=False)
    assert tried == ["8.8.8.8"]


@pytest.fixture
def inside() -> Iterator[Peer]:
    """Yield a service of the private network, which would answer."""
    with Peer(reply("200 OK", b"secret")) as peer:
        yield peer


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0.0.0.0", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"],
)
def test_no_spelling_leads_into_the_private_network(inside: Peer, host: str) -> None:
    with pytest.raises(AddressRefused):
        fetch(f"https://{host}:{inside.port}/", max_bytes=1000, allow_private=False)


def _resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let names of example.com resolve to these addresses, one per look-up; returns the names asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, *arguments: Any, **options: Any) -> Any:
        if not str(host).endswith("example.com"):
            return real(host, *arguments, **options)
        asked.append(host)
        return real(addresses[min(len(asked), len(addresses)) - 1], *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_public_name_with_a_private_address_is_refused(
    inside: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _resolve(monkeypatch, "127.0.0.1")
    with pytest.raises(AddressRefused):
        fetch(f"https://media.example.com:{inside.port}/", max_bytes=1000, allow_private=False)
    assert asked == ["media.example.com"]


@responses.activate
def test_a_name_that_turns_private_between_two_requests_is_refused(
    inside: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the address that counts is the one connected to, on every hop."""
    asked = _resolve(monkeypatch, "127.0.0.1")
    start = "https://media.example.com/start"
    target = f"https://media.example.com:{inside.port}/secret"
    responses.get(start, status=302, headers={"Location": target})
    responses.add_passthru(target)
    with pytest.raises(AddressRefused):
        fetch(start, max_bytes=1000, allow_private=False)
    assert asked == ["media.example.com"]


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1:{port}/secret",
        "https://localhost:{port}/secret",
        "https://[::ffff:127.0.0.1]:{port}/",
        "http://127.0.0.1:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "file:///etc/passwd",
        "https://user@media.example.com/",
    ],
)
@responses.activate
def test_a_redirect_is_checked_like_the_first_address(inside: Peer, location: str) -> None:
    start = "https://media.example.com/start"
    responses.get(start, status=302, headers={"Location": location.format(port=inside.port)})
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        responses.add_passthru(f"https://{host}:{inside.port}/")
    with pytest.raises(AddressRefused):
        fetch(start, max_bytes=1000, allow_private=False)


@responses.activate
def test_a_redirect_off_the_list_of_hosts_is_refused() -> None:
    responses.get("https://oss.example.com/a", status=302, headers={"Location": "https://evil.net/a"})
    with pytest.raises(AddressRefused):
        fetch("https://oss.example.com/a", max_bytes=10, allow_private=False, hosts=["oss.example.com"])


@responses.activate
def test_a_redirect_within_the_list_is_followed() -> None:
    responses.get("https://oss.example.com/a", status=302, headers={"Location": "/b"})
    responses.get("https://oss.example.com/b", body=b"ok", content_type="image/png")
    found = fetch("https://oss.example.com/a", max_bytes=10, allow_private=False, hosts=["oss.example.com"])
    assert found == (b"ok", "image/png")


@responses.activate
def test_redirects_end() -> None:
    responses.get("https://oss.example.com/a", status=302, headers={"Location": "/a"})
    with pytest.raises(FetchFailed, match="too often"):
        fetch("https://oss.example.com/a", max_bytes=10, allow_private=False)
    assert len(responses.calls) == 4


@pytest.mark.parametrize(
    ("size", "max_bytes", "fits"), [(1000, 1000, True), (1000, 999, False), (0, 0, True), (1, 0, False)]
)
def test_a_file_up_to_its_size_is_kept(size: int, max_bytes: int, fits: bool) -> None:
    with Peer(reply("200 OK", BODY[:size], "Content-Type: image/png")) as peer:
        if fits:
            found = fetch(peer.url, max_bytes=max_bytes, allow_private=True)
            assert found == (BODY[:size], "image/png")
        else:
            with pytest.raises(FetchFailed, match=f"larger than {max_bytes} bytes"):
                fetch(peer.url, max_bytes=max_bytes, allow_private=True)


def test_a_file_without_a_declared_size_is_cut_off_too() -> None:
    with Peer(answering(*CHUNKS)) as peer, pytest.raises(FetchFailed, match="larger than 2000 bytes"):
        fetch(peer.url, max_bytes=2000, allow_private=True)


@pytest.mark.parametrize(
    ("behaviour", "problem"),
    [
        (reply("404 Not Found", b"gone"), "status 404"),
        (reply("206 Partial Content", b"part"), "status 206"),
        (resetting, "CONNECTION_LOST"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), "broke off"),
        (reply("200 OK", b"no gzip", "Content-Encoding: gzip"), "broke off"),
    ],
)
def test_a_download_that_fails_says_so(behaviour: Any, problem: str) -> None:
    with Peer(behaviour) as peer, pytest.raises(FetchFailed, match=problem) as caught:
        fetch(f"{peer.url}/?Signature=secret", max_bytes=100, allow_private=True)
    assert "secret" not in str(caught.value)


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(FetchFailed, match="CONNECTION_REFUSED"):
        fetch(f"http://127.0.0.1:{closed_port()}/", max_bytes=100, allow_private=True)


def test_a_stream_that_stalls_ends_with_its_timeout() -> None:
    with (
        Peer(stalling) as peer,
        pytest.raises(OSError),
        open_url(peer.url, allow_private=True, timeout=(5, 0.2)) as response,
    ):
        list(response.iter_content(1))
