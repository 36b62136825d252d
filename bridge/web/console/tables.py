"""A table of a page: shown as HTML, and told to programs as CSV or JSON under the same address."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from bridge import clock
from bridge.services.desk.amounts import charged, charges, estimates, priced
from bridge.services.desk.spreadsheets import harmless_cell, harmless_json
from bridge.services.pricing import SeenCost


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of the ledger in milliseconds, None or 0 for none, as it is told in a time zone."""

    milliseconds: int | None
    zone: tzinfo

    @property
    def iso(self) -> str:
        """Return it for programs, "" for none."""
        if not self.milliseconds:
            return ""
        return clock.moment(self.milliseconds).astimezone(self.zone).isoformat(timespec="seconds")

    @property
    def text(self) -> str:
        """Return it for people, "" for none."""
        return self.iso[:19].replace("T", " ")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a sentence of the bridge's own, which is shown in the reader's language."""

    text: str


@dataclass(frozen=True, slots=True)
class State:
    """A word of the bridge's own that says how something is; it is shown as a badge.

    `word`: what programs read, as filters and the shell write it, "" for the text itself.
    """

    text: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads to another page of the console."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, between 0 and 1; None where there is no whole."""

    part: float | None


@dataclass(frozen=True, slots=True)
class Button:
    """What a person may do to a row: a form that posts these fields to an address."""

    label: str
    address: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What programs read as an object, with the text that people read of it.

    `sayable`: its names whose values are words or sentences of the bridge's own, in the reader's language.
    """

    text: str
    data: object
    sayable: frozenset[str] = frozenset()


def cost_of(costs: Sequence[SeenCost]) -> Facts:
    """Return a cell with the estimates of what messages cost."""
    return Facts(priced(costs), estimates(costs))


def charge_of(costs: Sequence[SeenCost]) -> Facts:
    """Return a cell with what vendors say that messages cost."""
    return Facts(charged(costs), charges(costs))


Cell = str | int | None | Moment | Word | State | Link | Share | Button | Facts


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name for programs, its title for people; a column without a name is for people alone."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below columns. `more`, `less`: addresses of the pages after and before, "" for none."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    more: str = ""
    less: str = ""


def as_csv(table: Table) -> Iterator[str]:
    """Yield a table line by line; no cell is a formula."""
    named = [index for index, column in enumerate(table.columns) if column.name]
    yield _line([table.columns[index].name for index in named])
    for row in table.rows:
        yield _line([harmless_cell(_plain(row[index])) for index in named])


def as_json(tables: Sequence[Table]) -> Iterator[str]:
    """Yield one object that holds each table under its name, row by row."""
    yield "{"
    for number, table in enumerate(tables):
        yield f"{',' if number else ''}\n{harmless_json(table.name)}: ["
        for index, row in enumerate(table.rows):
            yield (",\n" if index else "\n") + harmless_json(_object(table.columns, row))
        yield "]"
    yield "\n}\n"


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _object(columns: Sequence[Column], row: Sequence[Cell]) -> dict[str, object]:
    named = ((column.name, cell) for column, cell in zip(columns, row, strict=True) if column.name)
    return {name: cell.data if isinstance(cell, Facts) else _plain(cell) for name, cell in named}


def _plain(cell: Cell) -> str | int | float | None:
    """Return what programs read of a cell."""
    match cell:
        case Moment():
            return cell.iso or None
        case State(text, word):
            return word or text
        case Word(text) | Link(text) | Facts(text):
            return text
        case Share(part):
            return None if part is None else round(part, 4)
        case Button():
            return None
    return cell
