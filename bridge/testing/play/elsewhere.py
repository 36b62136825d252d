"""Hears what is said where no log shows it: in files, arguments of processes, names of threads.

The interpreter tells of files and processes itself, by its audit events, whatever function was called.
"""

import os
import re
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

from .network import is_here
from .serving import SERVER
from .swapping import rebound, swapped
from .telling import overhearing_context, overhearing_metrics
from .watch import Watch

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT
_MOST_BYTES = 1 << 20
_NUMBERED = re.compile(r"\bThread-[0-9]+\b")
"""How Python numbers the threads that nobody named."""
_PASSWORDS = (".netrc", "_netrc")
_NOT_KEPT = (".pyc", ".pyo")

_watches: list[Watch] = []
"""Who listens now; the innermost hears."""
_files: dict[str, tuple[int, int] | None] = {}
"""Files that were opened for writing, as they were when last looked at; a handle may be kept for later."""

_SHELLS = frozenset(("sh", "bash", "dash", "ksh", "zsh"))
_SHELL = "words were given to a shell: name the program and its arguments"
_CODE = "text was run as code: what comes from outside is data"
_OWN_ENVIRONMENT = re.compile(r"/proc/(?:self|thread-self|[0-9]+)/(?:environ|cmdline)")


@contextmanager
def overhearing(watch: Watch) -> Iterator[None]:
    """Note in `watch.aside` everything that is said aside until the end of the block."""
    _listen_once()
    before = _stamps()
    with ExitStack() as stack:
        for guard in (overhearing_metrics, overhearing_context, _warned, _threads, _shared):
            stack.enter_context(guard(watch))
        _watches.append(watch)
        try:
            yield
        finally:
            _watches.pop()
            _read_files(watch, before)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    hears = _EVENTS.get(event)
    if hears is not None and _watches and not hasattr(SERVER, "running"):
        hears(_watches[-1], arguments)


_listening: list[bool] = []


def _listen_once() -> None:
    # A hook of this kind cannot be taken away again; without a watch it does nothing.
    if not _listening:
        _listening.append(True)
        sys.addaudithook(_hear)


def _opened(watch: Watch, arguments: tuple[Any, ...]) -> None:
    path, _, flags = arguments
    if isinstance(path, int) or not path:
        return
    name = os.fsdecode(path)
    if Path(name).name in _PASSWORDS or name == os.environ.get("NETRC"):
        watch.fault("a .netrc was opened: a plugin takes passwords from its settings")
    if _OWN_ENVIRONMENT.fullmatch(name):
        watch.fault(f"{name} was opened: what a channel must know stands in its settings")
    if isinstance(flags, int) and flags & _WRITING and not name.endswith(_NOT_KEPT):
        _note_file(watch, name)


def _note_file(watch: Watch, name: str) -> None:
    _files.setdefault(str(Path(name).absolute()), None)
    watch.aside.append(("the name of a file", name))


def _removed(watch: Watch, arguments: tuple[Any, ...]) -> None:
    """Note what stood in a file that is about to go: it could be read until now."""
    name = os.fsdecode(arguments[0])
    if str(Path(name).absolute()) in _files:
        _note_content(watch, Path(name))


def _named(watch: Watch, arguments: tuple[Any, ...]) -> None:
    for each in arguments[:2]:
        if isinstance(each, str | bytes | os.PathLike):
            watch.aside.append(("the name of a file", os.fsdecode(each)))


def _database(watch: Watch, arguments: tuple[Any, ...]) -> None:
    if isinstance(arguments[0], str | os.PathLike):
        _note_file(watch, os.fspath(arguments[0]))


def _started(watch: Watch, arguments: tuple[Any, ...]) -> None:
    told = arguments[1] if len(arguments) > 1 else arguments[0]
    words = [told] if isinstance(told, str | bytes) else list(told)
    line = [os.fsdecode(each) for each in words]
    _environment_of(watch, arguments[-1] if len(arguments) > 2 else None)
    watch.aside.append(("the command line of a process", " ".join(line)))
    if Path(line[0]).name in _SHELLS and any(each.startswith("-") and "c" in each for each in line[1:2]):
        watch.fault(_SHELL)


def _environment_of(watch: Watch, given: Any) -> None:
    """Note what a process is given in its environment; everybody of the same account may read it."""
    if given is not None:
        told = [os.fsdecode(each) for each in (given.values() if isinstance(given, Mapping) else given)]
        watch.aside.append(("the environment of a process", " ".join(told)))


def _past_python(watch: Watch, arguments: tuple[Any, ...]) -> None:
    """Tell of a socket that is not Python's own: whom it reaches, nobody sees."""
    if not isinstance(arguments[0], socket.socket):
        watch.connections += 1
        watch.fault("a socket of the C library was used (_socket): take the socket module's")


