"""`sms-bridge`: the operator's one command. Every command works on the file that SMS_BRIDGE_CONFIG names."""

from typing import Any

import click

from bridge import logs
from bridge.channels import PluginFault
from bridge.ledger import LedgerUnavailable
from bridge.plugin import BridgeError
from bridge.settings import SettingsFaults
from bridge.simulator.commands import demo, simulate

from . import extensions
from .channels import channels
from .checking import check
from .database import db
from .messages import messages, push, suppress
from .opening import Trouble
from .plugins import plugins
from .processes import serve, worker
from .signing import sign
from .templates import templates

__all__ = ["main"]


class _Commands(click.Group):
    """Tells expected failures in one sentence and ends with status 2; never with a traceback.

    Beside the bridge's own commands it has those of the plugins.
    """

    def list_commands(self, context: click.Context) -> list[str]:
        """Every command's name."""
        return sorted({*super().list_commands(context), *extensions.names()})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The bridge's own command first, then a plugin's."""
        return super().get_command(context, name) or extensions.command(name)

    def invoke(self, context: click.Context) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(context)
        except SettingsFaults as error:
            raise Trouble(f"The configuration has faults:\n{error}") from None
        except (LedgerUnavailable, PluginFault, BridgeError) as error:
            raise Trouble(str(error)) from None
        except click.UsageError as error:
            # It quotes what was typed.
            raise click.UsageError(logs.masked(error.format_message()), error.ctx) from None
        except OSError as error:
            if error.filename is None:
                raise
            raise Trouble(f"{error.filename}: {error.strerror}.") from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qa-sms-bridge", prog_name="sms-bridge")
def main() -> None:
    """A third-party SMS platform for Quick Audience, with any SMS vendor behind it."""
    logs.configure(level="WARNING", form="text")
    logs.catch_uncaught()


for command in (
    serve,
    worker,
    check,
    channels,
    plugins,
    messages,
    push,
    suppress,
    templates,
    sign,
    db,
    demo,
    simulate,
):
    main.add_command(command)
