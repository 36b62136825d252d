"""Pausing, resuming and cancelling one campaign while workers send it.

The state of the campaign alone decides: no claim takes a batch of a campaign that does not run (`FREE` in
`claiming`), from the commit on, on every machine. The rest is tidying, which goes on after any crash while
`pending` is set: batches that are held leave the front of the queue, those that are free come back to it,
and what a cancelled campaign did not call is ended.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, exists, or_, select, update

from bridge.clock import FOREVER_MS, MINUTE_MS

from ..audit import Act, note
from ..database import tables
from ..database.bulk import clean, clean_words
from ..database.dialects import lit
from ..database.engine import Database, wake
from ..scope import Holder
from ..sending.calls import Claimed
from ..sending.claiming import take_to_end
from ..sending.holds import Hold, campaign_words
from ..sending.joining import CampaignState

HELD = FOREVER_MS
"""Due so late: the batch waits until its campaign is resumed."""

_SLICE = 2_000
_QUIET_MS = 10 * MINUTE_MS
"""For so long a transaction that began before the change may still bring batches."""

_batch, _send, _campaign, _file = tables.batch, tables.send, tables.campaign, tables.file


@dataclass(frozen=True, slots=True)
class Controlled:
    """A campaign whose latest change is not carried out to the end."""

    id: int
    channel: str
    name: str
    state: CampaignState
    changed: int


class Controlling:
    """The states of campaigns, and the batches that follow them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(
        self, campaign_id: int, state: CampaignState, allowed: Collection[CampaignState], act: Act
    ) -> bool:
        """Change a campaign's state, if it has one of the `allowed`. Returns False for any other."""

        def work(connection: Connection) -> bool:
            changed = connection.execute(
                update(_campaign)
                .where(_campaign.c.id == campaign_id, _campaign.c.state.in_([int(one) for one in allowed]))
                .values(state=int(state), pending=1, reason=clean_words(act.why), changed=act.at)
            ).rowcount
            if changed:
                note(connection, act)
                wake(connection)
            return bool(changed)

        return self._database.write(work)

    def state_of_send(self, send_id: int) -> CampaignState:
        """Return how the campaign of a send is controlled."""
        rows = select(_campaign.c.state).join(_send, _send.c.campaign_id == _campaign.c.id)
        with self._database.read() as connection:
            state = connection.execute(rows.where(_send.c.id == send_id)).scalar()
        return CampaignState.RUNNING if state is None else CampaignState(state)

    def pending(self, channels: Collection[str]) -> list[Controlled]:
        """Return the campaigns whose change is not carried out to the end."""
        columns = [_campaign.c[name] for name in ("id", "channel", "name", "state", "changed")]
        rows = select(*columns).where(_campaign.c.pending == lit(1), _campaign.c.channel.in_(channels))
        with self._database.read() as connection:
            return [
                Controlled(row.id, row.channel, row.name, CampaignState(row.state), row.changed)
                for row in connection.execute(rows)
            ]

    def hold(self, campaign_id: int) -> int:
        """Let the batches of a campaign that does not run leave the front of the queue.

        Returns how many.
        """
        with self._database.read() as connection:
            why = connection.execute(
                select(_campaign.c.name, _campaign.c.reason).where(_campaign.c.id == campaign_id)
            ).one()
        words = clean(campaign_words(why.name, why.reason))
        rows = _ready(campaign_id).where(_batch.c.due < HELD)
        return self._move(rows, {"due": HELD, "hold": str(Hold.CAMPAIGN), "hold_words": words})

    def release(self, campaign_id: int, now: int) -> int:
        """Make due what was held.

        Returns how many batches.
        """
        rows = _ready(campaign_id).where(_batch.c.due >= HELD)
        return self._move(rows, {"due": now, "hold": "", "hold_words": ""})

    def claim_uncalled(self, campaign_id: int, holder: Holder, now: int, *, limit: int) -> list[Claimed]:
        """Take READY batches of a cancelled campaign; they are ended, never called."""
        cancelled = select(_campaign.c.id).where(
            _campaign.c.id == campaign_id, _campaign.c.state == lit(CampaignState.CANCELLED)
        )
        rows = _ready(campaign_id).where(cancelled.exists()).limit(limit)
        return self._database.write(lambda connection: take_to_end(connection, rows, holder, now))

    def conclude(self, controlled: Controlled, now: int) -> None:
        """Note that a change is carried out, once nothing can come that it concerns."""
        if now < controlled.changed + _QUIET_MS or controlled.state is CampaignState.PAUSED:
            return
        mine = select(_send.c.id).where(_send.c.campaign_id == controlled.id)
        open_batch = exists().where(_batch.c.send_id.in_(mine), tables.UNFINISHED)
        open_file = exists().where(_file.c.send_id.in_(mine), _file.c.state == tables.READY)
        held = _ready(controlled.id).where(_batch.c.due >= HELD).exists()
        left = held if controlled.state is CampaignState.RUNNING else or_(open_batch, open_file)
        done = (
            update(_campaign)
            .where(
                _campaign.c.id == controlled.id,
                _campaign.c.state == int(controlled.state),
                _campaign.c.changed == controlled.changed,
                ~left,
            )
            .values(pending=0)
        )
        self._database.write(lambda connection: connection.execute(done))

    def _move(self, rows: Select[tuple[int]], values: dict[str, int | str]) -> int:
        """Give READY batches another due time, in small transactions. Returns how many got it."""
        total = 0
        while True:
            moved = self._database.write(lambda connection: _put(connection, rows.limit(_SLICE), values))
            total += moved
            if moved < _SLICE:
                return total


def _ready(campaign_id: int) -> Select[tuple[int]]:
    mine = select(_send.c.id).where(_send.c.campaign_id == campaign_id)
    return select(_batch.c.id).where(_batch.c.send_id.in_(mine), _batch.c.state == lit(tables.READY))


def _put(connection: Connection, rows: Select[tuple[int]], values: dict[str, int | str]) -> int:
    ids = connection.execute(rows).scalars().all()
    if not ids:
        return 0
    still = and_(_batch.c.id.in_(ids), _batch.c.state == lit(tables.READY))
    return connection.execute(update(_batch).where(still).values(values)).rowcount
