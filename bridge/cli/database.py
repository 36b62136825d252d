"""`sms-bridge db`: the ledger's schema."""

import click

from bridge.ledger import newest_revision, open_ledger, upgrade

from .opening import say, settings_of_bridge


@click.group()
def db() -> None:
    """The database's schema."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to this version. Safe to repeat; stop web and workers first when it changes."""
    settings = settings_of_bridge()
    upgrade(settings.bridge.database)
    say(f"The database has schema {newest_revision()}.")


@db.command("current")
def db_current() -> None:
    """Show the database's schema and the one this version needs. Exit status 1 when they differ."""
    ledger = open_ledger(settings_of_bridge().bridge.database, pool_size=1)
    try:
        found = ledger.revision()
    finally:
        ledger.close()
    needed = newest_revision()
    say(f"The database has schema {found or 'none'}, this version needs {needed}.")
    if found != needed:
        say("Run: sms-bridge db upgrade")
        raise SystemExit(1)
