"""The arrows of the map's two pictures, and the changes that tests make: each change must be an arrow.

On SQLite, by triggers of the connection alone: no table and no statement of the bridge is another for it.
"""

import re
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from bridge.ledger.database.tables import BatchState
from bridge.plugin import MessageStatus

NOWHERE = "[*]"
_MAP = Path(__file__).parents[2] / "bridge/README.md"
_PICTURES = re.findall(r"```mermaid\n(.*?)```", _MAP.read_text(), re.S)
BATCH, MESSAGE = (frozenset(re.findall(r"(\S+) --> ([^\s:]+)", picture)) for picture in _PICTURES)

Change = tuple[str, str, str]
CHANGES: set[Change] = set()
"""What was changed since it was emptied: table, before and after."""
WATCHING: list[str] = []
"""Not empty while new connections are watched: a migration cannot change a table with triggers."""

# A message waits as a recipient of its batch, and is a row from its first call on.
_TRIGGERS = {
    "AFTER INSERT ON main.message": ("message", f"{int(MessageStatus.QUEUED)}", "NEW.status"),
    "AFTER UPDATE OF status ON main.message": ("message", "OLD.status", "NEW.status"),
    "AFTER INSERT ON main.batch": ("batch", "-1", "NEW.state"),
    "AFTER UPDATE OF state ON main.batch": ("batch", "OLD.state", "NEW.state"),
}


def wrong() -> set[Change]:
    """Return the changes that no picture has."""
    drawn = {("batch", *arrow) for arrow in BATCH} | {("message", *arrow) for arrow in MESSAGE}
    return CHANGES - drawn


def _name(table: str, value: int) -> str:
    if value < 0:
        return NOWHERE
    return BatchState(value).name if table == "batch" else MessageStatus(value).name


def _note(table: str, before: int, after: int) -> None:
    if before != after:
        CHANGES.add((table, _name(table, before), _name(table, after)))


@event.listens_for(Engine, "connect")
def _watch(connection: Any, _record: Any) -> None:
    if not (WATCHING and isinstance(connection, sqlite3.Connection)):
        return
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'message'").fetchone():
        return
    connection.execute("PRAGMA temp_store = MEMORY")  # as the bridge sets it: to change it drops the triggers
    connection.create_function("note_change", 3, _note)
    for number, (when, (table, before, after)) in enumerate(_TRIGGERS.items()):
        does = f"BEGIN SELECT note_change('{table}', {before}, {after}); END"
        connection.execute(f"CREATE TEMP TRIGGER change_{number} {when} {does}")
