"""The ledger: everything that must not be lost, behind one object."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from ..plugin import DeliveryReceipt, MoMessage
from . import models
from .batches import Batches
from .batchinfo import BatchInfo, BatchInfos
from .bulk import Climb
from .calls import Claimed
from .chunks import Chunks
from .coordination import Coordination
from .engine import Database, LedgerUnavailable
from .files import Files
from .history import History
from .outbox import Ended, Outbox
from .pages import Pages
from .receipts import Intake, Receipts
from .replies import Replies, ReplyTerms
from .retention import Retention
from .signatures import Signatures
from .sql import lit
from .suppressions import Suppressions
from .templates import Templates

T = TypeVar("T")

_MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Duty:
    """A leased duty whose cursor moves with the work it stands for; `until`: its new lease (milliseconds)."""

    name: str
    owner: str
    cursor: str
    until: int


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a vendor's news changed. `lost` says that another owner had the duty: nothing was stored."""

    intake: Intake
    replies: int = 0
    lost: bool = False


class Ledger:
    """All tables of one database, by topic. Safe for threads; one per process, opened after the fork."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.infos = BatchInfos()
        self.batches = Batches(database)
        self.receipts = Receipts(database, self.infos)
        self.chunks = Chunks(database, self.receipts)
        self.outbox = Outbox(database)
        self.replies = Replies(database, self.infos)
        self.templates = Templates(database)
        self.signatures = Signatures(database)
        self.suppressions = Suppressions(database)
        self.coordination = Coordination(database)
        self.files = Files(database)
        self.pages = Pages(database)
        self.history = History(database, self.infos)
        self.retention = Retention(database)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one write transaction; run again after a deadlock, so it must do nothing else."""
        return self.database.write(work)

    def take_in(
        self,
        channel: str,
        receipts: Sequence[DeliveryReceipt],
        replies: Sequence[MoMessage],
        terms: ReplyTerms,
        *,
        pushes: bool,
        duty: Duty | None = None,
        pages: Collection[int] = (),
    ) -> TakenIn:
        """Store a vendor's receipts and replies in one transaction, with the cursor they were polled by.

        `pages`: the kept pages they were read from, which are done with then.
        """

        def work(connection: Connection) -> TakenIn:
            if duty is not None and not self.coordination.advance(
                connection, duty.name, duty.owner, duty.cursor, until=duty.until
            ):
                return TakenIn(Intake(), lost=True)
            self.pages.finish(connection, pages)
            intake = (
                self.receipts.take(connection, channel, receipts, pushes, terms.now) if receipts else Intake()
            )
            return TakenIn(intake, self.replies.take(connection, channel, replies, terms) if replies else 0)

        return self.database.write(work)

    def end(
        self, channel: str, climbs: Sequence[Climb], duty: Duty, *, pushes: bool, now: int
    ) -> list[Ended]:
        """End messages by the bridge's own decision, with the cursor of the duty that found them."""

        def work(connection: Connection) -> list[Ended]:
            if not self.coordination.advance(
                connection, duty.name, duty.owner, duty.cursor, until=duty.until
            ):
                return []
            return self.receipts.apply_climbs(connection, channel, climbs, pushes, now)

        return self.database.write(work)

    def batch(self, batch_id: int) -> BatchInfo:
        """An existing batch."""
        with self.database.read() as connection:
            return self.infos.of_batch(connection, batch_id)

    def info(self, chunk: Claimed) -> BatchInfo:
        """The batch of a chunk."""
        known = self.infos.remembered(chunk.batch_id)
        if known is not None:
            return known
        with self.database.read() as connection:
            return self.infos.of_chunks(connection, [chunk.id])[chunk.id]

    def revision(self) -> str | None:
        """The database's schema revision, None for an empty database."""
        with self.database.read() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def check(self) -> None:
        """Raise LedgerUnavailable unless the database answers and its schema is this version's."""
        try:
            current = self.revision()
        except SQLAlchemyError as error:
            raise LedgerUnavailable(f"The database cannot be read ({type(error).__name__}).") from error
        head = newest_revision()
        if current != head:
            raise LedgerUnavailable(
                f"The database has schema {current or 'none'}, this version needs {head}. "
                "Run: sms-bridge db upgrade"
            )

    def gauges(self) -> dict[tuple[str, str], int]:
        """Recipients by (channel, state) that are not done; for the queue-depth metric."""
        chunk = models.chunk
        names = {models.READY: "ready", models.CALLING: "calling", models.UNKNOWN: "unknown"}
        rows = (
            select(chunk.c.channel, chunk.c.state, func.sum(chunk.c.count))
            .where(chunk.c.state < lit(models.DONE))
            .group_by(chunk.c.channel, chunk.c.state)
        )
        with self.database.read() as connection:
            return {(channel, names[state]): int(count) for channel, state, count in connection.execute(rows)}

    def close(self) -> None:
        """Close all connections."""
        self.database.close()


def open_ledger(database_url: str, *, pool_size: int = 16) -> Ledger:
    """Open the ledger; nothing is asked of the database yet (see `Ledger.check`)."""
    return Ledger(Database(database_url, pool_size=pool_size))


def newest_revision() -> str:
    """The schema revision this version of the bridge needs."""
    revision = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    if revision is None:
        raise LedgerUnavailable("The installation lacks its database migrations.")
    return revision


def upgrade(database_url: str) -> None:
    """Bring the database's schema to this version; does nothing when it is there already."""
    database = Database(database_url)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    try:
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        database.close()
