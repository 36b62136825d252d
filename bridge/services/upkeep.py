"""The ledger and the channels as a command opens them, and what is done to the database itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bridge.channels import OpenChannel, discover, open_channels
from bridge.channels.registry import close_channels
from bridge.ledger import Ledger, LedgerUnavailable, NoDatabase, newest_revision, open_ledger, refuse_newer
from bridge.ledger import backup as backup_of
from bridge.ledger import integrity as integrity_of
from bridge.ledger import restore as restore_from
from bridge.ledger import upgrade as upgrade_of
from bridge.settings import ConsoleSettings, Settings

from .desk.looking import Looking
from .desk.operating import Operating
from .desk.overview import Overview
from .desk.signing_in import SigningIn
from .desk.unknowns import UnknownOutcomes
from .history import ChannelHistory

__all__ = [
    "Ledger",
    "LedgerUnavailable",
    "backup",
    "channel_of",
    "channels_of",
    "create_schema",
    "integrity",
    "ledger_of",
    "looking",
    "newest_revision",
    "open_ledger",
    "operating",
    "overview",
    "refuse_newer",
    "restore",
    "schema_of",
    "signing_in",
    "unknowns",
    "upgrade",
    "wrong_totals",
]


@contextmanager
def ledger_of(settings: Settings, *, pool_size: int = 1) -> Iterator[Ledger]:
    """Open the ledger, checked to be reachable and of this version's schema. Raises LedgerUnavailable."""
    ledger = open_ledger(settings.bridge.database, pool_size=pool_size)
    try:
        ledger.check()
        yield ledger
    finally:
        ledger.close()


@contextmanager
def operating(settings: Settings, who: str) -> Iterator[Operating]:
    """Open what an operator does, over the configured bridge; `who` is written into the audit."""
    with ledger_of(settings) as ledger:
        yield Operating(settings, ledger, time.time, who)


@contextmanager
def looking(settings: Settings) -> Iterator[Looking]:
    """Open what an operator looks at, over the configured bridge."""
    with ledger_of(settings) as ledger:
        yield Looking(settings, ledger, time.time)


@contextmanager
def channels_of(settings: Settings, ledger: Ledger) -> Iterator[dict[str, OpenChannel]]:
    """Open all channels with their plugins. Raises SettingsFaults."""
    opened = open_channels(settings, discover(), lambda name: ChannelHistory(ledger, name, time.time))
    try:
        yield opened
    finally:
        close_channels(opened)


@contextmanager
def channel_of(settings: Settings, ledger: Ledger, name: str) -> Iterator[OpenChannel | None]:
    """Open one channel with its plugins. Yields None where its secrets are not. Raises SettingsFaults."""
    if settings.lacks(name):
        yield None
        return
    alone = settings.model_copy(update={"channels": {name: settings.channels[name]}})
    with channels_of(alone, ledger) as opened:
        yield opened[name]


@contextmanager
def overview(settings: Settings) -> Iterator[Overview]:
    """Open how the channels are doing."""
    with ledger_of(settings) as ledger:
        yield Overview(settings, ledger, time.time)


@contextmanager
def signing_in(settings: Settings, console: ConsoleSettings) -> Iterator[SigningIn]:
    """Open who is let into the console."""
    with ledger_of(settings) as ledger:
        yield SigningIn(settings, console, ledger, time.time)


def unknowns(settings: Settings, ledger: Ledger, who: str = "bridge") -> UnknownOutcomes:
    """Return what an operator does about unknown outcomes."""
    return UnknownOutcomes(settings, ledger, time.time, who)


def schema_of(settings: Settings) -> str | None:
    """Return the schema that the database has, None for an empty one. Raises LedgerUnavailable."""
    ledger = open_ledger(settings.bridge.database, pool_size=1)
    try:
        return ledger.revision()
    finally:
        ledger.close()


def create_schema(settings: Settings) -> None:
    """Give an empty database its schema; any other is left as it is."""
    with suppress(NoDatabase):
        if schema_of(settings) is not None:
            return
    upgrade(settings)


def upgrade(settings: Settings) -> None:
    """Bring the database's schema to this version."""
    upgrade_of(settings.bridge.database)


def backup(settings: Settings, file: Path, *, replace: bool = False) -> int:
    """Copy a SQLite database while it is used. Returns the copy's size in bytes."""
    return backup_of(settings.bridge.database, file, replace=replace)


def restore(settings: Settings, file: Path) -> Path | None:
    """Put a copy in the place of the SQLite database. Returns where the former one is kept."""
    return restore_from(settings.bridge.database, file)


def integrity(settings: Settings) -> str | None:
    """Ask SQLite whether its file is sound. Returns what is wrong with it, "" for nothing.

    None for PostgreSQL, which looks after its files itself.
    """
    if not settings.bridge.database.startswith("sqlite"):
        return None
    return integrity_of(settings.bridge.database)


def wrong_totals(settings: Settings) -> list[str]:
    """Count all messages anew. Returns where the totals that are kept beside them say something else."""
    with ledger_of(settings) as ledger:
        return [str(difference) for difference in ledger.tallies.differences()]
