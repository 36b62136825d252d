"""`sms-bridge check`: everything that keeps the bridge from working, all at once."""

import time
from contextlib import closing
from tempfile import TemporaryDirectory

import click
import requests

from bridge import logs
from bridge.channels import OpenChannel, discover, open_channels
from bridge.channels.registry import close_channels
from bridge.contract import callbacks
from bridge.ledger import Ledger, LedgerUnavailable, open_ledger
from bridge.plugin.http import Session, classify
from bridge.services.records import ChannelRecords
from bridge.settings import Fault, Settings, SettingsFaults, cautions, examine, without_repeats

from .opening import say

_ADVICE = {
    "CREDENTIALS_REJECTED": "Correct the credentials in the channel's settings.",
    "VENDOR_UNAVAILABLE": "Check the address and the network.",
}


@click.command()
@click.option("--live", is_flag=True, help="Also ask the vendors and Quick Audience's callback address.")
def check(live: bool) -> None:
    """Report every fault of the configuration, the plugins and the database. Exit status 2 if there is any.

    With --live each vendor is asked whether the channel can send (nothing is sent), and Quick Audience's
    callback address whether it can be reached (without a signature being tried).
    """
    settings, faults = examine()
    if settings is not None:
        logs.hide(settings.secrets())
        _check_further(settings, faults, live)
    for fault in faults:
        say(f"✗ {fault}")
    if faults:
        say(f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}.")
        raise SystemExit(2)
    say("No fault.")


def _check_further(settings: Settings, faults: list[Fault], live: bool) -> None:
    # Where the database itself is at fault an empty one stands in, for plugins are checked all the same.
    with TemporaryDirectory() as folder:
        ledger = _ledger(settings, faults) or open_ledger(f"sqlite:///{folder}/none.db", pool_size=1)
        with closing(ledger):
            opened = _check_channels(settings, ledger, faults)
    if live:
        faults += [fault for channel in opened.values() for fault in _live(channel)]
    close_channels(opened)
    for caution in cautions(settings):
        say(f"! {caution}")


def _ledger(settings: Settings, faults: list[Fault]) -> Ledger | None:
    """The ledger, whatever its schema; None when it cannot be opened at all."""
    if any(fault.touches("bridge.database") for fault in faults):
        return None
    try:
        ledger = open_ledger(settings.bridge.database, pool_size=1)
    except LedgerUnavailable as error:
        faults.append(Fault("bridge.database", str(error)))
        return None
    except OSError as error:
        problem = f"The database's folder cannot be made ({error.strerror})."
        faults.append(Fault("bridge.database", problem, "Give the bridge a folder it may write to."))
        return None
    try:
        ledger.check()
    except LedgerUnavailable as error:
        faults.append(Fault("bridge.database", str(error)))
    return ledger


def _check_channels(settings: Settings, ledger: Ledger, faults: list[Fault]) -> dict[str, OpenChannel]:
    try:
        return open_channels(settings, discover(), lambda name: ChannelRecords(ledger, name, time.time))
    except SettingsFaults as error:
        faults += without_repeats(error.faults, list(faults))
        return {}


def _live(channel: OpenChannel) -> list[Fault]:
    return [fault for fault in (_ask_vendor(channel), _ask_quick_audience(channel)) if fault is not None]


def _ask_vendor(channel: OpenChannel) -> Fault | None:
    health = channel.hooks.check()
    if health.error is None:
        say(f"✓ {channel.name}: {health.detail}")
        return None
    advice = _ADVICE.get(health.error.default_code, "")
    return Fault(f"channels.{channel.name}", f"{health.detail} ({health.error.code})", advice)


def _ask_quick_audience(channel: OpenChannel) -> Fault | None:
    """Connect and read the front page: an unsigned callback would count as a failed authentication."""
    url = callbacks.presets.get(channel.settings.callback_url, channel.settings.callback_url)
    if not url:
        return None
    with Session(threads=1, timeout=(5, 10), allow_private=channel.settings.allow_private) as session:
        try:
            session.get(f"{url}/", stream=True).close()
        except requests.RequestException as error:
            reason = classify(error)
            return Fault(
                f"channels.{channel.name}.callback_url",
                f"Quick Audience cannot be reached ({reason.code}).",
                "Check the address and the network.",
            )
    say(f"✓ {channel.name}: Quick Audience answers at {url}.")
    return None
