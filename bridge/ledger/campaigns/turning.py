"""One page of a campaign's recipients, from a place on or back, as people turn pages.

Each is a bounded read, however many there are before and behind it. Who looks for what is rare in much gets
what was found so far, and the place from which to look on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, or_, select, text

from ..database import tables
from ..database.dialects import lit
from ..database.engine import Database
from ..refs import from_ref, to_ref
from .recipients import WAITING, Filter, Recipient, of_messages, of_sends, phones_of, recipient_of

_FIRST_BATCHES, _MOST_BATCHES = 60, 1_000
_FIRST_AT_ONCE, _MOST_AT_ONCE = 1_000, 10_000
_LOOKED_THROUGH = 30_000
"""So many recipients are looked through for one page; a batch costs as much as some more of them."""
_A_BATCH_COSTS = 10
_FAILED_COST_LESS = 10
"""Those that failed have an index of their own."""
_BEHIND_ALL = (1 << 31) - 1

# PostgreSQL takes a bounded read for a large one, and would begin processes and compile for it.
_PLAINLY = text(
    "SELECT set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)"
)

_send, _batch, _message = tables.send, tables.batch, tables.message


class Spot(NamedTuple):
    """Where a recipient stands in its campaign: its send, its batch and its number in the batch."""

    send_id: int
    batch_id: int
    seq: int

    def __str__(self) -> str:
        return f"{to_ref(self.send_id)}-{to_ref(self.batch_id)}-{self.seq}"


def spot_of(words: str) -> Spot | None:
    """Return the spot that a text names, None when it names none."""
    send, _, rest = words.partition("-")
    batch, _, seq = rest.partition("-")
    send_id, batch_id = from_ref(send), from_ref(batch)
    if send_id is None or batch_id is None or not (seq.isascii() and seq.isdigit() and len(seq) <= 10):
        return None
    return Spot(send_id, batch_id, min(int(seq), _BEHIND_ALL))


class Turn(NamedTuple):
    """Which page: what comes behind a spot, or `back` what comes before it; the first without a spot."""

    spot: Spot | None = None
    back: bool = False


@dataclass(frozen=True, slots=True)
class RecipientPage:
    """Some recipients in order. `before`, `after`: the turns that lead on, None where nothing is there.

    `cut`: fewer than asked for, only because no more were looked through.
    """

    recipients: Sequence[Recipient]
    before: Turn | None
    after: Turn | None
    cut: bool = False


class RecipientPages:
    """Turns the pages of campaigns' recipients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, campaign_id: int, wanted: Filter, turn: Turn, limit: int) -> RecipientPage:
        """Return a page of the wanted recipients; the way back ends with the first page."""
        with self._database.read() as connection:
            if not self._database.sqlite:
                connection.execute(_PLAINLY)
            looking = _Looking(connection, campaign_id, wanted, limit + 1)
            page = looking.page(turn)
            return looking.page(Turn()) if turn.back and page.before is None else page


