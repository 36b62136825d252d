"""One line for each thing measured, its limit beside it, and whether the aim is reached."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

_WIDTH = 180


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table.

    `share` is how much of the limit's speed is reached (1 is the limit itself), `cpu` the processor seconds
    for a million recipients, `reached` None where there is no aim.
    """

    what: str
    database: str
    figure: str
    limit: str = ""
    share: float | None = None
    cpu: float | None = None
    aim: str = ""
    reached: bool | None = None
    note: str = ""


def rate(count: int, seconds: float) -> str:
    """Recipients a second, to three digits."""
    value = count / seconds
    digits = 10 ** max(0, len(str(int(value))) - 3)
    return f"{round(value / digits) * digits:,}/s"


def milliseconds(seconds: float) -> str:
    """Return a duration, to three digits or so."""
    value = seconds * 1000
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"


def machine() -> str:
    """Return what the figures were measured on, and how busy it was with other things."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, load {load}; Python {platform.python_version()}, {platform.system()}"


def print_table(lines: Sequence[Line], title: str) -> None:
    """All lines; those of one kind of work stand together."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("what", "database", "measured", "limit", "of limit", "CPU s/1M", "aim", "", "note"):
        right = column in ("of limit", "CPU s/1M")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for line in lines:
        table.add_row(
            line.what,
            line.database,
            line.figure,
            line.limit,
            f"{line.share:.0%}" if line.share is not None else "",
            f"{line.cpu:.1f}" if line.cpu is not None else "",
            line.aim,
            {True: "OK", False: "MISS", None: ""}[line.reached],
            line.note,
        )
    Console(width=_WIDTH).print(table)
