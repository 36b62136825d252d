"""Sends by file: the file is streamed, its lines become chunks, and the position is stored with them.

A line is a number, with the recipient's values behind it as a JSON object when the template has variables.
The separator is not documented; nothing, comma, tab, blank or semicolon are taken. A line that cannot be
read becomes a failed receipt, like a number that cannot be sent to.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import requests
import structlog

from bridge import metrics
from bridge.channels import OpenChannel
from bridge.contract import json_text
from bridge.ledger import FileJob, Ledger, LedgerUnavailable, Progress, Recipients
from bridge.plugin import Kind
from bridge.plugin.http import AddressRefused, FetchFailed, open_url
from bridge.settings import BridgeSettings

from .accepting import LIMIT_EXCEEDED, chunk_size
from .records import Clock, millis
from .snapshots import restore

log = structlog.get_logger("bridge.fetching")

_PIECE = 65_536
_LONGEST_LINE = 16_384
_BATCH_CHUNKS = 10
_HOUR_MS = 3_600_000
_GIVE_UP_MS = 24 * _HOUR_MS
_FEWEST_ATTEMPTS = 6
_BAD_LINE = ("BAD_LINE", "The line of the file is not a number followed by a JSON object.")
_TOO_LONG = ("BAD_LINE", f"The line of the file is longer than {_LONGEST_LINE} bytes.")


class _GivenUp(Exception):
    """The file cannot be read on, now or later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fetching:
    """Reads one file at a time for one channel."""

    def __init__(
        self, channel: OpenChannel, bridge: BridgeSettings, ledger: Ledger, clock: Clock, *, lease_ms: int
    ) -> None:
        self._channel = channel
        self._bridge = bridge
        self._ledger = ledger
        self._clock = clock
        self._lease_ms = lease_ms

    def run(self, job: FileJob, stopping: Callable[[], bool] = lambda: False) -> None:
        """Read a claimed file to its end, or put it back for later, or give it up with a reason.

        Once `stopping` is true, it is put back with what was read until then.
        """
        try:
            self._read(job, stopping)
        except (AddressRefused, _GivenUp) as error:
            self._fail(job, error.reason)
        except FetchFailed as error:
            self._retry(job, error.reason)
        except LedgerUnavailable:
            raise
        except Exception as error:
            log.exception("file not read", channel=self._channel.name)
            self._retry(job, f"The bridge failed to read it ({type(error).__name__}).")

    def _read(self, job: FileJob, stopping: Callable[[], bool]) -> None:
        headers = {"Accept-Encoding": "identity"}
        if job.position:
            headers["Range"] = f"bytes={job.position}-"
        with open_url(
            job.url,
            allow_private=self._channel.settings.allow_private,
            hosts=self._bridge.file_hosts,
            headers=headers,
        ) as response:
            etag = _identity(response)
            if job.position and etag != job.etag:
                raise _GivenUp("The file changed while it was read; the rest was not sent.")
            if response.status_code == 416:
                self._store(job, Progress(job.etag, job.position, job.lines, job.taken, finished=True), [])
                return
            if response.status_code not in (200, 206):
                raise FetchFailed(f"The file's host answered with status {response.status_code}.")
            skip = job.position if response.status_code == 200 else 0
            self._take(replace(job, etag=etag), _lines(response, skip), stopping)

    def _take(self, job: FileJob, lines: Iterator[bytes], stopping: Callable[[], bool]) -> None:
        gathered = _Gathered(job.position, job.lines, job.taken)
        template = restore(self._ledger.batch(job.batch_id).template)
        size = chunk_size(self._channel, self._bridge, uniform=not template.variables)
        for line in lines:
            too_large = self._too_large(gathered, line)
            if too_large:
                self._store(job, gathered.progress(job.etag), gathered.flush(size))
                raise _GivenUp(f"{too_large}; the rest was not sent.")
            gathered.add(line, job.recipients_limit)
            if len(gathered.phones) < size * _BATCH_CHUNKS:
                continue
            if not self._store(job, gathered.progress(job.etag), gathered.flush(size)):
                return
            if stopping():
                self._ledger.files.again(job, due=millis(self._clock), error="")
                return
        self._store(job, replace(gathered.progress(job.etag), finished=True), gathered.flush(size))

    def _too_large(self, gathered: "_Gathered", line: bytes) -> str:
        lines, size = self._bridge.file_max_lines, self._bridge.file_max_bytes
        if gathered.lines >= lines:
            return f"The file has more than {lines} lines"
        if gathered.position + len(line) > size:
            return f"The file has more than {size} bytes"
        return ""

    def _store(self, job: FileJob, progress: Progress, chunks: list[Recipients]) -> bool:
        now = millis(self._clock)
        deadline = now + int(self._channel.settings.unknown_deadline_h * _HOUR_MS)
        kept = self._ledger.files.advance(
            job, progress, chunks, now=now, lease_ms=self._lease_ms, deadline=deadline
        )
        if kept:
            metrics.ACCEPTED.labels(self._channel.name, Kind.TEXT).inc(sum(len(c.phones) for c in chunks))
        if kept and progress.finished:
            log.info("file read", channel=self._channel.name, lines=progress.lines, recipients=progress.taken)
        return kept

    def _retry(self, job: FileJob, reason: str) -> None:
        now = millis(self._clock)
        # Workers may have rested for longer than that: a first failure gives nothing up.
        if now - job.created > _GIVE_UP_MS and job.attempt > _FEWEST_ATTEMPTS:
            self._fail(job, reason)
            return
        wait_ms = min(5_000 * 2 ** min(job.attempt - 1, 8), 600_000)
        log.warning("file not read to its end, trying again", channel=self._channel.name, reason=reason)
        self._ledger.files.again(job, due=now + wait_ms, error=reason)

    def _fail(self, job: FileJob, reason: str) -> None:
        log.error("file given up", channel=self._channel.name, lines=job.lines, reason=reason)
        self._ledger.files.fail(job, reason)


