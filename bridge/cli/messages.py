"""`sms-bridge messages`, `push` and `suppress`: a number's messages, callbacks, the suppression list."""

from datetime import timedelta
from typing import TextIO

import click

from bridge import logs
from bridge.ledger import RECEIPT
from bridge.ledger.history import Detail
from bridge.plugin import MessageStatus
from bridge.plugin.phone import mask

from .opening import (
    Trouble,
    channel_named,
    chosen_channels,
    ledger_of,
    moment,
    now_ms,
    number,
    say,
    settings_of_bridge,
    show,
)

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
def messages(phone: str, channel: str | None, days: int, limit: int) -> None:
    """Show what became of the messages to PHONE, latest first.

    A mainland number has 11 digits, any other begins with + and its country code. Messages that were not
    handed to the vendor yet, and those held by a policy or a pause, are not shown: the queue knows batches.
    """
    settings = settings_of_bridge()
    digits, now = number(phone).digits, now_ms()
    since = now - int(timedelta(days=days).total_seconds() * 1000)
    names = chosen_channels(settings, channel)
    with ledger_of(settings) as ledger:
        depth = ledger.gauges()
        found = [
            (name, detail)
            for name in names
            for detail in ledger.history.by_number(name, digits, since=since, now=now, limit=limit)
        ]
    rows = [
        (
            name,
            *_described(detail),
            moment(detail.sent, settings),
            moment(detail.ended, settings),
            logs.masked(detail.reason),
        )
        for name, detail in sorted(found, key=lambda pair: -pair[1].sent)[:limit]
    ]
    show(f"Messages of {days} days", _COLUMNS, rows)
    waiting = sum(depth.get((name, state), 0) for name in names for state in ("ready", "calling"))
    if waiting:
        say(f"{waiting} recipients wait; messages to this number may be among them.")


def _described(detail: Detail) -> tuple[str, str, str, int, str, str]:
    status = MessageStatus(detail.status).name.lower()
    template = str(detail.info.template["code"])
    return mask(detail.phone), detail.info.out_id, template, detail.segments, status, detail.code


@click.group(invoke_without_command=True)
@click.pass_context
def push(context: click.Context) -> None:
    """Callbacks to Quick Audience: what waits, what was given up."""
    if context.invoked_subcommand is None:
        context.invoke(push_list)


@push.command("list")
@click.option("--channel", help="Only this channel's.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
def push_list(channel: str | None = None, limit: int = 100) -> None:
    """Show how many callbacks wait, and those that were given up."""
    settings = settings_of_bridge()
    names = chosen_channels(settings, channel)
    with ledger_of(settings) as ledger:
        waiting = [(name, *ledger.outbox.waiting(name)) for name in names]
        dead = [letter for name in names for letter in ledger.outbox.dead_letters(name, limit=limit)]
    rows = [(name, count, moment(oldest, settings)) for name, count, oldest in waiting if count]
    show("Waiting", ("channel", "entries", "oldest"), rows)
    given_up = [
        (
            letter.id,
            letter.channel,
            "receipts" if letter.kind == RECEIPT else "replies",
            letter.out_id,
            letter.count,
            moment(letter.created, settings),
            logs.masked(letter.error),
        )
        for letter in dead
    ]
    show("Given up", ("id", "channel", "kind", "outId", "entries", "since", "error"), given_up)


@push.command("replay")
@click.argument("ids", nargs=-1, type=int)
@click.option("--channel", help="Everything that this channel gave up.")
@click.option("--all", "everything", is_flag=True, help="Everything that any channel gave up.")
def push_replay(ids: tuple[int, ...], channel: str | None, everything: bool) -> None:
    """Push what was given up once more: the given IDS, a channel's, or all."""
    if sum((bool(ids), channel is not None, everything)) != 1:
        raise click.UsageError("Give either ids, or --channel, or --all.")
    settings = settings_of_bridge()
    if channel is not None:
        channel_named(settings, channel)
    with ledger_of(settings) as ledger:
        count = ledger.outbox.replay(now_ms(), channel=channel, ids=ids or None)
    say(f"{count} callbacks are pushed again.")


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
    settings = settings_of_bridge()
    channel_named(settings, channel)
    digits = _digits(phones, source)
    with ledger_of(settings) as ledger:
        ledger.suppressions.add(channel, sign, digits, "operator", now_ms())
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
    settings = settings_of_bridge()
    channel_named(settings, channel)
    digits = _digits(phones, source)
    with ledger_of(settings) as ledger:
        count = ledger.suppressions.remove(channel, sign, digits)
    say(f"{count} entries were taken off the list of {channel}.")


@suppress.command("list")
@click.argument("channel")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
def suppress_list(channel: str, limit: int, offset: int) -> None:
    """Show the list of CHANNEL, numbers masked."""
    settings = settings_of_bridge()
    channel_named(settings, channel)
    with ledger_of(settings) as ledger:
        found = ledger.suppressions.list(channel, limit=limit, offset=offset)
    rows = [
        (mask(entry.msisdn), entry.sign_name or "(all)", entry.source, moment(entry.created, settings))
        for entry in found
    ]
    show("Suppressed", ("number", "signature", "source", "since"), rows)


def _digits(phones: tuple[str, ...], source: TextIO | None) -> list[str]:
    lines = [line.strip() for line in source] if source else []
    digits = [number(text).digits for text in (*phones, *filter(None, lines))]
    if not digits:
        raise Trouble("Name at least one number, or a file of them.")
    return digits
