"""The ledger: everything that must not be lost, behind one object."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..plugin import DeliveryReceipt, MoMessage
from .ahead import Ahead
from .audit import Audit
from .campaigns.controlling import Controlling
from .campaigns.latest_sends import LatestSends
from .campaigns.reading import Campaigns
from .campaigns.recipients import CampaignRecipients
from .campaigns.turning import RecipientPages
from .coordination import Coordination
from .database import tables, trial
from .database.bulk import Climb
from .database.engine import Database, LedgerUnavailable
from .database.reasons import reason_of
from .database.revisions import fit, revision_of
from .halts import Halts
from .people.forgetting import Forgetting
from .people.history import MessageHistory
from .people.waiting import WaitingMessages
from .prices import Prices
from .reports.callbacks import Callbacks
from .reports.contradictions import LateReports
from .reports.entries import Ended
from .reports.outbox import Outbox
from .reports.pages import Pages
from .reports.receipts import Intake, Receipts
from .reports.refused import RefusedWebhooks
from .reports.replaying import Replaying
from .reports.replies import Replies, ReplyTerms
from .retention import Retention
from .reviews.drift import Drifts
from .reviews.filings import Filings
from .reviews.templates import Templates
from .scope import Scope
from .sendinfo import SendInfo, SendInfos
from .sending.accounts import Accounts
from .sending.attempts import Attempts
from .sending.batches import Batches
from .sending.calls import Claimed
from .sending.files import Files
from .sending.holds import Holds
from .sending.leaving import part
from .sending.moving import Moving
from .sending.recalling import take_back
from .sending.sends import Sends
from .sending.unknowns import Unknowns
from .sending.weights import Weights
from .signatures import Signatures
from .suppressions import Suppressions
from .tally import Tallies
from .watching import Watching

T = TypeVar("T")

_LIMITS = """
SELECT least(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0),
    (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
    (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
)
"""
"""The server's limit, the user's and the database's own; the last two may be none."""


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A named lease that its owner holds, with the cursor that moves with the work done under it.

    `until`: how long the lease is held from now on (milliseconds).
    """

    name: str
    owner: str
    cursor: str
    until: int


@dataclass(frozen=True, slots=True)
class StoredReports:
    """What a vendor's reports changed. `lost` says that another owner had the lease: nothing was stored."""

    intake: Intake
    replies: int = 0
    lost: bool = False


class Ledger:
    """All tables of one database, by topic. Safe for threads; one per process, opened after the fork."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.infos = SendInfos()
        self.sends = Sends(database)
        self.receipts = Receipts(database, self.infos, take_back, part)
        self.batches = Batches(database, self.receipts)
        self.accounts = Accounts(database)
        self.attempts = Attempts(database)
        self.moving = Moving(database)
        self.weights = Weights(database)
        self.outbox = Outbox(database)
        self.callbacks = Callbacks(database)
        self.late_reports = LateReports(database)
        self.replies = Replies(database, self.infos)
        self.templates = Templates(database)
        self.filings = Filings(database)
        self.drifts = Drifts(database)
        self.ahead = Ahead(database)
        self.signatures = Signatures(database)
        self.suppressions = Suppressions(database)
        self.coordination = Coordination(database)
        self.files = Files(database)
        self.holds = Holds(database)
        self.halts = Halts(database)
        self.replaying = Replaying(database)
        self.unknowns = Unknowns(database)
        self.pages = Pages(database)
        self.refused_webhooks = RefusedWebhooks(database)
        self.history = MessageHistory(database, self.infos)
        self.waiting = WaitingMessages(database)
        self.retention = Retention(database)
        self.watching = Watching(database)
        self.tallies = Tallies(database)
        self.prices = Prices(database)
        self.audit = Audit(database)
        self.forgetting = Forgetting(database)
        self.controlling = Controlling(database)
        self.campaigns = Campaigns(database)
        self.latest_sends = LatestSends(database)
        self.recipients = CampaignRecipients(database)
        self.recipient_pages = RecipientPages(database)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one write transaction; run again after a deadlock, so it must do nothing else."""
        return self.database.write(work)

    def store_reports(
        self,
        scope: Scope,
        receipts: Sequence[DeliveryReceipt],
        replies: Sequence[MoMessage],
        terms: ReplyTerms,
        *,
        held: HeldLease | None = None,
        pages: Collection[int] = (),
    ) -> StoredReports:
        """Store a vendor's receipts and replies in one transaction, with the cursor they were polled by.

        `pages`: the kept pages they were read from, which are done with then.
        """

        def work(connection: Connection) -> StoredReports:
            if held is not None and not self.coordination.advance(
                connection, held.name, held.owner, held.cursor, until=held.until
            ):
                return StoredReports(Intake(), lost=True)
            self.pages.finish(connection, pages)
            intake = self.receipts.apply_in(connection, scope, receipts) if receipts else Intake()
            new = (
                self.replies.store_in(connection, scope.channel, replies, terms, scope.source)
                if replies
                else 0
            )
            return StoredReports(intake, new)

        return self.database.write(work)

    def end(
        self, channel: str, climbs: Sequence[Climb], held: HeldLease, *, pushes: bool, now: int
    ) -> list[Ended]:
        """End messages by the bridge's own decision, with the cursor of the lease they were found under."""

        def work(connection: Connection) -> list[Ended]:
            if not self.coordination.advance(
                connection, held.name, held.owner, held.cursor, until=held.until
            ):
                return []
            return self.receipts.apply_climbs(connection, Scope(channel, now, pushes), climbs)

        return self.database.write(work)

    def send(self, send_id: int) -> SendInfo:
        """Return an existing send."""
        with self.database.read() as connection:
            return self.infos.of_send(connection, send_id)

    def info(self, batch: Claimed) -> SendInfo:
        """Return the send of a batch."""
        known = self.infos.remembered(batch.send_id)
        if known is not None:
            return known
        with self.database.read() as connection:
            return self.infos.of_batches(connection, [batch.id])[batch.id]

    def revision(self) -> str | None:
        """Return the database's schema revision, None for an empty database."""
        with self.database.read() as connection:
            return revision_of(connection)

    def check(self) -> None:
        """Raise LedgerUnavailable unless the database answers and its schema is this version's."""
        try:
            current = self.revision()
        except SQLAlchemyError as error:
            raise LedgerUnavailable(_why(error)) from error
        fit(current)

    def try_out(self) -> None:
        """Write to every table, and leave it as it was. Raises LedgerUnavailable with the server's reason.

        A row is put in, changed and taken out again, and that is committed: so the disk, the locks and the
        rights are tried, and nobody else sees the row.
        """
        self.database.write(trial.run)

    def try_write(self) -> None:
        """Write one row and take it out again. Raises LedgerUnavailable, on a full disk too.

        A log that is used again takes small writes when the disk has long been full, so that is asked, too.
        """
        self.database.require_room()
        self.database.write(trial.touch)

    def connections_allowed(self) -> int | None:
        """Return how many connections the bridge's user may have; None for SQLite."""
        if self.database.sqlite:
            return None
        with self.database.read() as connection:
            return int(connection.execute(text(_LIMITS)).scalar_one())

    def gauges(self) -> dict[tuple[str, str], int]:
        """Return the recipients that are not done, by (channel, state); for the queue-depth metric."""
        batch = tables.batch
        rows = (
            select(batch.c.channel, batch.c.state, func.sum(batch.c.count).label("messages"))
            .where(tables.UNFINISHED)
            .group_by(batch.c.channel, batch.c.state)
        )
        with self.database.read() as connection:
            return {
                (row.channel, tables.BatchState(row.state).word): int(row.messages)
                for row in connection.execute(rows)
            }

    def close(self) -> None:
        """Close all connections."""
        self.database.close()


def open_ledger(database_url: str, *, pool_size: int = 16, guarded: bool = False) -> Ledger:
    """Open the ledger; nothing is asked of the database yet (see `Ledger.check`).

    `guarded`: whoever starts before the database is there works with no schema but this version's.
    """
    return Ledger(Database(database_url, pool_size=pool_size, fits=fit if guarded else None))


def _why(error: SQLAlchemyError) -> str:
    if isinstance(error, DBAPIError):
        return reason_of(error)
    return f"The database cannot be read ({type(error).__name__})."
