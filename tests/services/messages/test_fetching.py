"""Sends by file: any line form, resumed where it stopped, refused where it must not reach."""

import codecs
import json
from collections.abc import Iterator

import pytest

from bridge.contract import files
from bridge.contract.bodies import SendFileBody
from bridge.contract.refusal import Refusal
from bridge.ledger.campaigns.reading import ReadFile
from bridge.services.campaigns.seeing import Seeing
from bridge.simulator.callback_server import CallbackServer
from bridge.simulator.inspection import Rules

from ..conftest import Worlds
from ..world import NAME, World


@pytest.fixture
def shelf() -> Iterator[CallbackServer]:
    """Serves files with Range and ETag."""
    with CallbackServer(Rules("k" * 16)) as server:
        yield server


def send(world: World, url: str, *, content: str = "Dear ${name}", limit: int = 0) -> None:
    """Accept a send by file, read the file and send what is due."""
    accept(world, url, content=content, limit=limit)
    while world.duties.read_file(world.services):
        pass
    world.hand_over()


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


AB = {"13800000000": "Dear a", "13800000001": "Dear b"}
CHINESE = {"13800000000": "Dear 张三", "13800000001": "Dear 联通"}
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
        {"13800000000": "Dear a"},
    ),
    "a separator at the end": (b'13800000000,{"name":"a"},\n13800000001;;{"name":"b"} ;\n', AB),
    "quotes of a spreadsheet": (b'"13800000000","{""name"":""a""}"\r\n"13800000001",{"name":"b"}\r\n', AB),
    "a quoted object only": (b'13800000000,"{""name"":""a""}"\n13800000001 "{\\"name\\":\\"b\\"}",\n', AB),
    "a spreadsheet's text mark": (b'\'13800000000,{"name":"a"}\n', {"13800000000": "Dear a"}),
    "marks of a text on both sides": (b'\'13800000000\',{"name":"a"}\n', {"13800000000": "Dear a"}),
    "a formula that keeps a text": (
        b'="13800000000","{""name"":""a""}"\n="13800000001",{"name":"b"}\n',
        AB,
    ),
    "empty columns": (b'"13800000000","{""name"":""a""}","",""\n13800000001;{"name":"b"};""\n', AB),
    "GBK": ('13800000000{"name":"张三"}\n13800000001{"name":"联通"}\n'.encode("gbk"), CHINESE),
    "GB18030": ('13800000000{"name":"张三𠀀"}\n'.encode("gb18030"), {"13800000000": "Dear 张三𠀀"}),
    "UTF-8": ('13800000000{"name":"张三"}\n13800000001{"name":"联通"}\n'.encode(), CHINESE),
    "UTF-16": ('13800000000{"name":"张三"}\r\n13800000001{"name":"联通"}'.encode("utf-16"), CHINESE),
    "UTF-16, big end first": (
        codecs.BOM_UTF16_BE + '13800000000{"name":"张三"}\n13800000001{"name":"联通"}\n'.encode("utf-16-be"),
        CHINESE,
    ),
    "a replacement character that was typed": (
        '13800000000{"name":"\ufffd"}'.encode(),
        {"13800000000": "Dear \ufffd"},
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
    "a list": (b'13800000001["name"]', "BAD_LINE"),
    "nested": (b'13800000001{"name":{"a":1}}', "BAD_LINE"),
    "nested without end": (b'13800000001{"name":' + b"[" * 8000, "BAD_LINE"),
    "not a number": (b'13800000001{"name":NaN}', "BAD_LINE"),
    "no number": (b'{"name":"a"}', "INVALID_NUMBER"),
    "no values": (b"13800000001", "MISSING_VARIABLE"),
    "an empty column of values": (b'"13800000001",""', "MISSING_VARIABLE"),
    "no text": (b'\xff\xfe{"name":"a"}', "BAD_LINE"),
    "a damaged character": ('13800000001{"name":"张'.encode() + b'\xe4\xb8"}', "BAD_LINE"),
    "endless": (b"1" * 40_000, "BAD_LINE"),
    "endless with a number at its end": (b"x" * 65_535 + b"13800000001", "BAD_LINE"),
    "as long as a piece": (b"x" * (65_535 - 24 - 11) + b"13800000001", "BAD_LINE"),
    "two objects": (b'13800000001{"name":"a"}{"name":"b"}', "BAD_LINE"),
    "a quote that does not end": (b'13800000001,"{""name"":""a""}', "BAD_LINE"),
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
    world.hand_over()
    assert len(world.sent()) == len(set(world.sent())) == 30_000


def test_a_worker_that_ends_puts_its_file_back(world: World, shelf: CallbackServer) -> None:
    """Not after the last line but at the next stop; whoever comes reads on from there."""
    shelf.shelf.put("list.txt", b"".join(b"138%08d\n" % index for index in range(5_000)))
    accept(world, shelf.file_url("list.txt"), content="Dear all")
    assert world.duties.read_file(world.services, lambda: True)
    world.hand_over()
    assert 0 < len(world.sent()) < 5_000
    while world.duties.read_file(world.services):
        pass
    world.hand_over()
    assert len(world.sent()) == len(set(world.sent())) == 5_000


def test_a_file_that_the_bridge_fails_to_read_fails_in_time(
    world: World, shelf: CallbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tried again less and less often, and for a day at most."""
    shelf.shelf.put("list.txt", b"13800000000\n")
    monkeypatch.setattr(files, "read_line", lambda *_: 1 / 0)
    accept(world, shelf.file_url("list.txt"), content="Dear all")
    tries = 0
    for _ in range(300):
        world.now += 600
        tries += world.duties.read_file(world.services)
    assert 20 < tries < 200
    monkeypatch.undo()
    assert not world.duties.read_file(world.services)


def test_a_file_that_waited_for_days_does_not_fail_at_its_first_failure(
    world: World, shelf: CallbackServer
) -> None:
    """No worker ran, and then the file's host was not there for a moment."""
    accept(world, shelf.file_url("list.txt"), content="Dear all")
    world.now += 48 * 3600
    assert world.duties.read_file(world.services)
    shelf.shelf.put("list.txt", b"13800000000\n")
    world.now += 600
    assert world.duties.read_file(world.services)
    world.hand_over()
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
    """The file has failed, nothing is sent."""
    world = worlds(allow_private=False)
    send(world, "https://localhost/list.txt")
    assert world.sent() == []
    assert not world.duties.read_file(world.services)


def read_on(world: World) -> int:
    """Read the file as often as it is due. Returns how often that was."""
    times = 0
    while world.duties.read_file(world.services):
        times += 1
        world.now += 2
    world.hand_over()
    return times


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_host_that_cuts_every_connection_gives_the_file_piece_by_piece(
    world: World, shelf: CallbackServer, encoding: str
) -> None:
    """What was read is stored, nothing twice, in the encoding of the beginning; attempts count anew."""
    lines = "".join(f'138{index:08d}{{"name":"张三"}}\n' for index in range(400))
    shelf.shelf.put("list.txt", lines.encode(encoding))
    shelf.shelf.cut("list.txt", *[1_000] * 200)
    accept(world, shelf.file_url("list.txt"))
    world.now += 25 * 3600
    assert read_on(world) > 6
    sent = [message for batch in world.vendor.batches for message in batch.messages]
    assert sorted(message.phone.raw for message in sent) == [f"138{index:08d}" for index in range(400)]
    assert {message.text for message in sent} == {"Dear 张三"}
    guess = "gb18030" if encoding == "gb18030" else ""
    assert Seeing(world.ledger).whole([NAME], "task-1").files == [ReadFile(True, 400, "", guess)]


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/plain; charset=GBK", "联通".encode("gbk")),
        ('text/plain; charset="utf-8"', "联通".encode()),
        ("text/plain;charset=ISO-8859-1", "联通".encode()),
        ("text/plain; charset=nonsense", "联通".encode()),
        ("text/plain; charset=utf-16le", '13800000000{"name":"联通"}'.encode("utf-16-le")),
    ],
)
def test_the_answer_may_name_the_encoding(content_type: str, content: bytes) -> None:
    """GBK's 联通 is valid UTF-8, and means nothing there."""
    line = content if b"\0" in content else b'13800000000{"name":"' + content + b'"}'
    found = files.read_line(line, files.encoding_of(line, content_type))
    assert found == files.FileLine("13800000000", {"name": "联通"})


@pytest.mark.parametrize("size", [501, 502, 503, 1000, 65_536])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_lines_are_the_same_however_the_pieces_fall(size: int, encoding: str) -> None:
    """Their sizes add up to the file's."""
    text = "a张\r\n\r\n𠀀b\rc\n\n" + "x" * 20_000 + "\r\nend"
    data = text.encode(encoding)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    lines = list(files.split(pieces, files.Encoding((encoding,))))
    assert sum(line.size for line in lines) == len(data)
    assert [line.data.decode(encoding) for line in lines if line.size < 100] == [
        *("a张\r\n", "\r\n", "𠀀b\r", "c\n", "\n", "end")
    ]
    assert [files.read_line(line.data, files.Encoding((encoding,))) is None for line in lines].count(
        True
    ) == 2
