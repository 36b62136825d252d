"""`sms-bridge messages` and `suppress`: what became of a number's messages, and the suppression list."""

from typing import TextIO

import click

from .opening import Trouble, looking, number, operating, say, settings_of_ledger
from .printing import Rows, Told, When, listing, show

_COLUMNS = (
    "channel",
    "number",
    "outId",
    "template",
    "segments",
    "status",
    "code",
    "sent",
    "ended",
    "reason",
)


@click.command()
@click.argument("phone")
@click.option("--channel", help="Only this channel's.")
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@listing
def messages(phone: str, channel: str | None, days: int, limit: int, as_json: bool) -> None:
    """Show what became of the messages to PHONE, latest first.

    A mainland number has 11 digits, any other begins with + and its country code. Messages that were not
    handed to the vendor yet, and those held by a policy or a pause, are not shown: the queue knows batches.
    """
    settings = settings_of_ledger()
    with looking(settings) as desk:
        found = desk.messages(number(phone), channel, days=days, limit=limit)
        unsent = desk.unsent(channel)
    rows = [
        (
            one.channel,
            one.number,
            one.out_id,
            one.template,
            one.segments,
            one.status,
            one.code,
            When(one.sent),
            When(one.ended),
            one.reason,
        )
        for one in found
    ]
    notes = [f"{unsent} recipients wait; messages to this number may be among them."] if unsent else []
    listed = Rows("messages", f"Messages of {days} days", _COLUMNS, rows)
    show(listed, as_json=as_json, timezone=settings.bridge.timezone, notes=notes)


@click.group()
def suppress() -> None:
    """The suppression list: numbers that must not be sent to (needs the policy `suppression`)."""


@suppress.command("add")
@click.argument("channel")
@click.argument("phones", nargs=-1)
@click.option("--sign", default="", help="Only under this signature; under all without it.")
@click.option(
    "--file", "source", type=click.File(), help="Further numbers, one a line; - reads standard input."
)
def suppress_add(channel: str, phones: tuple[str, ...], sign: str, source: TextIO | None) -> None:
    """Put PHONES on the list of CHANNEL."""
    with operating() as desk:
        desk.require(channel)
        digits = _digits(phones, source)
        desk.suppress(channel, digits, sign)
    say(f"{len(digits)} numbers are on the list of {channel}.")


@suppress.command("remove")
@click.argument("channel")
@click.argument("phones", nargs=-1)
@click.option("--sign", help="Only under this signature; everywhere without it.")
@click.option(
    "--file", "source", type=click.File(), help="Further numbers, one a line; - reads standard input."
)
def suppress_remove(channel: str, phones: tuple[str, ...], sign: str | None, source: TextIO | None) -> None:
    """Take PHONES off the list of CHANNEL."""
    with operating() as desk:
        desk.require(channel)
        count = desk.allow(channel, _digits(phones, source), sign)
    say(f"{count} entries were taken off the list of {channel}.")


@suppress.command("list")
@click.argument("channel")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
@listing
def suppress_list(channel: str, limit: int, offset: int, as_json: bool) -> None:
    """Show the list of CHANNEL, numbers masked."""
    settings = settings_of_ledger()
    with looking(settings) as desk:
        found = desk.suppressions(channel, limit=limit, offset=offset)
    rows = [(one.number, Told(one.sign or "(all)", one.sign), one.source, When(one.since)) for one in found]
    listed = Rows("suppressed", "Suppressed", ("number", "signature", "source", "since"), rows)
    show(listed, as_json=as_json, timezone=settings.bridge.timezone)


def _digits(phones: tuple[str, ...], source: TextIO | None) -> list[str]:
    lines = [line.strip() for line in source] if source else []
    digits = [number(text).digits for text in (*phones, *filter(None, lines))]
    if not digits:
        raise Trouble("Name at least one number, or a file of them.")
    return digits
