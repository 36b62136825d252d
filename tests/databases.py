"""An empty, migrated database for every test that asks for one, on SQLite and on PostgreSQL.

PostgreSQL is looked for at SMS_BRIDGE_TEST_POSTGRES (default: postgres@127.0.0.1). Without it those tests are
skipped and say so; with SMS_BRIDGE_REQUIRE_POSTGRES=1, as in CI, they fail instead.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Row, create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from bridge.ledger import Ledger, open_ledger, upgrade
from bridge.ledger.database import tables

KINDS = ("sqlite", "postgresql")
SERVER = make_url(
    os.environ.get("SMS_BRIDGE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Engine]:
    """Yield the PostgreSQL server's engine; creating and dropping databases needs AUTOCOMMIT."""
    engine = create_engine(
        SERVER,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 3},
        pool_size=1,
        pool_pre_ping=True,
    )
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError:
        if os.environ.get("SMS_BRIDGE_REQUIRE_POSTGRES") == "1":
            pytest.fail("PostgreSQL is required here and does not answer.")
        pytest.skip("PostgreSQL does not answer: these tests run on SQLite only.")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_pool(postgres: Engine) -> Iterator["PostgresPool"]:
    """Yield the migrated PostgreSQL databases of this run."""
    pool = PostgresPool(postgres)
    yield pool
    pool.close()


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of an empty, migrated database; the test runs once for each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "bridge.db")
        yield f"sqlite:///{tmp_path / 'bridge.db'}"
        return
    pool: PostgresPool = request.getfixturevalue("postgres_pool")
    name = pool.take()
    yield url_of(name)
    pool.give(name)


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    """Yield a ledger over an empty database."""
    opened = open_ledger(database_url)
    yield opened
    opened.close()


def decisions(ledger: Ledger) -> list[Row[Any]]:
    """Return what persons decided about messages."""
    with ledger.database.read() as connection:
        return list(connection.execute(select(tables.decision).order_by(tables.decision.c.id)))


class PostgresPool:
    """Migrated databases that tests use one after another, each emptied in between.

    Copying a template takes half a second and more, emptying some milliseconds. A database whose tables or
    settings a test changed is not used again.
    """

    def __init__(self, server: Engine) -> None:
        self._server = server
        self._made: list[Iterator[str]] = []
        self._free: list[str] = []
        self._shapes: dict[str, str] = {}
        self._own: dict[str, Engine] = {}

    def take(self) -> str:
        """Return the name of an empty, migrated database that nobody else uses."""
        if self._free:
            return self._free.pop()
        made = postgres_database(self._server, migrated=True)
        self._made.append(made)
        name = next(made)
        with self._server.connect() as connection:
            # Tests kill every process but the server: what it has committed it has, on the disk or not yet.
            connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
        # A connection costs more than all that is asked over it: it is kept for the whole run.
        self._own[name] = create_engine(
            url_of(name), isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True
        )
        with self._own[name].connect() as connection:
            self._shapes[name] = connection.execute(text(_SHAPE)).scalar_one()
        return name

    def give(self, name: str) -> None:
        """Take a database back: what is still connected is cut off, then every row goes."""
        with self._own[name].connect() as connection:
            connection.execute(text(_CUT_OFF))
            if connection.execute(text(_SHAPE)).scalar_one() == self._shapes[name]:
                connection.execute(text(_EMPTY))
                self._free.append(name)

    def close(self) -> None:
        """Drop every database of this run."""
        for engine in self._own.values():
            engine.dispose()
        for made in self._made:
            for _ in made:
                pass


_CUT_OFF = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# In one transaction, that is one wait for the disk.
_EMPTY = """
DO $$ DECLARE one text; BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP EXECUTE format('DELETE FROM %I', one); END LOOP;
END $$
"""
# Whatever a test could leave behind beside rows is a row of the catalog, and a changed row has another xmin.
_SHAPE = """
SELECT md5(concat_ws('|',
    (SELECT string_agg(concat(oid, ' ', xmin), ',' ORDER BY oid) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace),
    (SELECT string_agg(concat(attrelid, ' ', attnum, ' ', xmin), ',' ORDER BY attrelid, attnum)
     FROM pg_attribute WHERE attrelid >= 16384),
    (SELECT string_agg(concat(oid, ' ', xmin), ',' ORDER BY oid) FROM pg_constraint WHERE oid >= 16384),
    (SELECT string_agg(concat(oid, ' ', xmin), ',' ORDER BY oid) FROM pg_trigger WHERE oid >= 16384),
    (SELECT string_agg(concat(oid, ' ', xmin), ',' ORDER BY oid) FROM pg_proc WHERE oid >= 16384),
    (SELECT string_agg(concat(setrole, ' ', xmin), ',' ORDER BY setrole) FROM pg_db_role_setting
     WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())),
    (SELECT string_agg(version_num, ',') FROM alembic_version)))
"""


def url_of(name: str) -> str:
    """Return the URL of a database of the tests' server."""
    return SERVER.set(database=name).render_as_string(hide_password=False)


def postgres_database(
    engine: Engine, *, template: str = "template1", migrated: bool = False
) -> Iterator[str]:
    """Make a database, yield its name and drop it."""
    name = f"sms_bridge_test_{secrets.token_hex(6)}"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        if migrated:
            upgrade(url_of(name))
        yield name
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
