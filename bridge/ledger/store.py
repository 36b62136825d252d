"""The ledger: everything that must not be lost, behind one object."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from . import models
from .batches import Batches
from .batchinfo import BatchInfos
from .chunks import Chunks
from .coordination import Coordination
from .engine import Database, LedgerUnavailable
from .files import Files
from .history import History
from .outbox import Outbox
from .receipts import Receipts
from .replies import Replies
from .retention import Retention
from .signatures import Signatures
from .sql import lit
from .suppressions import Suppressions
from .templates import Templates

T = TypeVar("T")

_MIGRATIONS = Path(__file__).parent / "migrations"


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
        self.history = History(database, self.infos)
        self.retention = Retention(database)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one write transaction; run again after a deadlock, so it must do nothing else."""
        return self.database.write(work)

    def check(self) -> None:
        """Raise LedgerUnavailable unless the database answers and its schema is this version's."""
        try:
            with self.database.read() as connection:
                current = MigrationContext.configure(connection).get_current_revision()
        except SQLAlchemyError as error:
            reason = type(getattr(error, "orig", error)).__name__
            raise LedgerUnavailable(f"The database does not answer ({reason}).") from None
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
