"""Where messages stood when they were called, of those that wait to be sent again or were called again.

A receipt names the call that it is about: the batch and the seq of then. One row for each such place says
where its message stands now, and follows it into every other batch.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, exists, select, tuple_, update

from ..plugin import MessageStatus
from .database import tables
from .database.dialects import lit
from .refs import Place

UNPROVED, ABSENT, REFUSED = 0, 1, 2
"""How it is known that a vendor did not take a message: it is not, by a look-up, or the vendor said so."""
_moved = tables.moved
_LOOKUP = 500

# Made once: each is run for every part of a batch that goes on, or for every receipt without a message.
_STANDING = select(_moved.c.batch_id, _moved.c.seq, _moved.c.to_seq).where(
    _moved.c.to_batch == bindparam("standing_in")
)
_AT = (_moved.c.batch_id == bindparam("of_batch")) & (_moved.c.seq == bindparam("of_seq"))
_GOES = update(_moved).where(_AT).values(to_batch=bindparam("into"), to_seq=bindparam("as_seq"))
_HAVING = select(_moved.c.batch_id).where(_moved.c.batch_id.in_(bindparam("ids", expanding=True))).distinct()
_BY_ID = select(_moved).where(_moved.c.vendor_id.in_(bindparam("ids", expanding=True)), tables.NAMED)
_BY_SEGMENT = (
    select(*(column for column in _moved.c if column.name != "vendor_id"), tables.segment.c.vendor_id)
    .join(
        tables.segment,
        and_(tables.segment.c.batch_id == _moved.c.batch_id, tables.segment.c.seq == _moved.c.seq),
    )
    .where(tables.segment.c.vendor_id.in_(bindparam("ids", expanding=True)), tables.segment.c.vendor_id != "")
)
_LENGTHEN = (
    update(_moved).where(_AT, _moved.c.segments < bindparam("counted")).values(segments=bindparam("counted"))
)
_LEADS = (
    select(
        *(_moved.c[name] for name in ("to_batch", "to_seq", "batch_id", "vendor_id")),
        *(tables.batch.c[name] for name in ("account", "identity")),
    )
    .join(tables.batch, tables.batch.c.id == _moved.c.batch_id)
    .where(_moved.c.to_batch.in_(bindparam("ids", expanding=True)))
)
_known = exists().where(
    tables.report.c.batch_id == _moved.c.batch_id,
    tables.report.c.seq == _moved.c.seq,
    tables.report.c.status != lit(MessageStatus.UNKNOWN),
)
_DOUBTS = select(_moved).where(
    _moved.c.to_batch.in_(bindparam("ids", expanding=True)), _moved.c.absent == 0, ~_known
)
_NAME = update(_moved).where(_AT, _moved.c.vendor_id == "").values(vendor_id=bindparam("named"))


class Moved(NamedTuple):
    """A message's place when it was called, and its place now; the rest is as its row was then.

    `absent`: how it is known that the vendor did not take it: UNPROVED, ABSENT or REFUSED.
    """

    batch_id: int
    seq: int
    to_batch: int
    to_seq: int
    vendor_id: str
    segments: int
    rate: int
    sent: int
    absent: int

    @property
    def place(self) -> Place:
        """Where it stood."""
        return Place(self.batch_id, self.seq)

    @property
    def to(self) -> Place:
        """Where it stands."""
        return Place(self.to_batch, self.to_seq)


class Lead(NamedTuple):
    """A place from which a message came into the batch `to_batch`, with the account that was called there."""

    to_batch: int
    to_seq: int
    batch_id: int
    vendor_id: str
    account: str
    identity: str

    @property
    def to(self) -> Place:
        """Where the message stands."""
        return Place(self.to_batch, self.to_seq)


class Unsized(NamedTuple):
    """A message that never had a row: nobody has counted its segments."""

    seq: int
    sent: int
    vendor_id: str = ""
    segments: int = 0
    rate: int = 0


def note(connection: Connection, batch_id: int, made: int, rows: Sequence[Any], *, absent: int) -> None:
    """Keep the places of messages that leave a batch for the batch `made`; rows in the order there."""
    follow(connection, batch_id, made, [row.seq for row in rows])
    kept = [
        Moved(batch_id, row.seq, made, at, row.vendor_id, row.segments, row.rate, row.sent, absent)._asdict()
        for at, row in enumerate(rows)
    ]
    connection.execute(_moved.insert(), kept)


def follow(connection: Connection, batch_id: int, to: int, seqs: Sequence[int]) -> None:
    """Follow messages of a batch, by their seqs there, into the batch `to`; they stand in this order."""
    standing = connection.execute(_STANDING, {"standing_in": batch_id}).all()
    if not standing:
        return
    places = {seq: at for at, seq in enumerate(seqs)}
    going = [
        {"of_batch": row.batch_id, "of_seq": row.seq, "into": to, "as_seq": places[row.to_seq]}
        for row in standing
        if row.to_seq in places
    ]
    if going:
        connection.execute(_GOES, going)


def rename(connection: Connection, batch_id: int, to: int) -> None:
    """Follow a batch that got another id."""
    connection.execute(update(_moved).where(_moved.c.to_batch == batch_id).values(to_batch=to))


def returned(connection: Connection, rows: Sequence[Moved]) -> None:
    """Note that messages stand again where they stood."""
    for row in rows:
        connection.execute(delete(_moved).where(_moved.c.batch_id == row.batch_id, _moved.c.seq == row.seq))
        others = (_moved.c.to_batch == row.to_batch) & (_moved.c.to_seq == row.to_seq)
        connection.execute(update(_moved).where(others).values(to_batch=row.batch_id, to_seq=row.seq))


def lengthen(connection: Connection, numbers: Mapping[Place, int]) -> None:
    """Note how many segments messages had at these places, by the vendor's word."""
    rows = [
        {"of_batch": place.batch_id, "of_seq": place.seq, "counted": number}
        for place, number in sorted(numbers.items())
    ]
    connection.execute(_LENGTHEN, rows)


