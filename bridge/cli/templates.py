"""`sms-bridge templates`: the templates of all channels, and the review of those that no vendor reviews."""

import time
from collections.abc import Iterator

import click

from bridge.clock import FOREVER_MS
from bridge.plugin import ReviewStatus
from bridge.services import upkeep
from bridge.services.desk.amounts import amount
from bridge.services.desk.operating import Operating, ReviewDecision
from bridge.services.desk.previewing import Previewing, SeenAtAccount, SeenPreview
from bridge.services.pricing import Pricing
from bridge.services.reviews import drifting

from .terminal.opening import (
    Trouble,
    channel_named,
    looking,
    moment_of,
    say,
    settings_of_channel,
    settings_of_ledger,
    who,
)
from .terminal.printing import Lists, Rows, Told, When, listing, moment, show, words

_AT_VENDOR = ("reason", "vendor code", "state", "asked")
_CULPRITS = ("character", "called", "place", "times")
_ACCOUNTS = ("account", "verdict", "vendor code", "as filed", "a segment", "cost", "currency", "longest text")


@click.group(cls=Lists)
def templates() -> None:
    """Show templates; approve or reject those that wait for you."""


@templates.command("list")
@click.option("--channel", help="Only this channel's.")
@click.option("--status", type=click.Choice([status.value for status in ReviewStatus]), help="Only these.")
@click.option("--search", default="", help="Part of the code, the name or the text.")
@click.option("--since", help="Created on or after this day (2026-11-28, or with a time).")
@click.option("--until", help="Created before this day.")
@listing
def templates_list(
    channel: str | None,
    status: str | None,
    search: str,
    since: str | None,
    until: str | None,
    as_json: bool,
) -> None:
    """Show the templates, newest first."""
    settings = settings_of_ledger()
    zone = settings.bridge.timezone
    with looking(settings) as desk:
        found = desk.templates(
            channel,
            ReviewStatus(status) if status else None,
            text=search,
            since=moment_of(since, zone, 0),
            until=moment_of(until, zone, FOREVER_MS),
        )
    rows = [
        (
            one.channel,
            one.code,
            one.kind,
            one.type,
            one.status,
            When(one.created),
            one.name,
            words(one.content),
            one.reason,
            one.vendor_code,
            one.state,
            When(one.asked),
        )
        for one in found
    ]
    columns = ("channel", "code", "kind", "type", "status", "created", "name", "content", *_AT_VENDOR)
    show(Rows("templates", "Templates", columns, rows, _AT_VENDOR), as_json=as_json, timezone=zone)


@templates.command("filings")
@click.option("--channel", help="Only this channel's.")
@listing
def templates_filings(channel: str | None, as_json: bool) -> None:
    """Show what each account beside the primary one has of the templates, and what failed there."""
    settings = settings_of_ledger()
    with looking(settings) as desk:
        found = desk.filings(channel)
    columns = ("channel", "code", "account", "status", "vendor code", "asked", "changed", "owed", "error")
    further = ("reason", "state")
    rows = [
        (
            one.channel,
            one.code,
            one.account,
            one.status,
            one.vendor_code,
            When(one.checked),
            When(one.changed),
            one.owed,
            Told(words(one.error or one.reason).text, one.error),
            one.reason,
            one.state,
        )
        for one in found
    ]
    filings = Rows("filings", "Templates at other accounts", (*columns, *further), rows, further)
    show(filings, as_json=as_json, timezone=settings.bridge.timezone)


@templates.command("preview")
@click.argument("channel")
@click.argument("code")
@click.option("--values", "pairs", multiple=True, help="NAME=VALUE for a variable; repeatable.")
@click.option("--phone", default="", help="A recipient, as Quick Audience would write the number.")
@click.option("--sign", default="", help="The signature of the send; it counts for segments and cost.")
@listing
def templates_preview(
    channel: str, code: str, pairs: tuple[str, ...], phone: str, sign: str, as_json: bool
) -> None:
    """Show template CODE of CHANNEL as it would leave: text, segments, cost, and each account's word on it.

    Nothing is filed and nothing sent. With --phone the routes decide, and the country's price.
    """
    values = dict(_pair(pair) for pair in pairs)
    settings = settings_of_channel(channel)
    with upkeep.ledger_of(settings) as ledger, upkeep.channels_of(settings, ledger) as opened:
        pricing = Pricing(settings, channel, ledger)
        seen = Previewing(opened[channel], pricing, ledger, time.time).preview(code, values, phone, sign)
    show(*_preview(seen), as_json=as_json, timezone=settings.bridge.timezone)


