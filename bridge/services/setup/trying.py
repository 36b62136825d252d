"""Trying on this machine what the bridge's processes will do: write, lock, connect, share their metrics."""

import os
import pwd
import shlex
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from bridge.ledger import Ledger, LedgerUnavailable
from bridge.settings import Fault, Settings, SettingsFaults
from bridge.settings.listening import web_of

_SERVICE_USER = "sms-bridge"


def trials(settings: Settings, ledger: Ledger | None) -> Iterator[Fault]:
    """Yield what would keep the service's user from working; `ledger` is None when it cannot be opened."""
    yield from _metrics(settings)
    if ledger is not None:
        yield from _written(ledger)
        yield from _files(settings)
        yield from _connections(settings, ledger)


def _metrics(settings: Settings) -> Iterator[Fault]:
    folder = Path(settings.bridge.metrics_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        problem = f"The folder {folder} cannot be made or written to ({error.strerror})."
        yield Fault("bridge.metrics_dir", problem, "Give the bridge a folder it may write to.")


def _written(ledger: Ledger) -> Iterator[Fault]:
    try:
        ledger.try_out()
    except LedgerUnavailable as error:
        yield Fault("bridge.database", str(error))


def _files(settings: Settings) -> Iterator[Fault]:
    """Yield what root made, the service's user cannot write to; root itself would not notice."""
    service = _service_user()
    for path in made(settings):
        owner = path.stat().st_uid
        if os.geteuid() == 0 and service is not None and owner != service.pw_uid:
            problem = f"{path} belongs to {_name(owner)}, and the service runs as {service.pw_name}."
            run = shlex.join(("chown", "-R", service.pw_name, str(path)))
            advice = f"Run: {run}, and sms-bridge as that user from now on."
            yield Fault("bridge.database", problem, advice)


def as_root(settings: Settings) -> Iterator[Fault]:
    """Yield a caution when root looks at what root made: a service would run as somebody else."""
    mine = [path for path in made(settings) if path.stat().st_uid == 0]
    if os.geteuid() == 0 and mine and _service_user() is None:
        problem = f"{mine[0]} belongs to root, and root may do everything: this check says nothing of others."
        yield Fault("bridge.database", problem, "Run it as the user that the service will run as.")


def made(settings: Settings) -> list[Path]:
    """Return the files and folders that the bridge's processes share and that exist."""
    kind, _, name = settings.bridge.database.partition(":///")
    found = [Path(settings.bridge.metrics_dir)]
    if kind.startswith("sqlite"):
        path = Path(name).expanduser()
        found = [path.parent, *(path.with_name(path.name + end) for end in ("", "-wal", "-shm")), *found]
    return [path for path in found if path.exists()]


def _service_user() -> pwd.struct_passwd | None:
    """Return the user of config/systemd's units, where it exists."""
    try:
        return pwd.getpwnam(_SERVICE_USER)
    except KeyError:
        return None


def _connections(settings: Settings, ledger: Ledger) -> Iterator[Fault]:
    try:
        allowed = ledger.connections_allowed()
    except LedgerUnavailable as error:
        yield Fault("bridge.database", str(error))
        return
    try:
        web = web_of(os.environ).workers
    except SettingsFaults:  # said by whoever looks at where the web listens
        return
    opened = (web + 1) * settings.bridge.pool_size
    if allowed is not None and opened > allowed:
        problem = (
            f"{web} web processes and a worker may open {opened} connections; the server allows {allowed}."
        )
        yield Fault("bridge.pool_size", problem, "Lower it, or raise max_connections of the server.")


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
