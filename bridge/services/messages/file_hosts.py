"""What a file's host gives: the whole, or a part of it, which need not be the one that was asked for.

Lines are counted by their place in the file, so a part is believed only where it says which it is.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import requests
from urllib3.exceptions import HTTPError

from bridge.contract import files
from bridge.plugin.http import FetchFailed

Get = Callable[[int], AbstractContextManager[requests.Response]]
"""Asks for a file from a place on."""

_PIECE = 65_536
_PART = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)
_BEYOND = re.compile(r"bytes \*/(\d{1,18})", re.IGNORECASE)
_NO_TEXT = (
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"%PDF",
    b"7z\xbc\xaf",
    b"Rar!",
    b"BZh",
    b"\xfd7zXZ",
)
_PAGES = (b"<!doctype", b"<html", b"<?xml")


class FileFailed(Exception):
    """The file cannot be read on, now or later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokenOff(FetchFailed):
    """The download broke off, but further on than before."""


class Opened(NamedTuple):
    """A file from the asked place on: its identity, its bytes, and its beginning if that is among them."""

    etag: str
    pieces: Iterator[bytes]
    encoding: files.Encoding | None


class NothingMore(Exception):
    """The file ends where it was asked for."""


@contextmanager
def opened(get: Get, position: int, etag: str) -> Iterator[Opened]:
    """Yield a file from a place on; `etag` is what it was when its beginning was read.

    Raises FetchFailed for what may be better later, FileFailed for what will not, and NothingMore.
    """
    with get(position) as response:
        first = _first(response, position, etag)
        if first is not None:
            yield _begun(response, position, first)
            return
    with get(0) as response:
        if _first(response, 0, etag if position else "") != 0:
            raise FetchFailed("The file's host gives other parts of the file than those asked for.")
        yield _begun(response, position, 0)


def beginning(get: Get, etag: str) -> files.Encoding:
    """Read the beginning once more: it tells how the rest is written."""
    with opened(get, 0, "") as again:
        if again.encoding is None or again.etag != etag:
            raise FetchFailed("The beginning of the file could not be read again.")
        return again.encoding


def _first(response: requests.Response, position: int, etag: str) -> int | None:
    """Return the place of the first byte of an answer, or None when another must be asked for."""
    status, said = response.status_code, _identity(response)
    if status not in (200, 206, 416):
        raise FetchFailed(f"The file's host answered with status {status}.")
    if position and said != etag and (status != 416 or said):
        raise _changed()
    if status == 200:
        return 0
    told = response.headers.get("Content-Range", "")
    if status == 416:
        return _behind(_BEYOND.fullmatch(told), position)
    part = _PART.fullmatch(told)
    coded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
    if part is None or int(part[1]) > position or (coded and position):
        return None
    return int(part[1])


def _behind(size: re.Match[str] | None, position: int) -> int | None:
    """Judge an answer that there is nothing at the place, by the size it names."""
    if not position:
        raise FetchFailed("The file's host answered with status 416.")
    if size is not None and int(size[1]) > position:
        return None
    if size is not None and int(size[1]) < position:
        raise _changed()
    raise NothingMore


def _changed() -> FileFailed:
    return FileFailed("The file changed while it was read; the rest was not sent.")


def _begun(response: requests.Response, position: int, first: int) -> Opened:
    head, pieces = _head(_all_of(response))
    encoding = files.encoding_of(head, response.headers.get("Content-Type", "")) if first == 0 else None
    if position == 0 and _is_no_text(head):
        raise FileFailed("The file is no text, but an archive, a workbook, a page or another document.")
    return Opened(_identity(response), _without(pieces, position - first), encoding)


def _is_no_text(head: bytes) -> bool:
    return head.startswith(_NO_TEXT) or head[:200].lstrip().lower().startswith(_PAGES)


def _identity(response: requests.Response) -> str:
    """Return what tells one content of the file from another: its ETag, else its date."""
    etag = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    return etag.removeprefix("W/")


def _all_of(response: requests.Response) -> Iterator[bytes]:
    """Yield what has come, as it comes: a connection that breaks loses none of it.

    A part that ends before the file does is one that broke off.
    """
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            yield piece
    except (HTTPError, OSError):
        raise FetchFailed("The download broke off.") from None
    part = _PART.fullmatch(response.headers.get("Content-Range", ""))
    if response.status_code == 206 and part and part[3] != "*" and int(part[2]) + 1 < int(part[3]):
        raise FetchFailed("The file's host gave a part of the rest only.")


def _head(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the beginning of what comes and all of its pieces; a break is raised in its place."""
    first: list[bytes] = []
    broken: list[FetchFailed] = []
    try:
        while sum(map(len, first)) < files.HEAD:
            first.append(next(pieces))
    except StopIteration:
        pass
    except FetchFailed as error:
        broken.append(error)

    def all_pieces() -> Iterator[bytes]:
        yield from first
        for error in broken:
            raise error
        yield from pieces

    return b"".join(first)[: files.HEAD], all_pieces()


def _without(pieces: Iterator[bytes], skip: int) -> Iterator[bytes]:
    """Pass over the first `skip` bytes, which a file that has not changed has."""
    for piece in pieces:
        fresh = piece[skip:]
        skip -= len(piece) - len(fresh)
        yield fresh
    if skip:
        raise _changed()
