"""Several files that are there together, or not at all."""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

_FOLDER, _SECRETS = 0o755, 0o700


def write_together(files: Mapping[Path, tuple[str, int]]) -> None:
    """Write text and mode of each path, whatever the umask; leave nothing behind where one cannot be written.

    Raises OSError, with the name of what failed.
    """
    with ExitStack() as undo:
        waiting = {path: _beside(path, text, mode, undo) for path, (text, mode) in files.items()}
        for path, beside in waiting.items():
            beside.rename(path)
            undo.callback(_tried, path.unlink)
        undo.pop_all()


def _beside(path: Path, text: str, mode: int, undo: ExitStack) -> Path:
    """Write a file under a name of its own. Returns its path."""
    _make_folder(path.parent, _FOLDER if mode & 0o004 else _SECRETS, undo)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            undo.callback(_tried, beside.unlink)
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # some file systems tell only now that there is no room
    except OSError as error:  # a full disk names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    return beside


def _make_folder(folder: Path, mode: int, undo: ExitStack) -> None:
    if folder.is_dir():
        return
    if folder.parent != folder:
        _make_folder(folder.parent, _FOLDER, undo)
    folder.mkdir()
    undo.callback(_tried, folder.rmdir)
    folder.chmod(mode)


def _tried(step: Callable[[], None]) -> None:
    """Do what may be done already, or is in the way of nobody when it cannot be."""
    with suppress(OSError):
        step()
