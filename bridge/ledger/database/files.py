"""The files of a SQLite database: whose they are, and whether they are there and may be written to."""

import os
from contextlib import suppress
from pathlib import Path

from .faults import LedgerUnavailable, NoDatabase
from .reasons import reason_in

_LEAST_ROOM = 262_144


def file_at(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at a path from another one there; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def nothing_at(path: Path) -> bool:
    """Return whether SQLite would begin a new database there; it takes an empty file for one, too."""
    try:
        return path.stat().st_size == 0 and not path.is_dir()
    except FileNotFoundError:
        return True
    except OSError:  # SQLite will tell what is wrong
        return False


def require_new(path: Path, creates: bool) -> None:
    """Raise LedgerUnavailable unless there was none, and NoDatabase unless a new one is wanted.

    One that was moved away leaves its log: a new one would empty it, and with it what is nowhere else yet.
    """
    if path.with_name(f"{path.name}-wal").exists():
        raise LedgerUnavailable(
            f"The database {path} was moved or deleted, and its log {path.name}-wal is left: put it back. "
            "To begin anew, move the log away first."
        )
    if not creates:
        raise NoDatabase(
            f"There is no database {path}. Run: sms-bridge db upgrade, or put back the one that was moved."
        )


def require_writable(path: Path) -> None:
    """Raise LedgerUnavailable where SQLite would open a file for reading only.

    It would share that with every later connection of the process, as long as any is open: a process that
    began then would never write again, also when the file may long be written to. The files are only asked
    about, for opening and closing one would end the locks of all connections to it.
    """
    for end in ("", "-wal", "-shm"):
        file = path.with_name(path.name + end)
        if file.exists() and not os.access(file, os.W_OK):
            raise LedgerUnavailable(reason_in("attempt to write a readonly database"))


def keep_private(path: Path) -> None:
    """Let nobody but the owner read the file: it holds numbers and texts.

    SQLite gives its log (-wal) and index (-shm) the file's own mode when it makes them.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for end in ("", "-wal", "-shm"):
        file = path.with_name(path.name + end)
        with suppress(OSError):  # another user's file, or none: opening it tells what is wrong
            mode = file.stat().st_mode
            if mode & 0o077:
                file.chmod(mode & 0o700)


def require_room(path: Path) -> None:
    """Raise LedgerUnavailable where the disk has not even room for a small send."""
    try:
        disk = os.statvfs(path.parent)
    except OSError:  # opening the file tells what is wrong
        return
    if disk.f_bavail * disk.f_frsize < _LEAST_ROOM:
        raise LedgerUnavailable(reason_in(f"No space left on device for {path}"))