def leads(connection: Connection, batch_ids: Collection[int]) -> dict[int, list[Lead]]:
    """Return the earlier places of messages that stand in these batches, by their batch of now."""
    found: dict[int, list[Lead]] = defaultdict(list)
    for row in _looked_up(connection, _LEADS, batch_ids):
        found[row.to_batch].append(Lead(**row._mapping))
    return found


def batches_left(connection: Connection, batch_ids: Collection[int]) -> set[int]:
    """Return those batches that messages have left."""
    return {row.batch_id for row in _looked_up(connection, _HAVING, batch_ids)}


def in_doubt(connection: Connection, batch_id: int) -> dict[int, int]:
    """Return the messages of a batch that an earlier call may have brought, with what a segment costs."""
    rows = select(_moved.c.to_seq, _moved.c.rate).where(_moved.c.to_batch == batch_id, _moved.c.absent == 0)
    return {row.to_seq: row.rate for row in connection.execute(rows)}


def doubts(connection: Connection, batch_ids: Collection[int]) -> list[Moved]:
    """Return the earlier places of messages in these batches where nobody knows yet what became of them."""
    return [Moved(**row._mapping) for row in _looked_up(connection, _DOUBTS, batch_ids)]


def at(connection: Connection, places: Collection[Place]) -> dict[Place, Moved]:
    """Return the messages that stood at these places."""
    wanted, found = sorted(places), dict[Place, Moved]()
    for start in range(0, len(wanted), _LOOKUP):
        here = tuple_(_moved.c.batch_id, _moved.c.seq).in_(wanted[start : start + _LOOKUP])
        for row in connection.execute(select(_moved).where(here)):
            found[Place(row.batch_id, row.seq)] = Moved(**row._mapping)
    return found


def before(connection: Connection, places: Collection[Place]) -> dict[Place, Place]:
    """Return where messages that stand at these places stood when they were called before."""
    wanted, found = sorted(places), dict[Place, Place]()
    for start in range(0, len(wanted), _LOOKUP):
        there = tuple_(_moved.c.to_batch, _moved.c.to_seq).in_(wanted[start : start + _LOOKUP])
        for row in connection.execute(select(_moved).where(there)):
            found[Place(row.batch_id, row.seq)] = Place(row.to_batch, row.to_seq)
    return found


def named(connection: Connection, vendor_ids: Collection[str]) -> list[Moved]:
    """Return the messages that had these ids at their vendors when they were called, or segments of theirs.

    Each with the id that was asked for.
    """
    found = [Moved(**row._mapping) for row in _looked_up(connection, _BY_ID, vendor_ids)]
    others = set(vendor_ids).difference(one.vendor_id for one in found)
    return found + [Moved(**row._mapping) for row in _looked_up(connection, _BY_SEGMENT, others)]


def _looked_up(connection: Connection, query: Select[Any], ids: Collection[Any]) -> Iterator[Row[Any]]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), _LOOKUP):
        yield from connection.execute(query, {"ids": wanted[start : start + _LOOKUP]})


def name(connection: Connection, vendor_ids: Sequence[tuple[Place, str]]) -> None:
    """Keep the vendor's ids of earlier calls: later reports may name nothing else."""
    rows = [
        {"of_batch": place.batch_id, "of_seq": place.seq, "named": one} for place, one in vendor_ids if one
    ]
    if rows:
        connection.execute(_NAME, rows)
