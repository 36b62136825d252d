"""Hosts of files that behave oddly: nothing is sent twice, nothing is left out, and the reason is told."""

import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from bridge.ledger.campaigns.reading import ReadFile
from bridge.services.campaigns.seeing import Seeing

from ..world import NAME, World
from .test_fetching import accept

COUNT = 300
FILE = b"".join(b"138%08d\n" % index for index in range(COUNT))
CUT = 1_205
"""Bytes after which a connection breaks: in the middle of a line."""


class Answered(NamedTuple):
    """What a host answers: of the body `cut` bytes come, then the connection breaks."""

    status: int = 200
    body: bytes = FILE
    headers: dict[str, str] = {}
    cut: int = 0


Host = Callable[[int, int | None], Answered]
"""Given how often it was asked before, and the first byte that is asked for."""


@pytest.fixture
def serve() -> Iterator[Callable[[Host], str]]:
    """Yield what starts a host. Returns the address of its file."""
    started: list[http.server.ThreadingHTTPServer] = []

    def start(host: Host) -> str:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(host))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/list.txt"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def _handler(host: Host) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        times = -1

        def do_GET(self) -> None:
            Handler.times += 1
            asked = self.headers.get("Range", "")
            said = host(Handler.times, int(asked[6:-1]) if asked else None)
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body[: said.cut or None])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def part(first: int, last: int = len(FILE), *, said: str = "", etag: str = '"1"') -> Answered:
    """Return a part of the file, as a host of ranges gives it."""
    headers = {"Content-Range": said or f"bytes {first}-{last - 1}/{len(FILE)}", "ETag": etag}
    return Answered(206, FILE[first:last], headers)


TAG = {"ETag": '"1"'}
BROKEN = Answered(headers=TAG, cut=CUT)


def rest(first: int | None) -> Answered:
    """Return what a good host gives: the part that is asked for, or the whole."""
    return Answered(headers=TAG) if first is None else part(first)


def a_page_of_the_gateway(times: int, first: int | None) -> Answered:
    """Answer the second request as a gateway does whose server is away: without the file's ETag."""
    if times == 1:
        return Answered(503, b"<html>away</html>")
    return BROKEN if times == 0 else rest(first)


def an_expired_address(times: int, first: int | None) -> Answered:
    """Refuse for a while."""
    return Answered(403, b"<Error/>", {"ETag": '"page"'}) if times in (1, 2) else a_cut(times, first)


def a_cut(times: int, first: int | None) -> Answered:
    """Break off once."""
    return BROKEN if times == 0 else rest(first)


def from_the_beginning(times: int, first: int | None) -> Answered:
    """Say truly that the part is another than the one that was asked for."""
    return BROKEN if times == 0 else part(0) if first else rest(None)


def from_further_on(times: int, first: int | None) -> Answered:
    """Leave out a line; whole files are whole."""
    if first is None:
        return BROKEN if times == 0 else Answered(headers=TAG)
    return part(first + 12)


def of_no_place(times: int, first: int | None) -> Answered:
    """Give the whole file as a part, and do not say of what."""
    return BROKEN if times == 0 else Answered(206, FILE, TAG) if first else rest(None)


def of_an_unreadable_place(times: int, first: int | None) -> Answered:
    """Give the whole file as a part with a nonsense for a place."""
    return BROKEN if times == 0 else part(0, said="bytes */*") if first else rest(None)


def little_by_little(times: int, first: int | None) -> Answered:
    """Give 600 bytes of what was asked for, whole answers by themselves."""
    return BROKEN if times == 0 else part(first, min(first + 600, len(FILE))) if first else rest(None)


def a_part_that_nobody_asked_for(times: int, first: int | None) -> Answered:
    """Give the beginning as a part, though the whole was asked for."""
    return part(first or 0, min((first or 0) + 600, len(FILE)))


def without_ranges(times: int, first: int | None) -> Answered:
    """Give the whole file whatever is asked for."""
    return BROKEN if times == 0 else Answered(headers=TAG)