class _Looking:
    """One page being looked for; `need`: one more than it shows, which tells if there are more."""

    def __init__(self, connection: Connection, campaign_id: int, wanted: Filter, need: int) -> None:
        self._connection = connection
        self._campaign_id = campaign_id
        self._wanted = wanted
        self._need = need
        self._sparse = wanted.ended and not wanted.all_of_them
        self._cheaper = _FAILED_COST_LESS if wanted.failed else 1

    def page(self, turn: Turn) -> RecipientPage:
        """Return the page of a turn."""
        found, edge = self._gather(turn)
        shown = found[: self._need - 1]
        if turn.back:
            shown.reverse()
        ends = [_spot(shown[0]), _spot(shown[-1])] if shown else [turn.spot, turn.spot]
        more = edge if edge is not None else ends[0 if turn.back else 1]
        on = Turn(more, turn.back) if edge is not None or len(found) == self._need else None
        away = Turn(ends[1 if turn.back else 0], not turn.back) if turn.spot is not None else None
        before, after = (on, away) if turn.back else (away, on)
        return RecipientPage(shown, before, after, cut=edge is not None)

    def _gather(self, turn: Turn) -> tuple[list[Recipient], Spot | None]:
        """Return what was found in the turn's direction, and where the bound stopped the search, if so."""
        found: list[Recipient] = []
        looked, many, most = 0, _FIRST_BATCHES, _FIRST_AT_ONCE
        while batches := self._batches(
            turn, many, most * self._cheaper if self._sparse else self._need - len(found)
        ):
            found += self._recipients(batches, turn, self._need - len(found))
            looked += sum(_A_BATCH_COSTS + one.size // self._cheaper for one in batches)
            if len(found) == self._need:
                break
            last = batches[-1]
            turn = Turn(Spot(last.send_id, last.id, 0 if turn.back else _BEHIND_ALL), turn.back)
            if looked >= _LOOKED_THROUGH:
                return found, turn.spot
            many, most = min(4 * many, _MOST_BATCHES), min(4 * most, _MOST_AT_ONCE)
        return found, None

    def _batches(self, turn: Turn, many: int, left: int) -> Sequence[Any]:
        """Return the next batches, until they have so many recipients: of the spot's send, else of others."""
        if turn.spot is not None and (found := self._rest_of_send(turn, turn.spot, many, left)):
            return found
        after = None if turn.spot is None else turn.spot.send_id
        while sends := self._sends(after, turn.back, many, left):
            if found := self._cut(self._of_sends(sends, turn.back).limit(many), turn, left):
                return found
            after = sends[-1]
        return []

    def _rest_of_send(self, turn: Turn, spot: Spot, many: int, left: int) -> Sequence[Any]:
        """Return the batches of a spot's send from its own on, if any of that is left."""
        if turn.back:
            own = _batch.c.id <= spot.batch_id if spot.seq > 0 else _batch.c.id < spot.batch_id
        else:
            own = _batch.c.id >= spot.batch_id if spot.seq < _BEHIND_ALL else _batch.c.id > spot.batch_id
        return self._cut(self._of_sends([spot.send_id], turn.back).where(own).limit(many), turn, left)

    def _sends(self, after: int | None, back: bool, many: int, left: int) -> list[int]:
        """Return the sends behind one that may have what is wanted, until they have so many recipients."""
        rows = (
            select(_send.c.id, _send.c.count.label("size"))
            .where(_send.c.campaign_id == self._campaign_id, *of_sends(self._wanted))
            .order_by(_send.c.id.desc() if back else _send.c.id)
            .limit(many)
        )
        if after is not None:
            rows = rows.where(_send.c.id < after if back else _send.c.id > after)
        found = []
        for row in self._connection.execute(rows):
            found.append(row.id)
            left -= row.size
            if left <= 0:
                break
        return found

    def _of_sends(self, sends: Sequence[int], back: bool) -> Select[Any]:
        columns = [_batch.c[name] for name in ("id", "send_id", "state", "account")]
        order = (_batch.c.send_id, _batch.c.id)
        mine = _batch.c.send_id == sends[0] if len(sends) == 1 else _batch.c.send_id.in_(sends)
        rows = (
            select(*columns, _batch.c.count.label("size"), _send.c.out_id)
            .join_from(_batch, _send, _send.c.id == _batch.c.send_id)
            .where(mine, _send.c.campaign_id == self._campaign_id)
            .order_by(*(one.desc() if back else one for one in order))
        )
        return rows if self._wanted.ended else rows.where(_batch.c.state.in_([lit(one) for one in WAITING]))

    def _cut(self, rows: Select[Any], turn: Turn, left: int) -> Sequence[Any]:
        """Return rows until they have so many recipients in the turn's direction."""
        found: list[Any] = []
        for row in self._connection.execute(rows):
            found.append(row)
            left -= _ahead(row, turn)
            if left <= 0:
                break
        return found

    def _recipients(self, batches: Sequence[Any], turn: Turn, need: int) -> list[Recipient]:
        found = self._waiting(batches) if self._wanted.uncalled else []
        if turn.spot is not None:
            found = [
                one for one in found if (_spot(one) < turn.spot if turn.back else _spot(one) > turn.spot)
            ]
        if self._wanted.ended:
            found += self._recorded(batches, turn, need)
        return sorted(found, key=_spot, reverse=turn.back)[:need]

    def _waiting(self, batches: Sequence[Any]) -> list[Recipient]:
        """Return the recipients that have no status yet."""
        waits = {one.id: one for one in batches if one.state in WAITING}
        rows = select(_batch.c.id, _batch.c.recipients).where(_batch.c.id.in_(list(waits)))
        held = self._connection.execute(rows).all() if waits else []
        return [
            Recipient(batch.send_id, batch.out_id, batch.id, seq, phone, batch.account, None)
            for batch, blob in ((waits[row.id], row.recipients) for row in held)
            for seq, phone in enumerate(phones_of(blob))
        ]

    def _recorded(self, batches: Sequence[Any], turn: Turn, need: int) -> list[Recipient]:
        """Return those that have a status; of a single send the first that are needed, of several all."""
        known = {one.id: one for one in batches}
        rows = select(_message).where(*of_messages(list(known), self._wanted))
        if self._wanted.failed:
            rows = rows.where(tables.FAILED)
        if turn.spot is not None:
            beyond = _message.c.seq < turn.spot.seq if turn.back else _message.c.seq > turn.spot.seq
            rows = rows.where(or_(_message.c.batch_id != turn.spot.batch_id, beyond))
        if len({one.send_id for one in batches}) == 1:
            # Found first, then put in order: PostgreSQL would look for the order along all of the table.
            some = rows.offset(0).subquery()
            order = (some.c.batch_id, some.c.seq)
            rows = select(some).order_by(*(one.desc() if turn.back else one for one in order)).limit(need)
        found = [(known[row.batch_id], row) for row in self._connection.execute(rows)]
        return [recipient_of(row, batch.send_id, batch.out_id, batch.account) for batch, row in found]


def _spot(one: Recipient) -> Spot:
    return Spot(one.send_id, one.batch_id, one.seq)


def _ahead(batch: Any, turn: Turn) -> int:
    """Return how many recipients of a batch lie in the turn's direction."""
    if turn.spot is None or batch.id != turn.spot.batch_id:
        return int(batch.size)
    size = int(batch.size)
    return min(turn.spot.seq, size) if turn.back else max(0, size - turn.spot.seq - 1)
