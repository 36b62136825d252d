"""A write to every table that leaves nothing behind: what the bridge will do, tried before it does it."""

import secrets
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table, delete, insert, select, update

from . import tables
from .dialects import skip_locked

_TEXT = "check"
_NUMBER = -1
"""No row of the bridge's own has such an id, channel and name."""


def run(connection: Connection) -> None:
    """Put a row into each table, lock it, change it and take it out again."""
    for table in tables.metadata.sorted_tables:
        row = {column.name: _value(column) for column in table.columns if not column.nullable}
        mine = _is(table, row)
        connection.execute(delete(table).where(*mine))
        connection.execute(insert(table), row)
        connection.execute(skip_locked(connection, select(table).where(*mine)))
        connection.execute(update(table).where(*mine), row)
        connection.execute(delete(table).where(*mine))


def touch(connection: Connection) -> None:
    """Put one row into a small table and take it out again: enough to tell that writes arrive."""
    table = tables.worker
    row = {"name": f"{_TEXT}-{secrets.token_hex(4)}", "started": 0, "seen": 0}
    connection.execute(insert(table), row)
    connection.execute(delete(table).where(table.c.name == row["name"]))


def _is(table: Table, row: dict[str, Any]) -> list[Any]:
    return [column == row[column.name] for column in table.primary_key.columns]


def _value(column: Column[Any]) -> Any:
    if isinstance(column.type, Integer):
        return _NUMBER
    return b"" if isinstance(column.type, LargeBinary) else _TEXT