@templates.command("drift")
@click.argument("channel")
@click.option("--last", is_flag=True, help="Ask nobody: show what the accounts said when last asked.")
@click.option("--all", "everything", is_flag=True, help="Also what does not differ.")
@listing
def templates_drift(channel: str, last: bool, everything: bool, as_json: bool) -> None:
    """Ask each account of CHANNEL for its templates and signatures, and show what differs.

    The worker asks every night. Nothing is repaired by itself. Exit status 1 when anything differs; what
    only the vendor has is shown and is no difference.
    """
    settings = settings_of_ledger() if last else settings_of_channel(channel)
    channel_named(settings, channel)
    with upkeep.ledger_of(settings) as ledger:
        if last:
            found = drifting.seen(ledger, channel)
        else:
            with upkeep.channels_of(settings, ledger) as opened:
                found = drifting.Drifting(opened[channel], ledger, time.time).ask()
    shown = found if everything else [one for one in found if one.what]
    rows = [(one.account, one.kind, one.name, one.what, *_both(one)) for one in shown]
    asked = max((one.asked for one in found), default=None)
    zone = settings.bridge.timezone
    columns = ("account", "kind", "name", "differs", "here", "there", "since", "asked")
    wanted = sum(1 for one in found if one.differs or not one.what)
    told = f"{wanted} were asked for, last at {moment(asked, zone)}." if found else "Nothing to ask for."
    show(Rows("drift", f"Drift of {channel}", columns, rows), as_json=as_json, timezone=zone, notes=[told])
    if any(one.differs for one in found):
        raise SystemExit(1)


@templates.command("approve")
@click.argument("channel")
@click.argument("code")
@click.option("--vendor-code", default="", help="What the vendor knows it by, if you registered it there.")
@click.option("--account", default="", help="The account that it is about; without one, the primary.")
def templates_approve(channel: str, code: str, vendor_code: str, account: str) -> None:
    """Approve template CODE of CHANNEL."""
    _decide(channel, code, ReviewDecision(ReviewStatus.APPROVED, vendor_code=vendor_code, account=account))


@templates.command("reject")
@click.argument("channel")
@click.argument("code")
@click.option("--reason", required=True, help="What the marketer reads.")
@click.option("--account", default="", help="The account that it is about; without one, the primary.")
def templates_reject(channel: str, code: str, reason: str, account: str) -> None:
    """Reject template CODE of CHANNEL."""
    _decide(channel, code, ReviewDecision(ReviewStatus.REJECTED, reason, account=account))


def _decide(channel: str, code: str, decision: ReviewDecision) -> None:
    settings = settings_of_ledger()
    channel_named(settings, channel)
    with upkeep.ledger_of(settings) as ledger, upkeep.channel_of(settings, ledger, channel) as opened:
        Operating(settings, ledger, time.time, who()).decide(opened or channel, code, decision)
    say(f"The template {code} is {decision.status}.")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Trouble("Write a value as NAME=VALUE.")
    return name, value


def _both(one: drifting.SeenDrift) -> tuple[object, ...]:
    return (words(one.here), words(one.there), When(one.since), When(one.asked))


def _preview(seen: SeenPreview) -> Iterator[Rows]:
    """Yield a preview: the message, what made it Unicode, and the accounts."""
    facts: list[tuple[str, object]] = [
        ("channel", seen.channel),
        ("template", seen.code),
        ("type", seen.type),
        ("signature", seen.sign),
        ("text", seen.text),
        ("characters", seen.length),
        ("encoding", seen.encoding),
        ("segments", seen.segments),
    ]
    if not seen.sign:
        facts.append(
            ("not counted", "the signature: segments, cost and verdicts are without it; give --sign")
        )
    facts += [("value without a variable", name) for name in seen.unused]
    if seen.objection:
        facts.append(("is not sent" if seen.waits_until is None else "waits", seen.objection))
    if seen.waits_until is not None:
        facts.append(("until", When(seen.waits_until)))
    yield Rows("message", "Message", ("what", "is"), facts)
    culprits = [(one.character, one.name, one.position, one.times) for one in seen.culprits]
    if culprits:
        yield Rows("unicode", "\nWhat makes it Unicode", _CULPRITS, culprits)
    yield Rows("accounts", "\nAccounts", _ACCOUNTS, [_previewed(one) for one in seen.accounts])


def _previewed(one: SeenAtAccount) -> tuple[object, ...]:
    return (
        one.account,
        one.refusal or one.verdict or "takes it",
        one.vendor_code,
        words(one.written),
        amount(one.price),
        amount(one.cost),
        one.currency,
        one.longest,
    )
