"""A database that cannot be used: one sentence with its own reason, and what to do."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from bridge.ledger import LedgerUnavailable, open_ledger, upgrade
from bridge.ledger.database.reasons import reason_of
from tests.databases import SERVER, postgres_database

AT = 'connection failed: connection to server at "127.0.0.1", port 5432 failed:'
SAID = [
    (f"{AT} Connection refused\n\tIs the server running?", "Connection refused", "Start the server"),
    (f'{AT} FATAL:  role "nobody" does not exist', 'role "nobody" does not exist', "Correct the user"),
    (f"{AT} FATAL:  password authentication failed", "password authentication", "Correct the user"),
    (f'{AT} FATAL:  no pg_hba.conf entry for host "10.0.0.1"', "no pg_hba.conf entry", "pg_hba.conf"),
    (f'{AT} FATAL:  database "none" does not exist', 'database "none" does not exist', "createdb"),
    (f"{AT} FATAL:  sorry, too many clients already", "sorry, too many clients already", "pool_size"),
    (f"{AT} FATAL:  remaining connection slots are reserved", "remaining connection slots", "pool_size"),
    (f"{AT} FATAL:  the database system is starting up", "starting up", "Wait"),
    ("permission denied for table send\nLINE 1: SELECT 1", "permission denied for table send", "rights"),
    (f'{AT} FATAL:  role "jo" is not permitted to log in', "not permitted to log in", "Correct the user"),
    (f'{AT} FATAL:  Peer authentication failed for user "jo"', "Peer authentication", "Correct the user"),
    (f'{AT} FATAL:  too many connections for role "jo"', "too many connections for role", "pool_size"),
    (f'{AT} FATAL:  database "sms" is not currently accepting connections', "accepting", "ALLOW_CONN"),
    (f"{AT} FATAL:  the database system is not yet accepting connections", "not yet accepting", "Wait"),
    (f"{AT} server does not support SSL, but SSL was required", "does not support SSL", "sslmode"),
    ("SSL connection has been closed unexpectedly", "closed unexpectedly", "Wait"),
    ("server closed the connection unexpectedly\n\tThis probably means", "closed the connection", "Wait"),
    ('invalid connection option "foo"', "invalid connection option", "Correct what follows the name"),
    ("could not extend file: No space left on device\nHINT: Check", "No space left on device", "Make room"),
    ("canceling statement due to statement timeout", "statement timeout", "statement_timeout"),
    ("out of shared memory", "out of shared memory", "more memory"),
    ('relation "batch" does not exist', 'relation "batch"', "db upgrade"),
    ("no such table: batch", "no such table: batch", "db upgrade"),
    ("cannot execute DELETE in a read-only transaction", "read-only transaction", "primary"),
    ("attempt to write a readonly database", "readonly database", "Give the bridge's user the file"),
    ("unable to open database file", "unable to open database file", "Give the bridge's user the file"),
    ("file is not a database", "file is not a database", "db restore"),
    ("database disk image is malformed", "malformed", "db restore"),
    ("database or disk is full", "database or disk is full", "Make room"),
    ("database is locked", "database is locked", "one machine"),
    ("something new", "The database cannot be used: something new.", ""),
    ("", "it gave no reason", ""),
]


@pytest.mark.parametrize(("said", "reason", "advice"), SAID, ids=[row[1] for row in SAID])
def test_the_reason_is_the_server_s_own(said: str, reason: str, advice: str) -> None:
    """On one line, with what an operator does."""
    told = reason_of(OperationalError("SELECT 1", {}, Exception(said)))
    assert reason in told
    assert advice in told
    assert "\n" not in told


AWAY = [
    ("postgresql://nobody@127.0.0.1:1/none", "Connection refused"),
    ("sqlite:////proc", "unable to open database file"),
]


@pytest.mark.parametrize(("url", "reason"), AWAY)
def test_every_way_in_tells_it(url: str, reason: str) -> None:
    """Looking, writing and bringing the schema up."""
    ledger = open_ledger(url, pool_size=1)
    for use in (ledger.check, ledger.try_out, lambda: upgrade(url)):
        with pytest.raises(LedgerUnavailable, match=reason):
            use()
    ledger.close()


def test_a_usable_database_is_tried_without_a_trace(database_url: str) -> None:
    """Its tables are as before, and its limit is known where it has one."""
    ledger = open_ledger(database_url)
    before = ledger.gauges()
    ledger.try_out()
    assert ledger.gauges() == before
    allowed = ledger.connections_allowed()
    assert (allowed is None) if database_url.startswith("sqlite") else (allowed or 0) > 1
    ledger.close()


@pytest.fixture(scope="module")
def migrated(postgres: Engine) -> Iterator[str]:
    """Yield the name of a database whose rights nobody else's test depends on."""
    yield from postgres_database(postgres, migrated=True)


