"""Sends by file: any line form, resumed where it stopped, refused where it must not reach."""

import json
from collections.abc import Iterator

import pytest

from bridge.contract.bodies import SendFileBody
from bridge.contract.refusal import Refusal
from bridge.simulator.callback_server import CallbackServer
from bridge.simulator.inspection import Rules

from .conftest import Worlds
from .world import World


@pytest.fixture
def shelf() -> Iterator[CallbackServer]:
    """Serves files with Range and ETag."""
    with CallbackServer(Rules("k" * 16)) as server:
        yield server


def send(world: World, url: str, *, content: str = "Dear ${name}", limit: int = 0) -> None:
    """Accept a send by file, read the file and dispatch."""
    accept(world, url, content=content, limit=limit)
    while world.duties.read_file(world.services):
        pass
    world.dispatch()


def accept(world: World, url: str, *, content: str = "Dear ${name}", limit: int = 0) -> None:
    """Accept a send by file."""
    body = {
        "limit": limit,
        "outId": "task-1",
        "phoneOssUrl": url,
        "signName": "Acme",
        "templateCode": world.template(content),
        "isVariable": "1",
    }
    raw = json.dumps(body).encode()
    world.services.accepting.send_file(SendFileBody.parse(raw), raw[:32])


LINES: dict[str, tuple[bytes, dict[str, str]]] = {
    "nothing between": (b'13800000000{"name":"a"}\n', {"13800000000": "Dear a"}),
    "comma": (b'13800000000,{"name":"a"}\n', {"13800000000": "Dear a"}),
    "tab": (b'13800000000\t{"name":"a"}\n', {"13800000000": "Dear a"}),
    "blank": (b'13800000000 {"name":"a"}\n', {"13800000000": "Dear a"}),
    "semicolon": (b'13800000000;{"name":"a"}\n', {"13800000000": "Dear a"}),
    "byte order mark": (b'\xef\xbb\xbf13800000000{"name":"a"}\n', {"13800000000": "Dear a"}),
    "CRLF and blank lines": (b'\r\n13800000000{"name":"a"}\r\n\r\n', {"13800000000": "Dear a"}),
    "no last line end": (b'13800000000{"name":"a"}', {"13800000000": "Dear a"}),
    "numbers keep their text": (b'13800000000{"name":1.10}\n', {"13800000000": "Dear 1.10"}),
    "null is nothing": (b'13800000000{"name":null}\n', {"13800000000": "Dear "}),
    "characters nobody can hold": (
        rb'13800000000{"name":"a\u0000\ud800"}' + b"\n",
        {"13800000000": "Dear a\ufffd"},
    ),
    "empty file": (b"", {}),
}


@pytest.mark.parametrize(("content", "texts"), LINES.values(), ids=LINES)
def test_lines_are_read(world: World, shelf: CallbackServer, content: bytes, texts: dict[str, str]) -> None:
    """Whatever the separator and the line ends."""
    shelf.shelf.put("list.txt", content)
    send(world, shelf.file_url("list.txt"))
    sent = [message for batch in world.vendor.batches for message in batch.messages]
    assert {message.phone.raw: message.text for message in sent} == texts


BAD: dict[str, tuple[bytes, str]] = {
    "broken JSON": (b'13800000001{"name":', "BAD_LINE"),
    "a list": (b'13800000001["name"]', "INVALID_NUMBER"),
    "nested": (b'13800000001{"name":{"a":1}}', "BAD_LINE"),
    "nested without end": (b'13800000001{"name":' + b"[" * 8000, "BAD_LINE"),
    "not a number": (b'13800000001{"name":NaN}', "BAD_LINE"),
    "no number": (b'{"name":"a"}', "INVALID_NUMBER"),
    "no values": (b"13800000001", "MISSING_VARIABLE"),
    "not UTF-8": (b'\xff\xfe{"name":"a"}', "INVALID_NUMBER"),
    "endless": (b"1" * 40_000, "BAD_LINE"),
}


@pytest.mark.parametrize(("line", "code"), BAD.values(), ids=BAD)
def test_a_bad_line_fails_alone(world: World, shelf: CallbackServer, line: bytes, code: str) -> None:
    """It becomes a failed receipt, its neighbours are sent."""
    good = b'13800000000{"name":"a"}\n'
    shelf.shelf.put("list.txt", good + line + b"\n" + good.replace(b"00000,", b"00002,"))
    send(world, shelf.file_url("list.txt"))
    assert set(world.sent()) == {"13800000000"}
    assert code in set(world.ended().values())


