"""`sms-bridge check`: everything that keeps the bridge from working, all at once."""

import click

from bridge import logs
from bridge.services.setup import checking
from bridge.settings import examine

from .terminal.opening import say


@click.command()
@click.option("--live", is_flag=True, help="Also ask the vendors and Quick Audience's callback address.")
def check(live: bool) -> None:
    """Report every fault of the configuration, the plugins and the database. Exit status 2 if there is any.

    With --live each vendor is asked whether the channel can send (nothing is sent), and Quick Audience's
    callback address whether it can be reached; a channel with several keys is told which of them it accepts
    (by callbacks without a receipt), with one key no signature is tried.
    """
    settings, faults = examine()
    if settings is not None:
        logs.hide(settings.secrets())
        found = checking.check(settings, faults, live=live)
        faults = found.faults
        for what in found.good:
            say(f"✓ {what}")
        for caution in found.cautions:
            say(f"! {caution}")
    for fault in faults:
        say(f"✗ {fault}")
    if faults:
        say(f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}.")
        raise SystemExit(2)
    say("No fault.")
