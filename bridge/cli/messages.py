"""`sms-bridge messages` and `suppress`: what became of a number's messages, and the suppression list."""

import time
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import TextIO

import click

from bridge import clock
from bridge.services.desk.amounts import charged, charges, estimates, priced
from bridge.services.desk.looking import Excerpt
from bridge.services.desk.timeline import SeenAttempt, SeenMessage, SeenReport, SeenTelling
from bridge.services.desk.waiting import SeenQueue, SeenWaiting

from .terminal.opening import Trouble, looking, moment_of, number, operating, say, settings_of_ledger
from .terminal.printing import Rows, Told, When, listing, show

_MESSAGES = (
    "channel",
    "number",
    "message",
    "outId",
    "segments",
    "status",
    "code",
    "sent",
    "ended",
    "reason",
)
_WAITING = (
    "channel",
    "number",
    "message",
    "outId",
    "account",
    "accepted",
    "waits for",
    "until",
    "words",
    "ends unsent",
    "template",
    "campaign",
)
_NAMES = ("message", "template", "campaign", "campaign id", "vendor id", "cost", "charged")
_ATTEMPTS = ("message", "called", "answered", "account", "identity", "outcome", "code", "words")
_REPORTS = ("message", "at", "reported", "code", "words", "counts", "times", "earlier call")
_CALLBACKS = ("message", "callback", "written", "taken or due", "attempts", "answer")
_REASON = click.option("--reason", default="", help="Why; the audit keeps it.")


