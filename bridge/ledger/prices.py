"""What messages cost: prices for a segment, each under a number that messages name, and vendors' charges.

Amounts are whole numbers of the eighth decimal, added up by the database; they become decimals when they are
read. No amount is ever a float.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, func, select

from .database import tables
from .database.dialects import upsert
from .database.engine import Database
from .refs import Place

DECIMALS = 8
NONE = 0
"""The number of no price."""

_SLOTS = 8
_LARGEST = 1 << 62
_LOOKUP = 500
Key = TypeVar("Key", int, str)
_rate, _charge, _charged, _send = tables.rate, tables.charge, tables.charged, tables.send


class Rate(NamedTuple):
    """What a segment costs."""

    currency: str
    price: Decimal


class Charge(NamedTuple):
    """What a vendor's receipt says a message, or a part of it, costs. `part`: the vendor's id in it."""

    batch_id: int
    seq: int
    part: str
    currency: str
    amount: int
    send_id: int


@dataclass(frozen=True, slots=True)
class Charged:
    """What vendors charged in a currency, over how many messages (or parts that are reported singly)."""

    currency: str
    amount: Decimal
    messages: int


def packed(amount: Decimal) -> int | None:
    """Return an amount as the ledger keeps it; None for one that it cannot."""
    if not amount.is_finite():
        return None
    whole = int(amount.scaleb(DECIMALS).to_integral_value())
    return whole if abs(whole) < _LARGEST else None


def amount_of(whole: int) -> Decimal:
    """Return an amount that the ledger kept."""
    return Decimal(whole).scaleb(-DECIMALS)


def note_charges(connection: Connection, charges: Sequence[Charge]) -> None:
    """Keep what vendors charged; a receipt that comes again charges nothing more."""
    if not charges:
        return
    names = ("batch_id", "seq", "part", "currency", "amount")
    new = upsert(connection, _charge).on_conflict_do_nothing().returning(*(_charge.c[name] for name in names))
    rows = [{name: getattr(one, name) for name in names} for one in charges]
    sends = {one.batch_id: one.send_id for one in charges}
    sums: Counter[tuple[int, str]] = Counter()
    counts: Counter[tuple[int, str]] = Counter()
    for row in connection.execute(new, rows).all():
        sums[sends[row.batch_id], row.currency] += row.amount
        counts[sends[row.batch_id], row.currency] += 1
    _add(connection, sums, counts)


def _add(
    connection: Connection, sums: Mapping[tuple[int, str], int], counts: Mapping[tuple[int, str], int]
) -> None:
    """Add to the sums of sends."""
    slot = os.getpid() % _SLOTS if connection.dialect.name == "postgresql" else 0
    rows = [
        {"send_id": send, "slot": slot, "currency": currency, "amount": amount}
        | {"messages": counts[send, currency]}
        for (send, currency), amount in sorted(sums.items())
    ]
    if rows:
        total = upsert(connection, _charged)
        added = {
            "amount": _charged.c.amount + total.excluded.amount,
            "messages": _charged.c.messages + total.excluded.messages,
        }
        key = ["send_id", "slot", "currency"]
        connection.execute(total.on_conflict_do_update(index_elements=key, set_=added), rows)


class Prices:
    """Prices by number, and sums of charges."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def number_of(self, rate: Rate) -> int:
        """Return the number of a price, given to it when it is first asked for."""
        values = {"currency": rate.currency, "price": packed(rate.price)}
        mine = (_rate.c.currency == values["currency"], _rate.c.price == values["price"])

        def work(connection: Connection) -> int | None:
            found = connection.execute(select(_rate.c.id).where(*mine)).scalar()
            if found is not None:
                return int(found)
            last = connection.execute(select(func.coalesce(func.max(_rate.c.id), NONE))).scalar_one()
            row = {"id": last + 1, **values}
            made = connection.execute(
                upsert(connection, _rate).on_conflict_do_nothing().returning(_rate.c.id), row
            )
            return made.scalar()

        # Another process may give the same number away at the same time: then this one takes the next.
        while (number := self._database.write(work)) is None:
            continue
        return number

    def all(self) -> dict[int, Rate]:
        """Return every price by its number."""
        with self._database.read() as connection:
            return {
                row.id: Rate(row.currency, amount_of(row.price)) for row in connection.execute(select(_rate))
            }

    def charged(self, campaign_ids: Collection[int]) -> dict[int, list[Charged]]:
        """Return what vendors charged for campaigns, by currency."""
        return self._charged(_send.c.campaign_id, _send.c.campaign_id.in_(campaign_ids))

    def charged_by_channel(
        self, channels: Collection[str], since: int, until: int
    ) -> dict[str, list[Charged]]:
        """Return what vendors charged for the sends that came in a span (milliseconds), for each channel."""
        in_span = (_send.c.channel.in_(channels), _send.c.created >= since, _send.c.created < until)
        return self._charged(_send.c.channel, *in_span)

    def _charged(self, by: ColumnElement[Key], *of: ColumnElement[bool]) -> dict[Key, list[Charged]]:
        rows = (
            select(
                by.label("owner"),
                _charged.c.currency,
                func.sum(_charged.c.amount).label("amount"),
                func.sum(_charged.c.messages).label("messages"),
            )
            .join_from(_send, _charged, _charged.c.send_id == _send.c.id)
            .where(*of)
            .group_by(by, _charged.c.currency)
            .order_by(_charged.c.currency)
        )
        found: dict[Key, list[Charged]] = defaultdict(list)
        with self._database.read() as connection:
            for row in connection.execute(rows):
                charged = Charged(row.currency, amount_of(int(row.amount)), int(row.messages))
                found[row.owner].append(charged)
        return found

    def charges_of(self, places: Collection[Place]) -> dict[Place, list[Charged]]:
        """Return what vendors charged for single messages."""
        found: dict[Place, list[Charged]] = {place: [] for place in places}
        batches = sorted({place.batch_id for place in places})
        with self._database.read() as connection:
            for start in range(0, len(batches), _LOOKUP):
                rows = (
                    select(
                        _charge.c.batch_id,
                        _charge.c.seq,
                        _charge.c.currency,
                        func.sum(_charge.c.amount).label("amount"),
                        func.count().label("parts"),
                    )
                    .where(_charge.c.batch_id.in_(batches[start : start + _LOOKUP]))
                    .group_by(_charge.c.batch_id, _charge.c.seq, _charge.c.currency)
                )
                for row in connection.execute(rows):
                    place = Place(row.batch_id, row.seq)
                    if place in found:
                        found[place].append(Charged(row.currency, amount_of(int(row.amount)), row.parts))
        return found
