"""Where relative paths of the configuration lead: from its own folder, wherever a process was started."""

from pathlib import Path

from .faults import Fault
from .models import BridgeSettings

_SQLITE = "sqlite:///"


def placed(bridge: BridgeSettings, folder: Path) -> BridgeSettings:
    """Return the settings with whole paths; relative ones start at `folder`."""
    home = folder.absolute()
    return bridge.model_copy(
        update={
            "database": _database(bridge.database, home),
            "metrics_dir": str(home / _from_home(bridge.metrics_dir)),
        }
    )


def left_elsewhere(bridge: BridgeSettings, folder: Path, cwd: Path) -> list[Fault]:
    """Return a fault where the database lies below `cwd` and none below `folder`.

    Earlier versions began a relative path where each process was started. A new database beside the one that
    is used would know nothing of what waits and what was sent, so nothing begins one.
    """
    file = _file(bridge.database, folder.absolute())
    earlier = _file(bridge.database, cwd.absolute())
    if file is None or earlier is None or file.exists() or not earlier.exists():
        return []
    problem = (
        f"There is no database at {file}, where a relative path leads now, but there is one at {earlier}."
    )
    advice = f'Write database = "{_SQLITE}{earlier}", or move the file and its -wal while nothing runs.'
    return [Fault("bridge.database", problem, advice)]


def _database(url: str, home: Path) -> str:
    file = _file(url, home)
    if file is None:
        return url
    _, question, query = url.partition("?")
    return f"{_SQLITE}{file}{question}{query}"


def _file(url: str, home: Path) -> Path | None:
    """Return a SQLite database's file; None for a server's address."""
    if not url.startswith(_SQLITE):
        return None
    name, _, _ = url.removeprefix(_SQLITE).partition("?")
    return home / _from_home(name)


def _from_home(name: str) -> Path:
    """Return a path with ~ replaced; one of a user that there is not stays as it is."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
