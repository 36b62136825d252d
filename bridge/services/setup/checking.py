"""Everything that keeps an installation from working, found at once."""

import time
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

from bridge.channels import OpenAccount, OpenChannel, discover, open_channels
from bridge.channels.registry import close_channels
from bridge.ledger import Ledger, LedgerUnavailable, open_ledger
from bridge.settings import (
    Fault,
    Settings,
    SettingsFaults,
    cautions,
    dotted,
    without_repeats,
)

from ..history import ChannelHistory
from .listening import addresses
from .live import ask_account, ask_quick_audience
from .trying import as_root, trials


@dataclass(slots=True)
class Findings:
    """What a check found: faults, what works but deserves a look, and what was asked and works."""

    faults: list[Fault]
    cautions: list[Fault] = field(default_factory=list)
    good: list[str] = field(default_factory=list)


def check(settings: Settings, faults: list[Fault], *, live: bool) -> Findings:
    """Look at plugins, database and files of a configuration whose own faults are known already.

    `live`: each vendor is asked whether the channel can send, and Quick Audience's address whether it
    answers; nothing is sent.
    """
    found = Findings(faults)
    # Where the database itself is at fault an empty one stands in, for plugins are checked all the same.
    with TemporaryDirectory() as folder:
        ledger = _ledger(settings, found.faults)
        stands_in = ledger is None
        ledger = ledger or open_ledger(f"sqlite:///{folder}/none.db", pool_size=1)
        with closing(ledger):
            opened = _channels(settings, ledger, found.faults)
            found.faults += without_repeats(trials(settings, None if stands_in else ledger), found.faults)
            found.faults += without_repeats(addresses(settings), found.faults)
            if not stands_in and not any(fault.touches("bridge.database") for fault in found.faults):
                found.cautions += [fault for one in opened.values() for fault in left_behind(one, ledger)]
    if live:
        for channel in opened.values():
            for account in channel.accounts.values():
                _ask_vendor(channel, account, found)
            _ask_quick_audience(channel, found)
    found.cautions += [fault for one in opened.values() for fault in same_accounts(one)]
    unsigned = [_unsigned(name) for name, channel in opened.items() if _lacks_sign(channel)]
    close_channels(opened)
    told = (caution for caution in cautions(settings) if not _follows(caution, found.faults))
    found.cautions += [*told, *unsigned, *as_root(settings)]
    return found


def _follows(caution: Fault, faults: Collection[Fault]) -> bool:
    """Return True for what is cautioned only because a setting could not be read: its fault says so."""
    read = [caution.path]
    if caution.path.endswith(".callback_url"):  # that callbacks are not signed is said there
        channel = caution.path.rpartition(".")[0]
        read += [f"{channel}.key", f"{channel}.callback_key"]
    return any(fault.touches(path) for fault in faults for path in read)


def _lacks_sign(channel: OpenChannel) -> bool:
    accounts = channel.accounts.values()
    return not channel.settings.default_sign and any(one.hooks.needs_sign for one in accounts)


def _unsigned(name: str) -> Fault:
    return Fault(
        f"{dotted('channels', name)}.default_sign",
        "This vendor reviews texts under a signature, and none is named: it may reject new templates.",
        "Name an approved signature, without its brackets.",
    )


def same_accounts(channel: OpenChannel) -> Iterator[Fault]:
    """Find one vendor account under two names: when it fails, the other name is no help."""
    names: dict[str, str] = {}
    for name, account in channel.accounts.items():
        first = names.setdefault(account.hooks.identity, name)
        if first != name:
            yield Fault(
                f"channels.{channel.name}.accounts.{name}",
                f"This is the vendor account of {first} once more: one cannot stand in for the other.",
                "Keep one of them, or give this one an account of its own.",
            )


def _ledger(settings: Settings, faults: list[Fault]) -> Ledger | None:
    """Return the ledger, whatever its schema; None when it cannot be opened at all."""
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


def _channels(settings: Settings, ledger: Ledger, faults: list[Fault]) -> dict[str, OpenChannel]:
    try:
        return open_channels(settings, discover(), lambda name: ChannelHistory(ledger, name, time.time))
    except SettingsFaults as error:
        faults += without_repeats(error.faults, list(faults))
        return {}


def left_behind(channel: OpenChannel, ledger: Ledger) -> Iterator[Fault]:
    """Return what waits for accounts that are not configured any more: nobody else can tell of it."""
    identities = [account.hooks.identity for account in channel.accounts.values()]
    count = ledger.moving.left_behind(channel.name, identities)
    if count:
        yield Fault(
            f"channels.{channel.name}",
            f"The outcome of {count} messages is unknown, and the account that was called is not configured.",
            "Configure it, paused, until they are settled; without it only their deadline ends them.",
        )
    waiting = ledger.history.taken_elsewhere(channel.name, list(channel.accounts), identities)
    if waiting:
        yield Fault(
            f"channels.{channel.name}",
            f"{waiting} messages have no receipt yet, and the account that took them is not configured: "
            "its webhook address answers 404.",
            "Configure it with the same hook_token, paused (channels pause --account), until they have come.",
        )


def _ask_vendor(channel: OpenChannel, account: OpenAccount, found: Findings) -> None:
    heard = ask_account(account)
    of = f".accounts.{account.name}" if channel.settings.accounts else ""
    if heard.good:
        name = f"{channel.name}, account {account.name}" if of else channel.name
        found.good.append(f"{name}: {heard.said}")
    else:
        found.faults.append(Fault(f"channels.{channel.name}{of}", heard.said, heard.advice))


def _ask_quick_audience(channel: OpenChannel, found: Findings) -> None:
    for heard in ask_quick_audience(channel):
        if heard.good:
            found.good.append(f"{channel.name}: {heard.said}")
        else:
            found.faults.append(Fault(f"channels.{channel.name}.{heard.setting}", heard.said, heard.advice))
