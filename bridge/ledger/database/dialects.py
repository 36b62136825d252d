"""The one place where SQLAlchemy's two dialects differ in name only."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    func,
    literal,
    literal_column,
)
from sqlalchemy.dialects import postgresql, sqlite


def made_once(make: Callable[[Connection], Any]) -> Callable[[Connection], Any]:
    """Make a statement once for each kind of database: building one takes longer than running it."""
    made: dict[str, Any] = {}

    @wraps(make)
    def get(connection: Connection) -> Any:
        kind = connection.dialect.name
        if kind not in made:
            made[kind] = make(connection)
        return made[kind]

    return get


def upsert(connection: Connection, table: Table) -> Any:
    """Return an INSERT that knows ON CONFLICT, for the connection's database."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def skip_locked(connection: Connection, rows: Select[Any]) -> Select[Any]:
    """Lock the selected rows, passing over those another worker holds. SQLite has one writer anyway."""
    return rows.with_for_update(skip_locked=True) if connection.dialect.name == "postgresql" else rows


def holds_bytes(connection: Connection, column: Column[bytes], part: bytes) -> ColumnElement[bool]:
    """Tell whether a column of bytes has a part anywhere: the database looks, and sends nothing else."""
    find = func.instr if connection.dialect.name == "sqlite" else func.pg_catalog.position
    return find(column, literal(part, LargeBinary)) > 0


def lit(number: int) -> ColumnElement[int]:
    """Write a number into the statement: planners prove a partial index's condition from literals only."""
    return literal_column(str(int(number)))
