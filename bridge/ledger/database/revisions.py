"""The schema's revisions: what a database has, what this version needs, and the way there.

Alembic is imported only to go there: every process asks what it has, and Alembic costs a sixth of its start.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from .engine import Database, LedgerUnavailable, WrongSchema
from .reasons import reason_of

_MIGRATIONS = Path(__file__).parent / "migrations"


def newest_revision() -> str:
    """Return the schema revision this version of the bridge needs: files and revisions have the same numbers.

    Raises LedgerUnavailable.
    """
    return max(_known())


def fit(current: str | None) -> None:
    """Raise WrongSchema unless a revision is the one that this version needs."""
    head = newest_revision()
    if current != head:
        refuse_newer(current)
        raise WrongSchema(
            f"The database has schema {current or 'none'}, this version needs {head}. "
            "Run: sms-bridge db upgrade"
        )


def refuse_newer(current: str | None) -> None:
    """Raise WrongSchema for a database that another version has upgraded: there is no way back."""
    if current is not None and current not in _known():
        raise WrongSchema(
            f"The database has schema {current}, and this version knows none after {newest_revision()}: "
            "a newer one upgraded it. Run that version, or restore a copy from before."
        )


def _known() -> set[str]:
    found = {path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")}
    if not found:
        raise LedgerUnavailable("The installation lacks its database migrations.")
    return found


def revision_of(connection: Connection) -> str | None:
    """Return a database's schema revision, None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if revision is None else str(revision)


def upgrade(database_url: str) -> None:
    """Bring the database's schema to this version; does nothing when it is there already.

    A SQLite file is made where there is none. Raises LedgerUnavailable.
    """
    from alembic import command
    from alembic.config import Config

    database = Database(database_url, creates=True)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    try:
        with database.engine.begin() as connection:
            refuse_newer(revision_of(connection))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise LedgerUnavailable(reason_of(error)) from error
    finally:
        database.close()
