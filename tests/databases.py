"""A migrated database of its own for every test that asks for one, on SQLite and on PostgreSQL.

PostgreSQL is looked for at SMS_BRIDGE_TEST_POSTGRES (default: postgres@127.0.0.1). Without it those tests are
skipped and say so; with SMS_BRIDGE_REQUIRE_POSTGRES=1, as in CI, they fail instead.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from bridge.ledger import Ledger, open_ledger, upgrade

KINDS = ("sqlite", "postgresql")
SERVER = make_url(
    os.environ.get("SMS_BRIDGE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Engine]:
    """The PostgreSQL server's engine; creating and dropping databases needs AUTOCOMMIT."""
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
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
def postgres_template(postgres: Engine) -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy."""
    yield from postgres_database(postgres, migrated=True)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated database; the test runs once for each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "bridge.db")
        yield f"sqlite:///{tmp_path / 'bridge.db'}"
        return
    template = request.getfixturevalue("postgres_template")
    for name in postgres_database(request.getfixturevalue("postgres"), template=template):
        yield SERVER.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    """A ledger over an empty database."""
    opened = open_ledger(database_url)
    yield opened
    opened.close()


def postgres_database(
    engine: Engine, *, template: str = "template1", migrated: bool = False
) -> Iterator[str]:
    name = f"sms_bridge_test_{secrets.token_hex(6)}"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        if migrated:
            upgrade(SERVER.set(database=name).render_as_string(hide_password=False))
        yield name
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
