"""`sms-bridge`: the operator's one command. Every command works on the file that SMS_BRIDGE_CONFIG names."""

from importlib.metadata import version
from typing import Any

import click

from bridge import logs
from bridge.channels import PluginFault
from bridge.plugin import BridgeError
from bridge.services.desk.operating import OperatorRefused
from bridge.services.upkeep import LedgerUnavailable, newest_revision
from bridge.settings import SettingsFaults
from bridge.simulator.commands import demo, simulate

from . import extensions
from .asking.command import init
from .auditing import audit, forget
from .campaigns import campaigns
from .channels import channels
from .checking import check
from .console import console
from .database import db
from .desk import LocalDesk
from .messages import messages, suppress
from .plugins import plugins
from .pushes import push
from .routes import routes
from .running.health import healthy
from .running.processes import serve, worker
from .signing import sign
from .templates import templates
from .terminal.opening import Trouble
from .unknown import unknown
from .webhooks import webhooks

__all__ = ["main"]


class _Commands(click.Group):
    """Tells expected failures in one sentence and ends with status 2; never with a traceback.

    Beside the bridge's own commands it has those of the plugins.
    """

    def list_commands(self, context: click.Context) -> list[str]:
        """Return every command's name."""
        return sorted({*super().list_commands(context), *extensions.names()})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the bridge's own command first, then a plugin's."""
        return super().get_command(context, name) or extensions.command(name)

    def invoke(self, context: click.Context) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(context)
        except SettingsFaults as error:
            raise Trouble(f"The configuration has faults:\n{error}") from None
        except (LedgerUnavailable, OperatorRefused, PluginFault, BridgeError) as error:
            raise Trouble(str(error)) from None
        except click.UsageError as error:
            # It quotes what was typed.
            raise click.UsageError(logs.masked(error.format_message()), error.ctx) from None
        except OSError as error:
            if error.filename is None:
                raise
            raise Trouble(f"{error.filename}: {error.strerror}.") from None


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"sms-bridge, version {version('qa-sms-bridge')}, schema {newest_revision()}")
        context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version, and the schema that it needs in the database.",
)
def main() -> None:
    """A third-party SMS platform for Quick Audience, with any SMS vendor behind it."""
    click.get_current_context().obj = LocalDesk()
    logs.configure(level="WARNING", form="text")
    logs.catch_uncaught()


for command in (
    init,
    serve,
    worker,
    check,
    healthy,
    channels,
    campaigns,
    console,
    audit,
    forget,
    plugins,
    messages,
    push,
    routes,
    unknown,
    suppress,
    templates,
    webhooks,
    sign,
    db,
    demo,
    simulate,
):
    main.add_command(command)
