"""`sms-bridge routes`: which account of a channel takes a message, and why."""

import time

import click

from bridge import logs
from bridge.services import upkeep
from bridge.services.desk.explaining import Explaining

from .terminal.opening import Trouble, settings_of_channel, settings_of_ledger
from .terminal.printing import Rows, listing, show


@click.group()
def routes() -> None:
    """Explain which account of a channel takes a message."""


@routes.command("explain")
@click.argument("phone")
@click.option("--template", "code", required=True, help="The template's code.")
@click.option("--channel", help="The channel; needed if there are several.")
@click.option("--sign", default="", help="The signature, if it is not the template's.")
@listing
def routes_explain(phone: str, code: str, channel: str | None, sign: str, as_json: bool) -> None:
    """Say which account would take a message to PHONE now, and why each other would not.

    PHONE is written as Quick Audience writes it: the template's type decides how it is read. Nothing is sent.
    """
    if channel is None:
        names = settings_of_ledger().channels
        if len(names) > 1:
            raise Trouble(f"Name the channel with --channel: {', '.join(names)}.")
        [channel] = names
    settings = settings_of_channel(channel)
    with upkeep.ledger_of(settings) as ledger, upkeep.channels_of(settings, ledger) as opened:
        desk = Explaining(opened[channel], ledger, time.time)
        verdicts, known = desk.routes(phone, code, sign), desk.sign_of(code, sign)
    rows = [(one.account, one.weight, logs.masked(one.verdict)) for one in verdicts]
    title = f"Accounts of {channel}" + ("" if known else "; no signature is considered, --sign names one")
    show(Rows("accounts", title, ("account", "weight", "verdict"), rows), as_json=as_json)
