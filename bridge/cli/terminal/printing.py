"""One way of printing lists: tables for people, and with --json one object for programs."""

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, NamedTuple, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge import clock, logs
from bridge.services.desk.spreadsheets import harmless_json

_WIDTH = 160
"""Columns of a table that is not shown on a terminal."""
_MOST_WORDS = 60
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")

Function = TypeVar("Function", bound=Callable[..., Any])


class Lists(click.Group):
    """A group of commands that runs its `list` when none of them is named."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; options without a command are those of `list`."""
        asks_help = bool(args) and args[0] in self.get_help_option_names(context)
        if not args or (args[0].startswith("-") and not asks_help):
            args = ["list", *args]
        return super().parse_args(context, args)


class When(NamedTuple):
    """A cell with a time of the ledger, in milliseconds; None or 0 for none."""

    milliseconds: int | None


class Told(NamedTuple):
    """A cell that people read otherwise than programs."""

    text: str
    data: object


@dataclass(frozen=True, slots=True)
class Rows:
    """A list: its name for programs, its title for people, and cells under each column's name.

    Cells are shown as they are: who fills them masks what may hold a number. Those under the columns
    `for_programs` stand in no table: people read them in another cell.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]
    for_programs: tuple[str, ...] = ()


def listing(function: Function) -> Function:
    """Give a command the option that every list has; it is handed on as `as_json`."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
    return option(function)


def words(text: str) -> Told:
    """Return a cell for a long text: its beginning for people, the whole for programs."""
    return Told(text if len(text) <= _MOST_WORDS else f"{text[: _MOST_WORDS - 1]}…", text)


def show(*lists: Rows, as_json: bool, timezone: tzinfo = UTC, notes: Sequence[str] = ()) -> None:
    """Print lists and what is to be said of them."""
    if as_json:
        document: dict[str, object] = {one.name: _objects(one, timezone) for one in lists}
        if notes:
            document["notes"] = [logs.masked(note.strip()) for note in notes]
        click.echo(harmless_json(document, indent=2))
        return
    for one in lists:
        _table(one, timezone)
    for note in notes:
        click.echo(logs.masked(note))


def moment(milliseconds: int | None, timezone: tzinfo) -> str:
    """Return a time of the ledger for people; "" for none."""
    if not milliseconds:
        return ""
    return clock.moment(milliseconds).astimezone(timezone).strftime("%Y-%m-%d %H:%M:%S")


def data(cell: object, timezone: tzinfo) -> object:
    """Return what programs read of a cell: times in ISO 8601 with their offset."""
    match cell:
        case When(milliseconds):
            if not milliseconds:
                return None
            return clock.moment(milliseconds).astimezone(timezone).isoformat(timespec="milliseconds")
        case Told(_, inner):
            return data(inner, timezone)
        case dict():
            return {key: data(value, timezone) for key, value in cell.items()}
        case list():
            return [data(value, timezone) for value in cell]
    return cell


def _objects(one: Rows, timezone: tzinfo) -> list[dict[str, object]]:
    names = [column.replace(" ", "_") for column in one.columns]
    return [dict(zip(names, (data(cell, timezone) for cell in row), strict=True)) for row in one.rows]


def _table(one: Rows, timezone: tzinfo) -> None:
    if not one.rows:
        click.echo(f"{one.title}: none")
        return
    shown = [index for index, column in enumerate(one.columns) if column not in one.for_programs]
    columns = [one.columns[index] for index in shown]
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in one.rows:
        table.add_row(*(Text(_text(row[index], timezone)) for index in shown))
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    with console.capture() as text:
        # Not the table's own: a table of narrow columns would break it.
        console.print(Text(one.title, style="table.title"), soft_wrap=True)
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in text.get().splitlines()))


def _text(cell: object, timezone: tzinfo) -> str:
    match cell:
        case When(milliseconds):
            return moment(milliseconds, timezone)
        case Told(text, _):
            return harmless(text)
        case None:
            return ""
    return harmless(str(cell))


def command(*parts: str) -> str:
    """Return a command to be typed in a shell; what came from outside is one word of it."""
    return shlex.join(("sms-bridge", *parts))


def harmless(text: str) -> str:
    """Return a third party's text as it may stand in a table: nothing that a terminal obeys, on one line."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
