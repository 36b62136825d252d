"""`sms-bridge campaigns`: what became of a campaign, and a hand on it while it is sent."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import tzinfo

import click

from bridge import clock
from bridge.clock import FOREVER_MS
from bridge.services.campaigns.desk import CampaignDesk
from bridge.services.campaigns.desk import campaigns as opened
from bridge.services.campaigns.exporting import STATUSES, Choice
from bridge.services.campaigns.seeing import STATES, Funnel, ReadFile, SeenCampaign, Whole
from bridge.services.desk.amounts import amount, charges, estimates, priced
from bridge.services.desk.looking import Excerpt
from bridge.services.desk.spreadsheets import harmless_json
from bridge.services.pricing import SeenCost

from .terminal.exporting import write_csv, write_lines
from .terminal.opening import moment_of, say, settings_of_ledger, who
from .terminal.printing import Lists, Rows, Told, When, command, data, harmless, listing, moment, show, words

_COLUMNS = (
    "campaign",
    "id",
    "channel",
    "state",
    "first send",
    "last send",
    "recipients",
    "waiting",
    "sent",
    "delivered",
    "failed",
    "unknown",
    "cost",
    "charged",
    "reason",
)
_FOR_PROGRAMS = ("charged", "reason")
_COSTS = ("currency", "estimate", "messages", "charged", "receipts")
_TOTALS = ("channel", "sends", "recipients", "waiting", "sent", "delivered", "failed", "unknown")
_TEMPLATES = ("template", "name", "text", "signature", "sends", "recipients")
_channel = click.option("--channel", help="Only this channel's.")


@click.group(cls=Lists)
def campaigns() -> None:
    """Campaigns: what became of them; pause, resume or cancel one; export its recipients."""


@campaigns.command("list")
@_channel
@click.option("--search", default="", help="Part of the campaign's name, an outId or a template's code.")
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@click.option("--since", help="Last sent on or after this day (2026-11-28, or with a time).")
@click.option("--until", help="First sent before this day.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@listing
def campaigns_list(
    channel: str | None,
    search: str,
    state: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show campaigns, the latest first: how many recipients, and where they stand."""
    settings = settings_of_ledger()
    zone = settings.bridge.timezone
    wanted = Excerpt(moment_of(since, zone, 0), moment_of(until, zone, FOREVER_MS), limit)
    with opened(settings, who()) as desk:
        found = desk.seeing.search(
            desk.chosen(channel),
            text=search,
            state=state,
            rows=wanted,
        )
    rows = [_row(one) for one in found]
    show(Rows("campaigns", "Campaigns", _COLUMNS, rows, _FOR_PROGRAMS), as_json=as_json, timezone=zone)


def _row(one: SeenCampaign) -> tuple[object, ...]:
    """Return a campaign as one line of the list."""
    return (
        words(one.name),
        one.id,
        one.channel,
        _state(one),
        When(one.first),
        When(one.last),
        *_numbers(one.funnel),
        Told(priced(one.costs), estimates(one.costs)),
        charges(one.costs),
        one.reason,
    )


@campaigns.command("show")
@click.argument("campaign")
@_channel
@listing
def campaigns_show(campaign: str, channel: str | None, as_json: bool) -> None:
    """Show CAMPAIGN: what it sends, where its recipients stand, why some failed, how long delivery took.

    It is named by its task id, by its outId where Quick Audience gave no task, or by the id that the list
    shows.
    """
    settings = settings_of_ledger()
    with opened(settings, who()) as desk:
        whole = desk.seeing.whole(desk.chosen(channel), campaign)
    show(*_whole(whole), as_json=as_json, timezone=settings.bridge.timezone)


@campaigns.command("totals")
@_channel
@click.option("--since", help="Sends on or after this day (2026-11-28, or with a time). [default: today]")
@click.option("--until", help="Sends before this day.")
@listing
def campaigns_totals(channel: str | None, since: str | None, until: str | None, as_json: bool) -> None:
    """Show what came to each channel in a span of time: how much of it was delivered, segments and cost.

    Segments are those that vendors took or may have taken, also where the carrier rejected them later. The
    estimate is what they cost by the configured prices; beside it stands what the vendors' own receipts say,
    where they do.
    """
    settings = settings_of_ledger()
    zone = settings.bridge.timezone
    today = clock.moment(clock.millis(time.time)).astimezone(zone).replace(hour=0, minute=0, second=0)
    begin = moment_of(since, zone, clock.millis_of(today.replace(microsecond=0)))
    with opened(settings, who()) as desk:
        found = desk.seeing.totals(desk.chosen(channel), begin, moment_of(until, zone, FOREVER_MS))
    rows = [(one.channel, one.sends, *_numbers(one.funnel), one.funnel.segments) for one in found]
    costs = [(one.channel, *row) for one in found for row in _costs(one.costs)]
    totals = Rows("totals", "Sends and what became of them", (*_TOTALS, "segments"), rows)
    show(totals, Rows("costs", "\nCost", ("channel", *_COSTS), costs), as_json=as_json, timezone=zone)


