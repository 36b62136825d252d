"""Sends by file: the file is streamed, its lines become batches, and the position is stored with them.

What was read is stored before anything else happens, also when the download breaks off. A line that cannot be
read becomes a failed receipt, like a number that cannot be sent to.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import requests
import structlog

from bridge import metrics
from bridge.channels import OpenChannel
from bridge.channels.isolation import Isolated
from bridge.clock import HOUR_MS, Clock, hours, millis
from bridge.contract import files
from bridge.ledger import FileJob, Ledger, Progress, Recipients
from bridge.plugin import Kind
from bridge.plugin.http import AddressRefused, FetchFailed, open_url
from bridge.settings import BridgeSettings

from ..snapshots import restore
from .accepting import LIMIT_EXCEEDED, batch_size
from .file_hosts import BrokenOff, FileFailed, NothingMore, beginning, opened

log = structlog.get_logger("bridge.fetching")

_TOGETHER = 10
_READABLE_MS = 24 * HOUR_MS
"""So long a file is tried; it fails only after that."""
_FEWEST_ATTEMPTS = 6
_ON_MS = 1_000  # a host that cuts each connection still gives the file piece by piece


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
        with Isolated(log, "file not read", channel=self._channel.name) as reading:
            self._read_or_put_back(job, stopping)
        if reading.error is not None:
            self._retry(job, f"The bridge failed to read it ({type(reading.error).__name__}).")

    def _read_or_put_back(self, job: FileJob, stopping: Callable[[], bool]) -> None:
        try:
            self._read(job, stopping)
        except (AddressRefused, FileFailed) as error:
            self._fail(job, error.reason)
        except BrokenOff as error:
            log.info("file read on later", channel=self._channel.name, reason=error.reason)
            self._ledger.files.again(
                job, due=millis(self._clock) + _ON_MS, error=error.reason, progressed=True
            )
        except FetchFailed as error:
            self._retry(job, error.reason)

    def _read(self, job: FileJob, stopping: Callable[[], bool]) -> None:
        def get(position: int) -> AbstractContextManager[requests.Response]:
            return self._asked(job, position)

        try:
            with opened(get, job.position, job.etag) as file:
                encoding = file.encoding or beginning(get, job.etag)
                pieces = file.pieces
                if not job.position:
                    pieces = _behind_mark(pieces, encoding.mark)
                position = max(job.position, encoding.mark)
                lines = files.split(pieces, encoding)
                self._take(replace(job, etag=file.etag, position=position), lines, encoding, stopping)
        except NothingMore:
            self._store(job, Progress(job.etag, job.position, job.lines, job.taken, finished=True), [])

    def _asked(self, job: FileJob, position: int) -> AbstractContextManager[requests.Response]:
        headers = {"Accept-Encoding": "identity"}
        if position:
            headers["Range"] = f"bytes={position}-"
        return open_url(
            job.url,
            allow_private=self._channel.settings.allow_private,
            hosts=self._bridge.file_hosts,
            headers=headers,
        )

    def _take(
        self,
        job: FileJob,
        lines: Iterator[files.Line],
        encoding: files.Encoding,
        stopping: Callable[[], bool],
    ) -> None:
        gathered = _Gathered(job.position, job.lines, job.taken)
        template = restore(self._ledger.send(job.send_id).template)
        size = batch_size(self._channel, self._bridge, uniform=not template.variables)
        try:
            for line in lines:
                too_large = self._too_large(gathered, line)
                if too_large:
                    raise FileFailed(f"{too_large}; the rest was not sent.")
                gathered.add(line, encoding, job.recipients_limit)
                if len(gathered.phones) < size * _TOGETHER:
                    continue
                if not self._store(job, gathered.progress(job.etag), gathered.flush(size)):
                    return
                if stopping():
                    self._ledger.files.again(job, due=millis(self._clock), error="")
                    return
        except (FetchFailed, FileFailed) as error:
            # What was read is kept, so the next attempt begins behind it.
            self._store(job, gathered.progress(job.etag), gathered.flush(size))
            if isinstance(error, FetchFailed) and gathered.position > job.position:
                raise BrokenOff(error.reason) from None
            raise
        self._store(job, replace(gathered.progress(job.etag), finished=True), gathered.flush(size))

    def _too_large(self, gathered: "_Gathered", line: files.Line) -> str:
        lines, size = self._bridge.file_max_lines, self._bridge.file_max_bytes
        if gathered.lines >= lines:
            return f"The file has more than {lines} lines"
        if gathered.position + line.size > size:
            return f"The file has more than {size} bytes"
        return ""

    def _store(self, job: FileJob, progress: Progress, batches: list[Recipients]) -> bool:
        now = millis(self._clock)
        deadline = now + hours(self._channel.settings.unknown_deadline_h)
        kept = self._ledger.files.advance(
            job, progress, batches, now=now, lease_ms=self._lease_ms, deadline=deadline
        )
        if kept:
            metrics.ACCEPTED.labels(self._channel.name, Kind.TEXT).inc(sum(len(c.phones) for c in batches))
        if kept and progress.finished:
            told = {"lines": progress.lines, "recipients": progress.taken}
            guess = {"guessed_encoding": progress.read_as} if progress.read_as else {}
            log.info("file read", channel=self._channel.name, **told, **guess)
        return kept

    def _retry(self, job: FileJob, reason: str) -> None:
        now = millis(self._clock)
        # Workers may have rested for longer than that: a first failure ends nothing.
        if now - job.created > _READABLE_MS and job.attempt > _FEWEST_ATTEMPTS:
            self._fail(job, reason)
            return
        wait_ms = min(5_000 * 2 ** min(job.attempt - 1, 8), 600_000)
        log.warning("file not read to its end, trying again", channel=self._channel.name, reason=reason)
        self._ledger.files.again(job, due=now + wait_ms, error=reason)

    def _fail(self, job: FileJob, reason: str) -> None:
        log.error("file failed", channel=self._channel.name, lines=job.lines, reason=reason)
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
    read_as: str = ""

    def add(self, line: files.Line, encoding: files.Encoding, limit: int) -> None:
        """Take one line with its end."""
        self.position += line.size
        self.lines += 1
        found = files.read_line(line.data, encoding)
        if found is None:
            return
        self.taken += 1
        self.read_as = self.read_as or found.guess
        fault = LIMIT_EXCEEDED if limit and self.taken > limit else found.fault
        if fault is not None:
            self.faults[len(self.phones)] = fault
        self.phones.append(found.phone)
        self.params.append(found.params)

    def progress(self, etag: str) -> Progress:
        """Return how far the file has been read."""
        return Progress(etag, self.position, self.lines, self.taken, read_as=self.read_as)

    def flush(self, size: int) -> list[Recipients]:
        """Return the gathered recipients as batches; none are kept here."""
        params = self.params if any(self.params) else []
        batches = Recipients(self.phones, params, self.faults).slices(size)
        self.phones, self.params, self.faults = [], [], {}
        return batches


def _behind_mark(pieces: Iterator[bytes], mark: int) -> Iterator[bytes]:
    """Pass over the byte order mark, which is no part of the first line."""
    for piece in pieces:
        fresh = piece[mark:]
        mark -= len(piece) - len(fresh)
        yield fresh
