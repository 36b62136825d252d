"""Files that Quick Audience puts in object storage for the platform to download: Range, ETag, 304, 416."""

import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")


@dataclass(frozen=True)
class Download:
    """An answer to a download: the connection is dropped after `cut_after` bytes of the body, if set."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_after: int | None = None


@dataclass(frozen=True)
class _File:
    content: bytes
    content_type: str
    etag: str


class Shelf:
    """Named files in memory. `downloads` counts the answers given for each, partial ones included."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._cuts: dict[str, list[int]] = {}
        self._lock = threading.Lock()
        self.downloads: dict[str, int] = {}

    def put(self, name: str, content: bytes, content_type: str = "text/plain") -> None:
        """Add a file, or replace it: its ETag changes with its content."""
        etag = '"' + hashlib.sha256(content).hexdigest()[:32] + '"'
        with self._lock:
            self._files[name] = _File(content, content_type, etag)

    def cut(self, name: str, *after: int) -> None:
        """Drop the next downloads of a file after so many bytes each."""
        with self._lock:
            self._cuts.setdefault(name, []).extend(after)

    def answer(self, name: str, headers: Mapping[str, str]) -> Download:
        """Return the answer to a GET; `headers` has names in lower case."""
        with self._lock:
            file = self._files.get(name)
            if file is None:
                return Download(404)
            self.downloads[name] = self.downloads.get(name, 0) + 1
            cuts = self._cuts.get(name)
            cut_after = cuts.pop(0) if cuts else None
        known = {"etag": file.etag, "accept-ranges": "bytes"}
        if headers.get("if-none-match") == file.etag:
            return Download(304, known)
        known["content-type"] = file.content_type
        return _ranged(file, known, headers, cut_after)


def _ranged(
    file: _File, known: dict[str, str], headers: Mapping[str, str], cut_after: int | None
) -> Download:
    size = len(file.content)
    match = _RANGE.fullmatch(headers.get("range", ""))
    if match is None or match[0] == "bytes=-" or headers.get("if-range", file.etag) != file.etag:
        return Download(200, known, file.content, cut_after)
    first, last = _bounds(match[1], match[2], size)
    if first > last:
        return Download(416, {**known, "content-range": f"bytes */{size}"})
    headers_out = {**known, "content-range": f"bytes {first}-{last}/{size}"}
    return Download(206, headers_out, file.content[first : last + 1], cut_after)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)