def compressed_on_the_way(times: int, first: int | None) -> Answered:
    """Compress, though nobody asked for it, and give ranges of what was compressed."""
    body = gzip.compress(FILE, mtime=0)
    headers = {**TAG, "Content-Encoding": "gzip"}
    if times == 0:
        return Answered(200, body, headers, cut=len(body) * 2 // 3)
    if first is None:
        return Answered(200, body, headers)
    return Answered(206, body[first:], {**headers, "Content-Range": f"bytes {first}-{len(body)}/{len(body)}"})


def weakly_told(times: int, first: int | None) -> Answered:
    """Name the same content weakly for the whole and strongly for a part."""
    return Answered(headers={"ETag": 'W/"1"'}, cut=CUT) if times == 0 else rest(first)


def redirected(times: int, first: int | None) -> Answered:
    """Lead to the file by another address, every time."""
    if times % 2 == 0:
        return Answered(302, b"", {"Location": f"/elsewhere?{times}"})
    return BROKEN if times == 1 else rest(first)


WHOLE: list[Host] = [
    a_page_of_the_gateway,
    an_expired_address,
    a_cut,
    from_the_beginning,
    from_further_on,
    of_no_place,
    of_an_unreadable_place,
    little_by_little,
    a_part_that_nobody_asked_for,
    without_ranges,
    compressed_on_the_way,
    weakly_told,
    redirected,
]


def read(world: World, url: str, *, waits: int = 60) -> None:
    """Read the file as often as it is due in some hours, and send."""
    accept(world, url, content="Dear all")
    for _ in range(waits):
        while world.duties.read_file(world.services):
            pass
        world.now += 60
    world.hand_over()


@pytest.mark.parametrize("host", WHOLE, ids=lambda host: host.__name__)
def test_every_line_is_read_once(world: World, serve: Callable[[Host], str], host: Host) -> None:
    """Whatever part a host gives, and whatever it says in between."""
    read(world, serve(host))
    assert sorted(world.sent()) == [line.decode() for line in FILE.split()]
    assert Seeing(world.ledger).whole([NAME], "task-1").files == [ReadFile(True, COUNT, "", "")]


THOUSAND = b"".join(b"138%08d\n" % index for index in range(1_000))


@pytest.mark.parametrize("size", [f"bytes */{len(THOUSAND)}", ""])
def test_a_file_that_was_read_to_its_last_byte_is_done(
    world: World, serve: Callable[[Host], str], size: str
) -> None:
    """Its worker ended before it saw the end; hosts say so without the file's ETag."""
    behind = Answered(416, b"<html/>", {"Content-Range": size} if size else {})
    url = serve(lambda _, first: Answered(body=THOUSAND, headers=TAG) if first is None else behind)
    accept(world, url, content="Dear all")
    assert world.duties.read_file(world.services, lambda: True)
    assert world.duties.read_file(world.services)
    world.hand_over()
    assert Seeing(world.ledger).whole([NAME], "task-1").files == [ReadFile(True, 1_000, "", "")]


def changed(times: int, first: int | None) -> Answered:
    """Have another file the second time."""
    return BROKEN if times == 0 else rest(first)._replace(headers={"ETag": '"2"'})


def shrunk(times: int, first: int | None) -> Answered:
    """Have a shorter file the second time, of which nothing tells that it is another."""
    return Answered(cut=CUT) if times == 0 else Answered(body=FILE[:600])


def shrunk_behind_the_end(times: int, first: int | None) -> Answered:
    """Say that the file ends before the part that is asked for."""
    return BROKEN if times == 0 else Answered(416, b"", {"Content-Range": "bytes */600"})


@pytest.mark.parametrize("host", [changed, shrunk, shrunk_behind_the_end], ids=lambda host: host.__name__)
def test_a_file_that_changed_is_given_up(world: World, serve: Callable[[Host], str], host: Host) -> None:
    """What was read is sent, and the campaign says why the rest is not."""
    read(world, serve(host))
    assert world.sent() == [line.decode() for line in FILE[:CUT].split()[:-1]]
    (told,) = Seeing(world.ledger).whole([NAME], "task-1").files
    assert "changed while it was read" in told.error


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(FILE),
        b"PK\x03\x04" + FILE,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + FILE,
        b"%PDF-1.7\n" + FILE,
    ],
)
def test_a_file_that_is_no_text_is_given_up(
    world: World, serve: Callable[[Host], str], content: bytes
) -> None:
    """An archive or a workbook: not a failed receipt for each line of noise, but a reason."""
    read(world, serve(lambda *_: Answered(body=content)))
    assert world.sent() == []
    assert world.ended() == {}
    (told,) = Seeing(world.ledger).whole([NAME], "task-1").files
    assert "no text" in told.error
