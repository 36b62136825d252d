"""A list is turned from the place of a row: what comes meanwhile neither repeats nor hides one."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, tuple_

from ..scope import Excerpt

Row = TypeVar("Row")


def turned(
    rows: Select[Any], columns: Sequence[ColumnElement[Any]], wanted: Excerpt, *, latest: bool
) -> Select[Any]:
    """Return the query for the wanted rows in order of columns that name each row, the latest first or last.

    An index that begins with what the query compares by, and goes on with these columns, serves it.
    """
    ascending = latest == wanted.back
    rows = rows.order_by(*(one if ascending else one.desc() for one in columns))
    if wanted.beyond is not None:
        place, beyond = tuple_(*columns), tuple_(*wanted.beyond)
        rows = rows.where(place > beyond if ascending else place < beyond)
    return rows.limit(wanted.limit).offset(wanted.offset)


def in_order(found: Sequence[Row], wanted: Excerpt) -> list[Row]:
    """Return rows as they are shown: what was read on the way back is turned around."""
    return list(reversed(found)) if wanted.back else list(found)
