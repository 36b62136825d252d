"""Rows as CSV and as JSON lines, written one by one."""

import csv
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import TextIO

from bridge import clock
from bridge.services.campaigns.exporting import EXPORT_COLUMNS
from bridge.services.desk.spreadsheets import harmless_cell, harmless_json

_TIMES = frozenset({"sent", "ended"})


def write_csv(rows: Iterable[Mapping[str, object]], out: TextIO, zone: tzinfo) -> None:
    """Write rows under their columns' names; no cell is a formula."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EXPORT_COLUMNS)
    for row in rows:
        writer.writerow([harmless_cell(_value(name, row[name], zone)) for name in EXPORT_COLUMNS])


def write_lines(rows: Iterable[Mapping[str, object]], out: TextIO, zone: tzinfo) -> None:
    """Write each row as a JSON object on a line of its own."""
    for row in rows:
        shown = {name: _value(name, row[name], zone) for name in EXPORT_COLUMNS}
        out.write(harmless_json(shown) + "\n")


def _value(name: str, value: object, zone: tzinfo) -> object:
    if name not in _TIMES or not isinstance(value, int):
        return value
    return clock.moment(value).astimezone(zone).isoformat(timespec="milliseconds") if value else None
