"""`sms-bridge console`: the way into the console in a browser."""

import click

from bridge.services import upkeep
from bridge.services.desk.signing_in import ROLES, ConsoleUser, Role

from .terminal.opening import Trouble, settings_of_console, who


@click.group()
def console() -> None:
    """The console: the bridge in a browser."""


@console.command("login")
@click.option("--name", help="Whom the audit names. [default: this shell's user]")
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True)
def console_login(name: str | None, role: str) -> None:
    """Print a link that signs a person in, once, within ten minutes.

    A viewer looks, an operator acts as well, an admin forgets people, too.
    """
    settings = settings_of_console()
    if settings.console is None:
        raise Trouble("There is no console: add a [console] table, as config/README.md says.")
    maker = who()
    person = ConsoleUser(name or maker.partition(":")[2], Role[role.upper()])
    with upkeep.signing_in(settings, settings.console) as desk:
        click.echo(desk.link(person, maker))
