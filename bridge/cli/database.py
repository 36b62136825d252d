"""`sms-bridge db`: the ledger's schema, its copies and its health."""

from pathlib import Path

import click

from bridge.services import upkeep

from .terminal.opening import say, settings_of_ledger


@click.group()
def db() -> None:
    """The database: its schema, copies of it, its health."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to this version. Safe to repeat; stop web and workers first when it changes."""
    upkeep.upgrade(settings_of_ledger())
    say(f"The database has schema {upkeep.newest_revision()}.")


@db.command("current")
def db_current() -> None:
    """Show the database's schema and the one this version needs. Exit status 1 when they differ."""
    found, needed = upkeep.schema_of(settings_of_ledger()), upkeep.newest_revision()
    say(f"The database has schema {found or 'none'}, this version needs {needed}.")
    upkeep.refuse_newer(found)
    if found != needed:
        say("Run: sms-bridge db upgrade")
        raise SystemExit(1)


_FILE = click.Path(dir_okay=False, path_type=Path)


@db.command("backup")
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="FILE may take the place of an older copy.")
def db_backup(file: Path, replace: bool) -> None:
    """Copy the SQLite database to FILE while the bridge runs. For PostgreSQL it names the command."""
    size = upkeep.backup(settings_of_ledger(), file, replace=replace)
    say(f"{file} holds a sound copy of {size:,} bytes.")


@db.command("restore")
@click.argument("file", type=_FILE)
def db_restore(file: Path) -> None:
    """Put FILE in the place of the SQLite database; web and workers must be stopped.

    The former database is kept beside it.
    """
    former = upkeep.restore(settings_of_ledger(), file)
    if former:
        say(f"The former database is kept as {former}.")
    say("The copy is in its place. It does not know what was sent after it was made: before a worker starts,")
    say("pause every channel and compare with the vendor's console, as the guide says under Backup.")


@db.command("check")
def db_check() -> None:
    """Ask SQLite whether its file is sound, and count all messages anew. Exit status 1 when either is wrong.

    Totals are kept beside the messages, so that nobody has to count; here the two are compared.
    """
    settings = settings_of_ledger()
    fault = upkeep.integrity(settings)
    if fault is not None:
        say(fault or "The database file is sound.")
    wrong = [] if fault else upkeep.wrong_totals(settings)
    for difference in wrong:
        say(f"The totals are wrong: {difference}.")
    if not fault and not wrong:
        say("The totals equal a count of all messages.")
    if fault or wrong:
        raise SystemExit(1)
