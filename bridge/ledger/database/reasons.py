"""Why a database cannot be used: the server's own reason in one sentence, and what to do about it."""

import re

from sqlalchemy.exc import DBAPIError

_ADVICE = [
    (
        r"too many clients|remaining connection slots|too many connections",
        "Raise max_connections, lower pool_size, or run fewer processes.",
    ),
    (
        r"role \".*\" does not exist|\w+ authentication failed|no password supplied|not permitted to log in"
        r"|no pg_hba\.conf entry|pg_hba\.conf rejects|no PostgreSQL user name",
        "Correct the user and password in database, or admit this machine in pg_hba.conf.",
    ),
    (r"database \".*\" does not exist", "Create it with createdb, then run: sms-bridge db upgrade"),
    (
        r"(relation|table|column) \S+( of relation \S+)? does not exist|no such (table|column)",
        "Run: sms-bridge db upgrade",
    ),
    (
        r"disk is full|No space left|disk I/O error|[Dd]isk quota",
        "Make room on the disk, and look at its health.",
    ),
    (
        r"not currently accepting connections",
        "Let the server accept connections to the database: ALTER DATABASE ... ALLOW_CONNECTIONS true.",
    ),
    (r"out of (shared )?memory", "Give the server more memory, or lower its load."),
    (
        r"(statement|lock) timeout",
        "Raise statement_timeout and lock_timeout for the bridge's user, or set 0 for none.",
    ),
    (
        r"permission denied|must be owner",
        "Give the bridge's user the rights to its tables.",
    ),
    (
        r"not yet accepting connections|starting up|shutting down|recovery mode|administrator command"
        r"|crash of another server|closed the connection|connection has been closed|connection is lost",
        "Wait until the server is up again.",
    ),
    (r"invalid connection option|invalid (port|integer)", "Correct what follows the name in database."),
    (r"SSL|certificate", "Agree with the server on TLS: set sslmode and sslrootcert in database."),
    (
        r"Connection refused|could not translate host|Name or service|timeout expired|No route|not known"
        r"|No such file or directory",
        "Start the server, or correct its address in database.",
    ),
    (r"read-only transaction|read-only standby", "Let database name the primary server."),
    (
        r"readonly database|unable to open database file|Permission denied",
        "Give the bridge's user the file and its folder; files that another user made keep it out.",
    ),
    (r"is not a database|malformed", "Restore it from a backup with: sms-bridge db restore"),
    (r"database is locked", "End the program that holds it; a SQLite database serves one machine."),
]


def reason_of(error: DBAPIError) -> str:
    """Return a sentence with the server's own words, and what to do where that is known."""
    return reason_in(str(error.orig))


def reason_in(text: str) -> str:
    """Return the sentence for what a database said."""
    said = _words(text)
    return f"The database cannot be used: {said}. {advice_for(said)}".rstrip()


def advice_for(said: str) -> str:
    """Return what an operator does about a database's words; "" when that is not known."""
    return next((advice for pattern, advice in _ADVICE if re.search(pattern, said)), "")


def _words(text: str) -> str:
    """Return what a database said, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL:" in line or "ERROR:" in line]
    said = (fatal or lines or ["it gave no reason"])[0]
    said = said.partition("FATAL:")[2] or said.partition("ERROR:")[2] or said
    return " ".join(said.split()).rstrip(".")