def test_the_limit_counts_recipients(world: World, shelf: CallbackServer) -> None:
    """The first are sent, the rest is told why not."""
    shelf.shelf.put("list.txt", b"".join(b'138%08d{"name":"a"}\n' % index for index in range(5)))
    send(world, shelf.file_url("list.txt"), limit=2)
    assert world.sent() == ["13800000000", "13800000001"]
    assert list(world.ended().values()) == ["LIMIT_EXCEEDED"] * 3


@pytest.mark.parametrize("most", [{"file_max_lines": 5}, {"file_max_bytes": 5 * 12 + 11}])
def test_a_file_that_is_too_large_is_sent_as_far_as_it_may_be(
    world: World, shelf: CallbackServer, monkeypatch: pytest.MonkeyPatch, most: dict[str, int]
) -> None:
    """The lines before the limit are sent, and the file is not tried again."""
    bridge = world.settings.bridge.model_copy(update=most)
    monkeypatch.setattr(world.services.fetching, "_bridge", bridge)
    lines = [b"138%08d\n" % index for index in range(8)]
    shelf.shelf.put("list.txt", b"".join(lines))
    send(world, shelf.file_url("list.txt"), content="Dear all")
    assert world.sent() == [line.decode().strip() for line in lines[:5]]
    world.now += 3600
    assert not world.duties.read_file(world.services)


def test_reading_goes_on_where_it_stopped(world: World, shelf: CallbackServer) -> None:
    """A download that breaks off is resumed with a Range request: every line once."""
    lines = [b'138%08d{"name":"%d"}\n' % (index, index) for index in range(30_000)]
    shelf.shelf.put("list.txt", b"".join(lines))
    shelf.shelf.cut("list.txt", 400_000)
    send(world, shelf.file_url("list.txt"))
    assert 0 < len(world.sent()) < 30_000
    world.now += 60
    while world.duties.read_file(world.services):
        pass
    world.dispatch()
    assert len(world.sent()) == len(set(world.sent())) == 30_000


def test_a_worker_that_ends_puts_its_file_back(world: World, shelf: CallbackServer) -> None:
    """Not after the last line but at the next stop; whoever comes reads on from there."""
    shelf.shelf.put("list.txt", b"".join(b"138%08d\n" % index for index in range(5_000)))
    accept(world, shelf.file_url("list.txt"), content="Dear all")
    assert world.duties.read_file(world.services, lambda: True)
    world.dispatch()
    assert 0 < len(world.sent()) < 5_000
    while world.duties.read_file(world.services):
        pass
    world.dispatch()
    assert len(world.sent()) == len(set(world.sent())) == 5_000


def test_a_file_that_the_bridge_fails_to_read_is_given_up_in_time(
    world: World, shelf: CallbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tried again less and less often, and for a day at most."""
    from bridge.services import fetching

    shelf.shelf.put("list.txt", b"13800000000\n")
    monkeypatch.setattr(fetching, "_recipient", lambda line: 1 / 0)
    accept(world, shelf.file_url("list.txt"), content="Dear all")
    tries = 0
    for _ in range(3000):
        world.now += 60
        tries += world.duties.read_file(world.services)
    assert 20 < tries < 200
    monkeypatch.undo()
    assert not world.duties.read_file(world.services)


def test_a_file_that_waited_for_days_is_not_given_up_at_its_first_failure(
    world: World, shelf: CallbackServer
) -> None:
    """No worker ran, and then the file's host was not there for a moment."""
    accept(world, shelf.file_url("list.txt"), content="Dear all")
    world.now += 48 * 3600
    assert world.duties.read_file(world.services)
    shelf.shelf.put("list.txt", b"13800000000\n")
    world.now += 600
    assert world.duties.read_file(world.services)
    world.dispatch()
    assert world.sent() == ["13800000000"]


REFUSED = [
    "http://127.0.0.1/list.txt",
    "ftp://example.com/list.txt",
    "https://user@example.com/list.txt",
    "file:///etc/passwd",
    "list.txt",
    "https://",
]


@pytest.mark.parametrize("url", REFUSED)
def test_addresses_that_must_not_be_fetched_are_refused_at_once(worlds: Worlds, url: str) -> None:
    """Before anything is stored, with the field's name."""
    world = worlds(allow_private=False)
    with pytest.raises(Refusal, match="phoneOssUrl"):
        send(world, url)


def test_a_public_name_for_a_private_address_is_refused_when_it_is_fetched(worlds: Worlds) -> None:
    """The file is given up, nothing is sent."""
    world = worlds(allow_private=False)
    send(world, "https://localhost/list.txt")
    assert world.sent() == []
    assert not world.duties.read_file(world.services)