def _bound(watch: Watch, arguments: tuple[Any, ...]) -> None:
    if arguments[0].type == socket.SOCK_STREAM:
        watch.fault("a door was opened (bind): what the vendor has to say comes by the bridge's webhooks")


def _looked_up(watch: Watch, arguments: tuple[Any, ...]) -> None:
    name = str(arguments[0])
    watch.connections += 1
    watch.aside.append(("a name that is looked up", name))
    if not is_here(name):
        watch.fault("a name of the real network was looked up")


def _given(watch: Watch, arguments: tuple[Any, ...]) -> None:
    if len(arguments) > 1:
        told = b"=".join(each if isinstance(each, bytes) else str(each).encode() for each in arguments[:2])
        watch.aside.append(("the environment of the process", told.decode("utf-8", "replace")))


def _compiled(watch: Watch, arguments: tuple[Any, ...]) -> None:
    """Tell of text that a module of the plugin runs, by whatever name it calls the function."""
    source, _ = arguments
    asked = sys._getframe(2).f_globals.get("__name__")
    if source is not None and watch.module and str(asked).partition(".")[0] == watch.module:
        watch.fault(_CODE)


def _system_log(watch: Watch, arguments: tuple[Any, ...]) -> None:
    watch.aside.append(("the log of the system", " ".join(map(str, arguments))))


_EVENTS: Mapping[str, Callable[[Watch, tuple[Any, ...]], None]] = {
    "open": _opened,
    "compile": _compiled,
    "os.remove": _removed,
    "os.mkdir": _named,
    "os.rename": _named,
    "os.link": _named,
    "os.symlink": _named,
    "socket.bind": _bound,
    "socket.connect": _past_python,
    "socket.gethostbyaddr": _looked_up,
    "socket.gethostbyname": _looked_up,
    "socket.sendto": _past_python,
    "sqlite3.connect": _database,
    "os.putenv": _given,
    "subprocess.Popen": _started,
    "os.exec": _started,
    "os.posix_spawn": _started,
    "os.spawn": lambda watch, arguments: _started(watch, arguments[1:]),
    "os.system": _started,
    "syslog.syslog": _system_log,
    "syslog.openlog": _system_log,
}


def _stamps() -> dict[str, tuple[int, int] | None]:
    return {name: _stamp(name) for name in _files}


def _stamp(name: str) -> tuple[int, int] | None:
    try:
        found = Path(name).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def _read_files(watch: Watch, before: Mapping[str, tuple[int, int] | None]) -> None:
    """Note what stands now in the files that have changed; one that is gone tells nobody."""
    for name in list(_files):
        found = Path(name)
        if not found.is_file():
            _files.pop(name)
        elif _stamp(name) != before.get(name):
            _note_content(watch, found)


def _note_content(watch: Watch, found: Path) -> None:
    with suppress(OSError), found.open("rb") as file:
        watch.aside.append((f"a file ({found.name})", file.read(_MOST_BYTES).decode("utf-8", "replace")))


@contextmanager
def _warned(watch: Watch) -> Iterator[None]:
    show, warn = warnings._showwarnmsg_impl, warnings.warn  # type: ignore[attr-defined]

    def warned(message: Any, *args: Any, **kwargs: Any) -> None:
        # A filter may make an error of it, or hide it here and not in production.
        watch.aside.append(("a warning", str(message)))
        warn(message, *args, **kwargs)

    def shown(
        message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        watch.aside.append(("a warning", str(message)))
        show(warnings.WarningMessage(message, category, filename, lineno, file, line))

    with (
        swapped(warnings, "showwarning", shown),
        swapped(warnings, "warn", warned),
        rebound(watch.names, warn, warned),
    ):
        yield


@contextmanager
def _shared(watch: Watch) -> Iterator[None]:
    """Tell of memory with a name, which every process of the same account may open."""
    begin: Any = SharedMemory.__init__

    def begun(self: Any, *args: Any, **kwargs: Any) -> None:
        watch.fault("memory with a name was opened (shared_memory): other processes can read it")
        begin(self, *args, **kwargs)

    with swapped(SharedMemory, "__init__", begun):
        yield


@contextmanager
def _threads(watch: Watch) -> Iterator[None]:
    start, this = threading.Thread.start, threading.current_thread()
    name = this.name

    def started(self: threading.Thread) -> None:
        if not hasattr(SERVER, "running"):
            watch.aside.append(("the name of a thread", _NUMBERED.sub("", self.name)))
        start(self)

    with swapped(threading.Thread, "start", started):
        try:
            yield
        finally:
            names = " ".join(thread.name for thread in threading.enumerate())
            watch.aside.append(("the name of a thread", _NUMBERED.sub("", names)))
            this.name = name
