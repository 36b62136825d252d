"""Turning the pages of a list: each begins behind the row that the one before it ends with, or before it.

A list as CSV or JSON is all of it, read piece by piece while it is sent.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Generic, TypeVar

from bridge.ledger import Excerpt
from bridge.ledger.refs import from_message_ref, from_ref, to_ref

from .asking import ROWS, Asked, NotUnderstood
from .language import phrase

_PIECE = 500
T = TypeVar("T")
Spot = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Spots(Generic[T]):
    """How a row's place stands in an address. `read` returns None for what is none."""

    place: Callable[[T], Spot]
    write: Callable[[Spot], str]
    read: Callable[[str], Spot | None]


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """What a page shows of a list, and the addresses of the pages after and before, "" for none."""

    rows: Iterable[T]
    more: str = ""
    less: str = ""


def ids(place: Callable[[T], int]) -> Spots[T]:
    """Return the spots of rows that have an id."""
    return Spots(lambda row: (place(row),), lambda spot: to_ref(int(spot[0])), _id)


def moments(place: Callable[[T], Spot]) -> Spots[T]:
    """Return the spots of messages by time, batch and number in the batch."""
    return Spots(place, lambda spot: f"{spot[0]}-{to_ref(int(spot[1]))}-{spot[2]}", _moment)


def names(place: Callable[[T], tuple[str, ...]]) -> Spots[T]:
    """Return the spots of rows that have names without a slash."""
    return Spots(place, lambda spot: "/".join(map(str, spot)), lambda text: tuple(text.split("/")))


def among(rows: Sequence[T], spots: Spots[T]) -> Callable[[Excerpt], Sequence[T]]:
    """Return how a short list is read that is there as a whole; from a row that went, it begins anew."""
    places = [spots.place(row) for row in rows]

    def fetch(wanted: Excerpt) -> Sequence[T]:
        if wanted.beyond not in places:
            return rows[: wanted.limit]
        at = places.index(wanted.beyond)
        return rows[max(0, at - wanted.limit) : at] if wanted.back else rows[at + 1 : at + 1 + wanted.limit]

    return fetch


def turned(
    asked: Asked,
    zone: tzinfo,
    fetch: Callable[[Excerpt], Sequence[T]],
    spots: Spots[T],
    name: str = "",
) -> Listed[T]:
    """Return the page of a list that is asked for. `name` tells several lists of one page apart."""
    whole = _excerpt(asked, zone)
    if asked.form != "html":
        # The first piece before the answer begins: what is wrong with the request or the ledger is told then.
        return Listed(_all(fetch, spots, whole, fetch(whole)))
    before, after = f"{name}before", f"{name}after"
    beyond, back = _asked_for(asked, before, spots), True
    if beyond is None:
        beyond, back = _asked_for(asked, after, spots), False
    rows = fetch(whole._replace(limit=ROWS + 1, beyond=beyond, back=back))
    if back and len(rows) <= ROWS:  # the first page, whole
        beyond, back = None, False
        rows = fetch(whole._replace(limit=ROWS + 1))
    shown = rows[-ROWS:] if back else rows[:ROWS]

    def address(way: str, spot: Spot) -> str:
        return asked.address(**{before: "", after: "", way: spots.write(spot)})

    ends = (spots.place(shown[0]), spots.place(shown[-1])) if shown else (beyond, beyond)
    more = address(after, ends[1]) if ends[1] and (back or len(rows) > ROWS) else ""
    less = address(before, ends[0]) if ends[0] and beyond is not None else ""
    return Listed(shown, more, less)


def _excerpt(asked: Asked, zone: tzinfo) -> Excerpt:
    span = asked.span(zone)
    return Excerpt(span["since"], span["until"], _PIECE)


def _asked_for(asked: Asked, name: str, spots: Spots[T]) -> Spot | None:
    typed = asked.text(name, 512)
    if not typed:
        return None
    spot = spots.read(typed)
    if spot is None:
        raise NotUnderstood(phrase("The filter %(name)s cannot have this value."), name=name)
    return spot


def _all(
    fetch: Callable[[Excerpt], Sequence[T]], spots: Spots[T], wanted: Excerpt, rows: Sequence[T]
) -> Iterator[T]:
    """Yield some rows, and all that are wanted behind them."""
    while rows:
        yield from rows
        if len(rows) < wanted.limit:
            return
        rows = fetch(wanted._replace(beyond=spots.place(rows[-1])))


def _id(text: str) -> Spot | None:
    number = from_ref(text)
    return None if number is None else (number,)


def _moment(text: str) -> Spot | None:
    at, _, ref = text.partition("-")
    place = from_message_ref(ref)
    number = int(at) if at.isascii() and at.isdigit() and len(at) < 16 else None
    return None if number is None or place is None else (number, place.batch_id, place.seq)
