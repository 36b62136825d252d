"""`sms-bridge channels`: how the channels are doing, and a hand brake for each."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo

import click

from bridge.services import upkeep
from bridge.services.desk.overview import GONE, SeenAccount, SeenChannel, Stop

from .terminal.opening import operating, say, settings_of_ledger
from .terminal.printing import Lists, Rows, Told, When, command, listing, moment, show

_STOPS = {"pause": "paused", "breaker": "rests", "refused": "stopped"}
_COLUMNS = ("channel", "platform", "account", "sending", "ready", "calling", "unknown", "pushing")
_HELD = ("channel", "account", "recipients", "reason", "until", "words")
_ERRORS = ("channel", "account", "next try", "last error")
_CALLBACKS = ("channel", "waiting", "given up", "last answer")
_FILES = ("channel", "send", "lines", "taken", "next try", "error")


_ACCOUNT = click.option("--account", default="", help="One account of the channel. [default: the channel]")
_REASON = click.option("--reason", default="", help="Why; the audit keeps it.")


@click.group(cls=Lists)
def channels() -> None:
    """Show the channels; pause and resume them."""


@channels.command("list")
@listing
def channels_list(as_json: bool) -> None:
    """Show every channel: what sends and pushes, what waits, why and until when."""
    settings = settings_of_ledger()
    timezone = settings.bridge.timezone
    with upkeep.overview(settings) as seen:
        found = seen.channels()
    accounts = [(channel, account) for channel in found for account in channel.accounts]
    rows = [_row(channel, account, timezone) for channel, account in accounts]
    further = [one for one in _further(found) if one.rows or as_json]
    show(Rows("channels", "Channels", _COLUMNS, rows), *further, as_json=as_json, timezone=timezone)


@channels.command("pause")
@click.argument("name")
@_ACCOUNT
@click.option("--reason", default="Paused by an operator.", show_default=True)
def channels_pause(name: str, account: str, reason: str) -> None:
    """Send nothing through channel NAME until it is resumed; sends are still accepted and queued.

    With --account that account alone is called no more: the others of the channel take its messages.
    """
    with operating() as desk:
        desk.pause(name, reason, account)
    if account:
        say(f"The account {account} of {name} is paused; what it has not sent goes to another, or waits.")
        say(f"Resume it with: {command('channels', 'resume', name, '--account', account)}")
        return
    again = command("channels", "resume", name)
    say(f"The channel {name} is paused; its messages wait. Resume it with: {again}")


@channels.command("resume")
@click.argument("name")
@_ACCOUNT
@_REASON
def channels_resume(name: str, account: str, reason: str) -> None:
    """Send and push again at once: end a pause, and forget that Quick Audience refused callbacks.

    With --account that account alone is called again.
    """
    with operating() as desk:
        desk.resume(name, account, reason)
    if account:
        say(f"The account {account} of {name} is called again.")
        return
    say(f"The channel {name} sends and pushes.")


def _row(channel: SeenChannel, account: SeenAccount, timezone: tzinfo) -> tuple[object, ...]:
    shown = f"{channel.name} (default)" if channel.default else channel.name
    return (
        Told(shown, channel.name),
        channel.platform_name,
        _named(account),
        _going(account.stop, "yes", timezone),
        account.ready,
        account.calling,
        account.unknown,
        _going(channel.push_stop, channel.pushing, timezone),
    )


def _named(account: SeenAccount) -> Told:
    return Told(account.name or "none yet", account.name)


def _going(stop: Stop | None, otherwise: str, timezone: tzinfo) -> Told:
    if stop is not None and stop.reason == GONE:
        return Told("no, it is gone", {"reason": stop.reason, "until": None, "words": stop.words})
    if stop is None or stop.reason not in _STOPS:
        return Told(otherwise, otherwise)
    until = f"until {moment(stop.until, timezone)}" if stop.until else "until resumed"
    why = ", its calls fail: " if stop.reason == "breaker" else ": "
    text = f"{_STOPS[stop.reason]} {until}{why}{stop.words}"
    return Told(text, {"reason": stop.reason, "until": When(stop.until), "words": stop.words})


def _further(found: Sequence[SeenChannel]) -> Iterator[Rows]:
    """Yield what is only shown where there is any: what waits and why, errors, callbacks, files."""
    accounts = [(channel.name, account) for channel in found for account in channel.accounts]
    yield Rows(
        "held",
        "\nWaiting, and why",
        _HELD,
        [
            (name, _named(account), one.messages, one.reason, _until(one), one.words)
            for name, account in accounts
            for one in account.held
        ],
    )
    yield Rows(
        "errors",
        "\nLatest errors of vendors",
        _ERRORS,
        [
            (name, _named(account), When(account.next_try), account.error)
            for name, account in accounts
            if account.error
        ],
    )
    yield from _around(found)


def _around(found: Sequence[SeenChannel]) -> Iterator[Rows]:
    """Yield what belongs to channels as a whole: callbacks and files."""
    yield Rows(
        "callbacks",
        "\nCallbacks to Quick Audience",
        _CALLBACKS,
        [
            (one.name, one.callbacks, one.given_up, one.answer)
            for one in found
            if one.callbacks or one.given_up
        ],
    )
    yield Rows(
        "files",
        "\nFiles not read to their end",
        _FILES,
        [
            (channel.name, one.send, one.lines, one.taken, When(one.next_try), one.error)
            for channel in found
            for one in channel.files
        ],
    )


def _until(stop: Stop) -> object:
    return When(stop.until) if stop.until else Told("resumed", None)
