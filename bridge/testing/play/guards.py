"""Watches a call of a plugin: its network, its time, its log, and what it prints."""

import io
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from .clients import guarded_requests
from .elsewhere import overhearing
from .network import PROXY, guarded_network
from .process import guarded_process
from .serving import SERVER
from .swapping import names_in, rebound, swapped
from .watch import Watch

MOST_SLEEP_S = 0.5
MOST_CALL_S = 10.0
ZONE = "KIT-05:43"
"""The host's time zone while a plugin is watched: one that nobody's times are in by chance."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_SCHEDULED = Path("/proc/thread-self/schedstat")
"""Nanoseconds on a processor, nanoseconds of waiting for one, and how often."""
_TEST = b"PYTEST_CURRENT_TEST"
_OURS = ("SMS_BRIDGE_", "PYTEST_")
_BETWEEN = ("os", "_collections_abc", "collections.abc")
_KNOWN = frozenset(vars(logging.makeLogRecord({})))


@contextmanager
def watching(watch: Watch | None = None) -> Iterator[Watch]:
    """Watch everything in this process until the end of the block."""
    watch = watch or Watch()
    watch.names = names_in(watch.module)
    with ExitStack() as stack:
        for guard in (
            guarded_network,
            guarded_requests,
            _captured_log,
            _captured_print,
            _counted_sleep,
            _counted_starts,
            _foreign_host,
            _read_environment,
            overhearing,
            guarded_process,
        ):
            stack.enter_context(guard(watch))
        began, worked = _own_time(), time.thread_time()
        try:
            yield watch
        finally:
            watch.took_s = _own_time() - began
            if _SCHEDULED.exists():
                watch.idle_s = max(0.0, watch.took_s - (time.thread_time() - worked))


def _own_time() -> float:
    """Return a clock that stands still while this thread wants a processor and gets none."""
    try:
        waited = int(_SCHEDULED.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        waited = 0  # another system than Linux: the clock on the wall
    return time.monotonic() - waited / 1e9


@contextmanager
def _counted_starts(watch: Watch) -> Iterator[None]:
    """Note threads and processes that this thread starts; those of a server are not the plugin's."""
    caller = threading.get_ident()

    def noting(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() == caller:
                watch.started.append(what)
            return function(*args, **kwargs)

        return noted

    child = subprocess.Popen._execute_child  # type: ignore[attr-defined]
    with (
        swapped(threading.Thread, "start", noting("a thread", threading.Thread.start)),
        swapped(subprocess.Popen, "_execute_child", noting("a process", child)),
        swapped(os, "system", noting("a process", os.system)),
        swapped(os, "posix_spawn", noting("a process", os.posix_spawn)),
    ):
        yield


@contextmanager
def _foreign_host(watch: Watch) -> Iterator[None]:
    """Put the process on a host of another time zone, behind proxies nobody asked for."""
    given = {name: PROXY for each in _PROXIES for name in (each, each.lower())}
    left_out = dict.fromkeys(("NO_PROXY", "no_proxy"), "")
    before, patience = _environment(), socket.getdefaulttimeout()
    os.environ.update(given | left_out | {"TZ": ZONE})
    time.tzset()
    found = _environment()
    try:
        yield
    finally:
        # pytest says there which test is running.
        if {**_environment(), _TEST: b""} != {**found, _TEST: b""}:
            watch.fault("the environment of the process was changed: it is everybody's")
        if socket.getdefaulttimeout() != patience:
            watch.fault("the time-out of all sockets was changed (setdefaulttimeout): it is everybody's")
            socket.setdefaulttimeout(patience)
        _set_environment(before)
        time.tzset()


def _environment() -> dict[bytes, bytes]:
    """Return the variables as the process has them; to ask for each would read them all."""
    return dict(vars(os.environ)["_data"])


def _set_environment(wanted: Mapping[bytes, bytes]) -> None:
    """Put the variables back, those alone that are others now."""
    now = _environment()
    for name in now.keys() - wanted.keys():
        del os.environb[name]
    for name, value in wanted.items():
        if now.get(name) != value:
            os.environb[name] = value


@contextmanager
def _read_environment(watch: Watch) -> Iterator[None]:
    """Note what modules of the plugin read of the environment; what a library reads is its own affair."""
    kind: Any = type(os.environ)
    read = kind.__getitem__

    def guarded(self: Any, name: str) -> str:
        if watch.module and not str(name).startswith(_OURS) and _asks(watch.module):
            watch.fault(
                f"{name} of the environment was read: what a channel must know stands in its settings, "
                "where `env:` names a variable"
            )
        return read(self, name)  # type: ignore[no-any-return]

    with swapped(kind, "__getitem__", guarded):
        yield


def _asks(package: str) -> bool:
    """Return True when a module of the package asked, behind what the standard library puts in between."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") in _BETWEEN:
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == package


@contextmanager
def _counted_sleep(watch: Watch) -> Iterator[None]:
    sleep = time.sleep

    def guarded(seconds: float) -> None:
        if hasattr(SERVER, "running") or seconds <= 0:
            sleep(seconds)
            return
        watch.slept_s += seconds
        # Nobody waits for a sleep that is a fault already.
        sleep(seconds if watch.slept_s <= MOST_SLEEP_S else 0)

    with swapped(time, "sleep", guarded), rebound(watch.names, sleep, guarded):
        yield


@contextmanager
def _captured_print(watch: Watch) -> Iterator[None]:
    out = io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(out), _descriptors(watch):
            yield
    finally:
        watch.printed += out.getvalue()


@contextmanager
def _descriptors(watch: Watch) -> Iterator[None]:
    """Catch what is written past Python's streams: by another process, a library in C, os.write."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        for number in (1, 2):
            kept = os.dup(number)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, number)
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            for stream in (sys.__stdout__, sys.__stderr__):
                if stream is not None:
                    stream.flush()
            file.seek(0)
            watch.printed += file.read().decode("utf-8", "replace")


@contextmanager
def _captured_log(watch: Watch) -> Iterator[None]:
    formatter, root, handle = logging.Formatter(), logging.getLogger(), logging.Logger.handle

    def guarded(self: logging.Logger, record: logging.LogRecord) -> None:
        # urllib3 logs whole URLs at DEBUG; the bridge keeps that logger at INFO.
        if not record.name.startswith("urllib3") or record.levelno >= logging.INFO:
            more = {name: value for name, value in vars(record).items() if name not in _KNOWN}
            watch.log.append(formatter.format(record) + (f" {_plain(more)}" if more else ""))
            watch.logged_at.append(f"{record.filename}:{record.lineno}")
            watch.aside.append(("the name of a logger", record.name))
        handle(self, record)

    level = root.level
    root.setLevel(1)
    try:
        # Every logger, also those that do not propagate.
        with swapped(logging.Logger, "handle", guarded):
            yield
    finally:
        root.setLevel(level)


def _plain(more: dict[str, Any]) -> dict[str, Any]:
    # `message` and `asctime` are made by the formatter.
    return {name: value for name, value in more.items() if name not in ("message", "asctime")}