@click.command()
@click.argument("phone")
@click.option("--channel", help="Only this channel's.")
@click.option("--days", type=click.IntRange(1, 365), help="Of the last days. [default: 7]")
@click.option("--since", help="Sent on or after this day (2026-11-28, or with a time).")
@click.option("--until", help="Sent before this day.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@listing
def messages(
    phone: str,
    channel: str | None,
    days: int | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show what became of the messages to PHONE, latest first, with every attempt to send them.

    A mainland number has 11 digits, any other begins with + and its country code. First stands what waits
    and was not handed to a vendor yet, why, and until when.
    Under the messages stand the calls with the vendor's own words, the reports on them (one counts, others
    came later), and the callbacks that told Quick Audience, with its answer.
    """
    if days and (since or until):
        raise Trouble("Give --days, or --since and --until.")
    settings = settings_of_ledger()
    wanted = _span(days, since, until, settings.bridge.timezone)._replace(limit=limit)
    with looking(settings) as desk:
        found = desk.messages(number(phone), channel, wanted)
        queue = desk.waiting(number(phone), channel, wanted)
    title = "Messages" if since or until else f"Messages of {days or 7} days"
    listed = Rows("messages", title, _MESSAGES, [_message(one) for one in found])
    waits = Rows("waiting", "Waiting", _WAITING, [_waits(one) for one in queue.messages])
    further = [one for one in _further(found) if one.rows or as_json]
    lists = [waits, listed] if waits.rows or as_json else [listed]
    show(*lists, *further, as_json=as_json, timezone=settings.bridge.timezone, notes=list(_notes(queue)))


def _notes(queue: SeenQueue) -> Iterator[str]:
    """Yield what nobody can know of the queue yet."""
    if queue.left:
        yield f"{queue.left} other recipients wait that were not looked through; raise --limit."
    for channel, file in queue.files:
        yield (
            f"A file of {channel} is being read, {file.taken} recipients so far (send {file.send}): messages "
            "to this number may be in the rest of it."
        )


def _waits(one: SeenWaiting) -> tuple[object, ...]:
    named = (one.channel, one.number, one.ref, one.out_id, one.account)
    campaign = Told(one.campaign_name, {"id": one.campaign, "name": one.campaign_name})
    why = (one.reason, When(one.until), one.words)
    return (*named, When(one.accepted), *why, When(one.deadline), one.template, campaign)


def _span(days: int | None, since: str | None, until: str | None, zone: tzinfo) -> Excerpt:
    if days:
        return Excerpt(since=clock.millis(time.time) - days * clock.DAY_MS)
    return Excerpt(moment_of(since, zone, 0), moment_of(until, zone, clock.FOREVER_MS))


def _message(one: SeenMessage) -> tuple[object, ...]:
    named = (one.channel, one.number, one.ref, one.out_id, one.segments)
    return (*named, one.status, one.code, When(one.sent), When(one.ended_at), one.reason)


def _further(found: Sequence[SeenMessage]) -> Iterator[Rows]:
    """Yield what belongs to messages: names and cost, attempts, reports and callbacks."""
    names = [
        (one.ref, one.template, one.campaign_name, one.campaign, one.vendor_id, *_money(one)) for one in found
    ]
    yield Rows("names", "\nTemplates, campaigns, vendors' ids, cost", _NAMES, names)
    attempts = [(seen.ref, *_attempt(one)) for seen in found for one in seen.attempts]
    yield Rows("attempts", "\nAttempts", _ATTEMPTS, attempts)
    reports = [(seen.ref, *_report(one)) for seen in found for one in seen.reports]
    yield Rows("reports", "\nReports", _REPORTS, reports)
    callbacks = [(seen.ref, *_callback(one)) for seen in found for one in seen.callbacks]
    yield Rows("callbacks", "\nCallbacks to Quick Audience", _CALLBACKS, callbacks)


def _money(one: SeenMessage) -> tuple[Told, Told]:
    cost, charge = Told(priced(one.costs), estimates(one.costs)), charges(one.costs)
    return cost, Told(charged(one.costs), charge)


def _attempt(one: SeenAttempt) -> tuple[object, ...]:
    account, identity = one.account, Told(one.identity[:8], one.identity)
    return (When(one.called), When(one.answered), account, identity, one.outcome, one.code, one.words)


def _report(one: SeenReport) -> tuple[object, ...]:
    counts = Told("yes" if one.counts else "no" if one.earlier else "no: later", one.counts)
    earlier = Told("yes" if one.earlier else "", one.earlier)
    return (When(one.at), one.status, one.code, one.words, counts, one.times, earlier)


def _callback(one: SeenTelling) -> tuple[object, ...]:
    return (one.state, When(one.created), When(one.at), one.attempts, one.answer)


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
@_REASON
def suppress_add(
    channel: str, phones: tuple[str, ...], sign: str, source: TextIO | None, reason: str
) -> None:
    """Put PHONES on the list of CHANNEL."""
    with operating() as desk:
        desk.require(channel)
        digits = _digits(phones, source)
        desk.suppress(channel, digits, sign, reason)
    say(f"{len(digits)} {'number is' if len(digits) == 1 else 'numbers are'} on the list of {channel}.")


@suppress.command("remove")
@click.argument("channel")
@click.argument("phones", nargs=-1)
@click.option("--sign", help="Only under this signature; everywhere without it.")
@click.option(
    "--file", "source", type=click.File(), help="Further numbers, one a line; - reads standard input."
)
@_REASON
def suppress_remove(
    channel: str, phones: tuple[str, ...], sign: str | None, source: TextIO | None, reason: str
) -> None:
    """Take PHONES off the list of CHANNEL."""
    with operating() as desk:
        desk.require(channel)
        count = desk.allow(channel, _digits(phones, source), sign, reason)
    say(f"{count} {'entry was' if count == 1 else 'entries were'} taken off the list of {channel}.")


@suppress.command("list")
@click.argument("channel")
@click.option("--since", help="On the list since this day or later (2026-11-28, or with a time).")
@click.option("--until", help="On the list since before this day.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
@listing
def suppress_list(
    channel: str, since: str | None, until: str | None, limit: int, offset: int, as_json: bool
) -> None:
    """Show the list of CHANNEL, numbers masked."""
    settings = settings_of_ledger()
    zone = settings.bridge.timezone
    span = moment_of(since, zone, 0), moment_of(until, zone, clock.FOREVER_MS)
    with looking(settings) as desk:
        found = desk.suppressions(channel, Excerpt(*span, limit=limit, offset=offset))
    rows = [(one.number, Told(one.sign or "(all)", one.sign), one.source, When(one.since)) for one in found]
    listed = Rows("suppressed", "Suppressed", ("number", "signature", "source", "since"), rows)
    show(listed, as_json=as_json, timezone=zone)


def _digits(phones: tuple[str, ...], source: TextIO | None) -> list[str]:
    lines = [line.strip() for line in source] if source else []
    digits = [number(text).digits for text in (*phones, *filter(None, lines))]
    if not digits:
        raise Trouble("Name at least one number, or a file of them.")
    return digits
