"""What Prometheus sees of the bridge.

Every process of one machine (web workers and the worker) adds to files in a shared folder, and any of them
shows the sum. Without `share` a process counts for itself alone, as in tests.

Every metric has labels, so that its first value is made when it is first used: `share` may come after the
import of this module and before or after a fork. Labels are names from the configuration or from the code,
never from a request; `count_unlisted` bounds the one exception, a vendor's own words.
"""

import mmap
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

log = structlog.get_logger("bridge.metrics")

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LAG_SECONDS = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600)
_own = CollectorRegistry()
_shared: dict[str, Path] = {}


def _counter(name: str, about: str, *labels: str) -> Counter:
    return Counter(f"sms_bridge_{name}", about, labels, registry=_own)


def _histogram(name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"sms_bridge_{name}", about, labels, buckets=buckets, registry=_own)


REQUESTS = _counter("requests", "Requests of Quick Audience by answer.", "channel", "operation", "code")
REQUEST_SECONDS = _histogram(
    "request_seconds", "Time to answer Quick Audience.", _SECONDS, "channel", "operation"
)
IN_FLIGHT = Gauge(
    "sms_bridge_requests_in_flight",
    "Requests being answered.",
    ("channel",),
    registry=_own,
    multiprocess_mode="livesum",
)
WEBHOOKS = _counter("webhooks", "Webhooks of vendors by HTTP status of the answer.", "channel", "status")
WEBHOOKS_REFUSED = _counter(
    "webhooks_refused", "Webhooks of vendors that were not genuine or could not be read.", "channel"
)
UNLISTED = _counter(
    "unlisted_words", "Receipts whose state the vendor gave by a word in no table.", "channel", "word"
)

ACCEPTED = _counter("accepted", "Recipients accepted from Quick Audience.", "channel", "kind")
DISPATCHED = _counter("dispatched", "Recipients handed to the vendor, repeats included.", "channel")
OUTCOMES = _counter(
    "outcomes",
    "Recipients handed to the vendor by outcome; reconciled_: by what a look-up said of them.",
    "channel",
    "outcome",
)
FINISHED = _counter("finished", "Recipients by final status.", "channel", "status")
VENDOR_SECONDS = _histogram(
    "vendor_call_seconds", "Duration of calls to the vendor.", _SECONDS, "channel", "hook"
)
VENDOR_ERRORS = _counter("vendor_errors", "Failed calls to the vendor.", "channel", "hook", "code")
RECEIPTS = _counter("receipts", "Delivery receipts of the vendor.", "channel", "source")
REPLIES = _counter("replies", "Replies of recipients.", "channel", "source")
RECEIPT_LAG = _histogram(
    "receipt_lag_seconds",
    "From sending to the final receipt; one observation a batch.",
    _LAG_SECONDS,
    "channel",
)
PUSHED = _counter("pushed", "Receipts and replies that Quick Audience took.", "channel", "kind")
PUSH_CALLS = _counter("push_calls", "Callbacks to Quick Audience by outcome.", "channel", "kind", "outcome")
PUSH_LAG = _histogram(
    "push_lag_seconds",
    "From the final status to Quick Audience taking it; one observation a callback, its oldest entry.",
    _LAG_SECONDS,
    "channel",
    "kind",
)


_MOST_WORDS = 50


def count_unlisted(channel: str, words: Iterable[str]) -> None:
    """Count a vendor's words that stand in no table, "" left out; a flood counts as one word."""
    for word in filter(None, words):
        known = _words.setdefault(channel, set())
        if len(known) < _MOST_WORDS:
            known.add(word)
        UNLISTED.labels(channel, word if word in known else "other").inc()


_words: dict[str, set[str]] = {}


def share(directory: Path | str, role: str) -> None:
    """Count together with the other processes that share `directory`, which is created.

    `role` ("web" or "worker") names this process's files. Called before anything is counted; processes
    forked later keep their own files by themselves.
    """
    path = Path(directory)
    path.mkdir(parents=True, exist_ok=True)
    if _shared.get(role) == path:
        return  # a second set of writers would tear the files
    _shared[role] = path
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(path)
    values.MmapedDict = _Counts  # type: ignore[attr-defined]
    values.ValueClass = values.MultiProcessValue(lambda: f"{role}-{os.getpid()}")  # type: ignore[no-untyped-call]


def clear(directory: Path | str, role: str) -> None:
    """Delete the files that processes of this role left behind; those still running keep theirs."""
    for file in Path(directory).glob(f"*_{role}-*.db"):
        if not _runs(int(file.stem.rpartition("-")[2])):
            file.unlink(missing_ok=True)


def forget(directory: Path | str, role: str, pid: int) -> None:
    """Count a process that ended: what it was doing no longer counts, what it has done does."""
    mark_process_dead(f"{role}-{pid}", str(directory))  # type: ignore[no-untyped-call]


def registry(*extra: Collector) -> CollectorRegistry:
    """Return what is to be shown: the sum over all sharing processes, or this process's own, and `extra`."""
    found = CollectorRegistry()
    for directory in set(_shared.values()):
        MultiProcessCollector(found, str(directory))  # type: ignore[no-untyped-call]
    if not _shared:
        found.register(_own)
    for collector in extra:
        found.register(collector)
    return found


def exposition(*extra: Collector) -> bytes:
    """Return the text that Prometheus reads."""
    return generate_latest(registry(*extra))


def gauge(name: str, about: str, labels: Iterable[str]) -> GaugeMetricFamily:
    """Return an empty gauge to be filled with `add_metric(label values, value)` by a collector."""
    return GaugeMetricFamily(f"sms_bridge_{name}", about, labels=list(labels))


def _runs(pid: int) -> bool:
    with suppress(ProcessLookupError):
        try:
            os.kill(pid, 0)
        except PermissionError:
            return True
        return True
    return False


class _Counts(MmapedDict):
    """Counts in a mapped file whose room on the disk was taken before.

    A write into a mapped page that the disk has no room for ends a process (SIGBUS), amid whatever it does.
    Where there is no room a process counts in memory, and others do not see it.
    """

    _FIRST = 1 << 16
    _OVERHEAD = 32  # of a value, beside its name: lengths, alignment, value and time

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if read_mode or self._has_room(filename):
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
            return
        with _in_memory() as file:
            super().__init__(f"/proc/self/fd/{file.fileno()}")  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        while self._used + len(key.encode()) + self._OVERHEAD > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self) -> None:
        size = self._capacity * 2
        if not _took(self._f.fileno(), size):
            counted = self._m[:]
            self._f.close()
            self._f = _in_memory()
            self._f.write(counted)
            self._f.truncate(size)
        self._m = mmap.mmap(self._f.fileno(), size)
        self._capacity = size

    def _has_room(self, filename: str) -> bool:
        path = Path(filename)
        with path.open("ab") as file:
            before = os.fstat(file.fileno()).st_size
            if _took(file.fileno(), max(before, self._FIRST)):
                return True
        if not before:
            path.unlink(missing_ok=True)  # an empty file cannot be read by those who add up
        return False


def _took(file: int, size: int) -> bool:
    """Take so many bytes of the disk for a file. Returns False where there is no room."""
    if sys.platform != "linux":
        return True  # there it is made when it is mapped
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        log.warning("counting in memory, metrics lack this process", reason=error.strerror)
        return False
    return True


def _in_memory() -> FileIO:
    """Return a file that is on no disk."""
    return os.fdopen(os.memfd_create("sms-bridge-counts"), "w+b", buffering=0)