@dataclass(slots=True)
class _Gathered:
    """Recipients read but not yet stored. `position` is behind the last line taken."""

    position: int
    lines: int
    taken: int
    phones: list[str] = field(default_factory=list)
    params: list[dict[str, str]] = field(default_factory=list)
    faults: dict[int, tuple[str, str]] = field(default_factory=dict)

    def add(self, line: bytes, limit: int) -> None:
        """Take one line with its end."""
        first = self.position == 0
        self.position += len(line)
        self.lines += 1
        text = line.removeprefix(b"\xef\xbb\xbf") if first else line
        if not text.strip():
            return
        phone, params, fault = _recipient(text)
        self.taken += 1
        if limit and self.taken > limit:
            fault = LIMIT_EXCEEDED
        if fault is not None:
            self.faults[len(self.phones)] = fault
        self.phones.append(phone)
        self.params.append(params)

    def progress(self, etag: str) -> Progress:
        """How far the file has been read."""
        return Progress(etag, self.position, self.lines, self.taken)

    def flush(self, size: int) -> list[Recipients]:
        """The gathered recipients as chunks; none are kept here."""
        params = self.params if any(self.params) else []
        chunks = Recipients(self.phones, params, self.faults).slices(size)
        self.phones, self.params, self.faults = [], [], {}
        return chunks


def _recipient(line: bytes) -> tuple[str, dict[str, str], tuple[str, str] | None]:
    """Number, values and fault of a line; the number of a faulty line is the text before the values."""
    if len(line) > _LONGEST_LINE:
        return line[:32].decode("utf-8", "replace").strip(), {}, _TOO_LONG
    text = line.decode("utf-8", "replace").strip()
    number, brace, rest = text.partition("{")
    phone = number.strip(" ,;\t\ufeff")
    if not brace:
        return phone, {}, None
    try:
        values = json_text.decode(brace + rest)
    except json_text.Unreadable:
        return phone, {}, _BAD_LINE
    params = {str(name): _text(value) for name, value in values.items() if not isinstance(value, dict | list)}
    return phone, params, None if len(params) == len(values) else _BAD_LINE


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _identity(response: requests.Response) -> str:
    """What tells one content of the file from another: its ETag, else its date."""
    return response.headers.get("ETag") or response.headers.get("Last-Modified") or ""


def _lines(response: requests.Response, skip: int) -> Iterator[bytes]:
    """The lines of the body with their ends, the first `skip` bytes passed over."""
    rest = b""
    try:
        for piece in response.iter_content(_PIECE):
            fresh = piece[skip:]
            skip -= len(piece) - len(fresh)
            lines = (rest + fresh).splitlines(keepends=True)
            # The last line may go on in the next piece, unless it is too long to be one at all.
            rest = lines.pop() if lines and len(lines[-1]) <= _LONGEST_LINE else b""
            yield from lines
    except requests.RequestException:
        raise FetchFailed("The download broke off.") from None
    if rest:
        yield rest