# What an administrator did to the bridge's user or its database -> what the bridge says when it is tried.
ALL = "GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}; "
RIGHTS = [
    ("", "permission denied for"),
    ("GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA public TO {user}", "permission denied for table"),
    (ALL + "REVOKE INSERT ON batch FROM {user}", "permission denied for table batch"),
    (ALL + "REVOKE UPDATE ON push FROM {user}", "permission denied for table push"),
    (ALL + "ALTER ROLE {user} SET default_transaction_read_only = on", "read-only transaction"),
    ("ALTER ROLE {user} NOLOGIN", "not permitted to log in"),
    ("ALTER ROLE {user} CONNECTION LIMIT 0", "too many connections for role"),
    (ALL, ""),
]


@pytest.mark.parametrize(("done", "reason"), RIGHTS, ids=[row[1] for row in RIGHTS])
def test_a_trial_finds_what_the_service_s_user_may_not_do(
    postgres: Engine, migrated: str, done: str, reason: str
) -> None:
    """Reading is not enough: it writes, locks and changes, as the bridge will."""
    user = f"sms_bridge_{secrets.token_hex(6)}"
    own = create_engine(SERVER.set(database=migrated), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    statements = [f"CREATE ROLE {user} LOGIN PASSWORD '{user}'", *done.format(user=user).split("; ")]
    url = SERVER.set(database=migrated, username=user, password=user)
    try:
        run(own, *statements)
        with closing(open_ledger(url.render_as_string(hide_password=False), pool_size=1)) as ledger:
            said = _said(ledger.try_out)
            assert reason in said if reason else said == ""
            assert "\n" not in said
    finally:
        run(own, f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def run(engine: Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in filter(None, statements):
            connection.execute(text(statement))


def _said(use: Callable[[], object]) -> str:
    try:
        use()
    except LedgerUnavailable as error:
        return str(error)
    return ""


def test_a_database_that_cannot_keep_every_text_is_refused(postgres: Engine) -> None:
    """Before anything is accepted that it would refuse; one without an encoding was a traceback."""
    encoding = "SQL_ASCII"
    name = f"bridge_test_{secrets.token_hex(6)}"
    with postgres.connect() as admin:
        admin.execute(text(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"))
    try:
        with pytest.raises(LedgerUnavailable, match=f"keeps text in {encoding}, .* ENCODING 'UTF8'"):
            upgrade(SERVER.set(database=name).render_as_string(hide_password=False))
    finally:
        with postgres.connect() as admin:
            admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def test_the_connections_allowed_are_the_least_of_all_limits(postgres: Engine) -> None:
    """The server's, the user's and the database's own."""
    for name in postgres_database(postgres):
        url = SERVER.set(database=name).render_as_string(hide_password=False)
        with closing(open_ledger(url, pool_size=1)) as ledger:
            servers = ledger.connections_allowed()
            with postgres.connect() as connection:
                connection.execute(text(f"ALTER DATABASE {name} CONNECTION LIMIT 7"))
            assert (servers or 0) > 7 == ledger.connections_allowed()