@campaigns.command("pause")
@click.argument("campaign")
@_channel
@click.option("--reason", default="Paused by an operator.", show_default=True)
def campaigns_pause(campaign: str, channel: str | None, reason: str) -> None:
    """Send nothing more of CAMPAIGN until it is resumed; its sends are still accepted and wait."""
    with opened(settings_of_ledger(), who()) as desk:
        desk.controlling.pause(desk.chosen(channel), campaign, reason)
    # Not by `say`, which masks what looks like a number: a task's id may, and the command is to be copied.
    click.echo(
        f"The campaign is paused; what is being called runs its course. Resume it with: {_again(campaign)}"
    )


@campaigns.command("resume")
@click.argument("campaign")
@_channel
@click.option("--reason", default="")
def campaigns_resume(campaign: str, channel: str | None, reason: str) -> None:
    """Send CAMPAIGN on."""
    with opened(settings_of_ledger(), who()) as desk:
        desk.controlling.resume(desk.chosen(channel), campaign, reason)
    say("The campaign is sent on.")


@campaigns.command("cancel")
@click.argument("campaign")
@_channel
@click.option("--reason", default="Cancelled by an operator.", show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask: it cannot be taken back.")
def campaigns_cancel(campaign: str, channel: str | None, reason: str, yes: bool) -> None:
    """End what of CAMPAIGN was not sent yet, for good.

    Quick Audience gets a failed receipt with the code CANCELLED for each such recipient; sends of the
    campaign that come later are refused. What was handed to the vendor runs its course.
    """
    with opened(settings_of_ledger(), who()) as desk:
        if not yes:
            [seen] = [desk.seeing.whole(desk.chosen(channel), campaign).campaign]
            question = (
                f"{seen.funnel.waiting} of {seen.funnel.recipients} recipients are not sent to. Cancel?"
            )
            click.confirm(question, abort=True)
        ends = desk.controlling.cancel(desk.chosen(channel), campaign, reason)
    if ends:
        say("The campaign is cancelled; the workers end what was not sent.")
    else:
        say("The campaign is cancelled; it had ended, and what comes of it later is refused.")


@campaigns.command("export")
@click.argument("campaign")
@_channel
@click.option("--status", "statuses", type=click.Choice(STATUSES), multiple=True, help="Only these.")
@click.option("--code", "codes", multiple=True, help="Only these.")
@click.option("--since", help="Sent on or after this day (2026-11-28, or with a time); not what waits.")
@click.option("--until", help="Sent before this day.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--full", is_flag=True, help="Whole numbers; the audit keeps who asked for them.")
def campaigns_export(
    campaign: str,
    channel: str | None,
    statuses: tuple[str, ...],
    codes: tuple[str, ...],
    since: str | None,
    until: str | None,
    form: str,
    full: bool,
) -> None:
    """Write the recipients of CAMPAIGN to standard output: one row each, however many there are."""
    settings = settings_of_ledger()
    zone = settings.bridge.timezone
    choice = Choice(statuses, codes, moment_of(since, zone, 0), moment_of(until, zone, FOREVER_MS))
    with opened(settings, who()) as desk:
        found = desk.seeing.find(desk.chosen(channel), campaign)
        rows = desk.exporting.rows(found, choice, full=full)
        write = write_csv if form == "csv" else write_lines
        write(rows, sys.stdout, zone)


@campaigns.command("watch")
@click.argument("campaign")
@_channel
@click.option("--every", type=click.FloatRange(0.1, 3600), default=2.0, show_default=True, help="Seconds.")
@click.option("--times", type=click.IntRange(1), help="Look so often; without it, until all have ended.")
@listing
def campaigns_watch(
    campaign: str, channel: str | None, every: float, times: int | None, as_json: bool
) -> None:
    """Look at CAMPAIGN again and again, until every recipient has come to an end: a line for each look."""
    settings = settings_of_ledger()
    tell = _as_line if as_json else _as_words
    with opened(settings, who()) as desk:
        for seen, speed in _looks(desk, desk.chosen(channel), campaign, every, times):
            tell(seen, speed, settings.bridge.timezone)


def _looks(
    desk: CampaignDesk, channels: Sequence[str], campaign: str, every: float, times: int | None
) -> Iterator[tuple[SeenCampaign, float | None]]:
    """Yield a campaign, and how many recipients a second left since the look before."""
    before: tuple[float, int] | None = None
    looked = 0
    while True:
        seen = desk.seeing.whole(channels, campaign).campaign
        at, gone = time.monotonic(), seen.funnel.recipients - seen.funnel.waiting
        yield seen, None if before is None else (gone - before[1]) / max(at - before[0], 0.001)
        before, looked = (at, gone), looked + 1
        if looked == times or (times is None and seen.over):
            return
        time.sleep(every)


def _as_words(seen: SeenCampaign, speed: float | None, zone: tzinfo) -> None:
    numbers = "  ".join(f"{title} {number:,}" for title, number in _watched(seen))
    told = "" if speed is None else f"  {speed:,.0f}/s"
    click.echo(f"{moment(clock.millis(time.time), zone)}  {seen.state}  {numbers}{told}")


def _as_line(seen: SeenCampaign, speed: float | None, zone: tzinfo) -> None:
    stands = {"state": seen.state, "reason": seen.reason}
    told = {"at": data(When(clock.millis(time.time)), zone), **stands, **dict(_watched(seen))}
    click.echo(harmless_json({**told, "per_second": None if speed is None else round(speed, 1)}))


def _watched(seen: SeenCampaign) -> list[tuple[str, int]]:
    titles = ("recipients", "waiting", "sent", "delivered", "failed", "unknown")
    return list(zip(titles, _numbers(seen.funnel), strict=True))


def _whole(whole: Whole) -> list[Rows]:
    failures = [(one.count, f"{one.share:.1%}", one.status, one.code, one.sentence) for one in whole.failures]
    times = [
        (Told("longer", None) if one.within_s is None else Told(_span(one.within_s), one.within_s), one.count)
        for one in whole.times
    ]
    return [
        Rows("campaign", "Campaign", ("what", "is"), _facts(whole)),
        Rows("funnel", "Recipients", ("stage", "count"), _stages(whole.campaign.funnel)),
        Rows("failures", "Failures", ("count", "share", "status", "code", "meaning"), failures),
        Rows("times", "Time to delivery", ("within", "count"), times),
        Rows("templates", "Templates", _TEMPLATES, [astuple(one) for one in whole.templates]),
        Rows("costs", "Cost", _COSTS, _costs(whole.campaign.costs)),
    ]


def _facts(whole: Whole) -> list[tuple[str, object]]:
    seen = whole.campaign
    return [
        ("campaign", seen.name),
        ("id", seen.id),
        ("named by", seen.named_by),
        ("channel", seen.channel),
        ("state", seen.state),
        *([("reason", seen.reason)] if seen.reason else []),
        ("template", f"{whole.template_code} {whole.template_name}".strip()),
        ("text", whole.template_text),
        ("signature", whole.sign),
        ("first send", When(seen.first)),
        ("last send", When(seen.last)),
        ("sends", seen.sends),
        *([("further templates", whole.further)] if whole.further else []),
        *whole.task.items(),
        *((f"file {at}", _file(file)) for at, file in enumerate(whole.files, 1)),
    ]


def _stages(funnel: Funnel) -> list[tuple[str, int]]:
    return [
        ("recipients", funnel.recipients),
        ("waiting", funnel.waiting),
        ("outcome in question", funnel.in_question),
        ("sent, no receipt yet", funnel.accepted),
        ("delivered", funnel.delivered),
        ("failed", funnel.failed),
        ("never known", funnel.unknown),
        ("segments taken", funnel.segments),
    ]


def _costs(costs: Sequence[SeenCost]) -> list[tuple[object, ...]]:
    """Return a row for each currency: what messages cost by the prices, and by the vendors' receipts."""
    return [
        (one.currency, amount(one.estimate), one.messages, amount(one.charged), one.charges) for one in costs
    ]


def _numbers(funnel: Funnel) -> tuple[int, int, int, int, int, int]:
    on_the_way = funnel.accepted + funnel.in_question
    return funnel.recipients, funnel.waiting, on_the_way, funnel.delivered, funnel.failed, funnel.unknown


def _state(seen: SeenCampaign) -> Told:
    stopped = seen.reason and seen.state in ("paused", "cancelled")
    return Told(f"{seen.state}: {seen.reason}" if stopped else seen.state, seen.state)


def _file(file: ReadFile) -> str:
    how = "read" if file.done else "being read"
    guess = f", some by a guess that it is {file.read_as.upper()}" if file.read_as else ""
    return f"{how}, {file.recipients} recipients{guess}" + (f": {file.error}" if file.error else "")


def _span(span_s: int) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if span_s >= size:
            return f"{span_s // size} {unit}"
    return f"{span_s} s"


def _again(campaign: str) -> str:
    return harmless(command("campaigns", "resume", campaign))
