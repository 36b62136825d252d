"""Every call of a batch: one row, written in the transaction that records what the vendor answered.

What a message's own row says is not said twice: an attempt keeps what the whole call shares, and the seqs
of those messages whose outcome was another. Messages that go into a batch of their own take their attempts
along.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, case, literal, select, update

from ...plugin import Outcome
from ..database import tables
from ..database.bulk import clean, clean_words
from ..database.dialects import made_once, upsert
from ..database.engine import Database

NOT_SENT, UNKNOWN = str(Outcome.NOT_SENT), str(Outcome.UNKNOWN)
UNCALLED = "uncalled"
"""The outcome of a message that was not handed over: the bridge refused it itself."""
WORDS = 300
_MOST_MOVED = 20
"""So many earlier attempts go along into a batch of its own."""

_attempt = tables.attempt
_MADE = select(literal(1)).where(_attempt.c.batch_id == bindparam("of_batch")).limit(1)
_NAMES = ("account", "identity", "answered", "outcome", "others", "code", "words")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a batch at an account; times in milliseconds.

    `outcome` is that of every message but those at the seqs in `others`. `words`: the vendor's own.
    """

    called: int
    account: str
    identity: str
    answered: int
    outcome: str
    others: Mapping[str, Sequence[int]] = field(default_factory=dict)
    code: str = ""
    words: str = ""

    def outcome_of(self, seq: int) -> str:
        """Return what became of message `seq` in this call."""
        return next((outcome for outcome, seqs in self.others.items() if seq in seqs), self.outcome)


def note(connection: Connection, attempts: Sequence[tuple[int, Attempt]]) -> None:
    """Write attempts of batches; a later word on the same call takes the place of the earlier one."""
    if attempts:
        rows = [_row(batch_id, attempt) for batch_id, attempt in attempts]
        connection.execute(_new(connection), rows)


def follow(connection: Connection, batch_id: int, to: int, *, before: int) -> None:
    """Give a batch that was cut off from another the attempts that its messages took part in."""
    # What was not taken was tried again whole; else only messages in question go on, under other seqs.
    outcome = case((_attempt.c.outcome == NOT_SENT, NOT_SENT), else_=UNKNOWN)
    columns = {**{name: _attempt.c[name] for name in _NAMES}, "outcome": outcome, "others": literal("")}
    earlier = (
        select(literal(to, BigInteger), _attempt.c.called, *columns.values())
        .where(_attempt.c.batch_id == batch_id, _attempt.c.called < before)
        .order_by(_attempt.c.called.desc())
        .limit(_MOST_MOVED)
    )
    connection.execute(_attempt.insert().from_select(["batch_id", "called", *columns], earlier))


def made(connection: Connection, batch_id: int) -> bool:
    """Return whether a batch was ever called."""
    return connection.execute(_MADE, {"of_batch": batch_id}).first() is not None


def rename(connection: Connection, batch_id: int, to: int) -> None:
    """Let attempts follow a batch that got another id."""
    connection.execute(update(_attempt).where(_attempt.c.batch_id == batch_id).values(batch_id=to))


class Attempts:
    """Reads of attempts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, batch_ids: Iterable[int]) -> dict[int, list[Attempt]]:
        """Return the attempts of batches, in order."""
        wanted = sorted(set(batch_ids))
        rows = select(_attempt).where(_attempt.c.batch_id.in_(wanted)).order_by(_attempt.c.called)
        found: dict[int, list[Attempt]] = {batch_id: [] for batch_id in wanted}
        with self._database.read() as connection:
            for row in connection.execute(rows):
                found[row.batch_id].append(_read(row))
        return found


@made_once
def _new(connection: Connection) -> Any:
    insert = upsert(connection, _attempt)
    told = {name: insert.excluded[name] for name in _NAMES}
    return insert.on_conflict_do_update(index_elements=["batch_id", "called"], set_=told)


def _row(batch_id: int, attempt: Attempt) -> dict[str, object]:
    others = {outcome: list(seqs) for outcome, seqs in attempt.others.items() if seqs}
    return {
        "batch_id": batch_id,
        "called": attempt.called,
        "account": attempt.account,
        "identity": attempt.identity,
        "answered": attempt.answered,
        "outcome": attempt.outcome,
        "others": json.dumps(others, separators=(",", ":")) if others else "",
        "code": clean(attempt.code, 128),
        "words": clean_words(attempt.words, WORDS),
    }


def _read(row: Any) -> Attempt:
    values = {name: row._mapping[name] for name in ("called", *_NAMES)}
    return replace(Attempt(**values), others=json.loads(row.others) if row.others else {})
