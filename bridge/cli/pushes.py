"""`sms-bridge push`: callbacks to Quick Audience, those that wait and those that were given up."""

import time

import click

from bridge.clock import FOREVER_MS, millis
from bridge.services.campaigns.desk import campaigns
from bridge.services.desk.looking import Excerpt, SeenCallbacks, SeenGivenUp, SeenTaken
from bridge.services.desk.operating import Replayed

from .terminal.opening import looking, moment_of, operating, say, settings_of_ledger, who
from .terminal.printing import Lists, Rows, Told, When, listing, moment, show

_GIVEN_UP = ("id", "channel", "kind", "outId", "entries", "since", "error", "attempts")
_TAKEN = ("taken", "channel", "kind", "outId", "entries", "written", "attempts", "answer")


@click.group(cls=Lists)
def push() -> None:
    """Callbacks to Quick Audience: what waits, what was given up."""


@push.command("list")
@click.option("--channel", help="Only this channel's.")
@click.option("--since", help="Of what was given up or taken: on or after this day.")
@click.option("--until", help="Before this day.")
@click.option("--outid", default="", help="Of what was taken, only this outId's.")
@click.option("--taken", "with_taken", is_flag=True, help="Also what Quick Audience took, the latest first.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@listing
def push_list(
    channel: str | None,
    since: str | None,
    until: str | None,
    outid: str,
    with_taken: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show how many callbacks wait and what Quick Audience last said, and those that were given up."""
    settings = settings_of_ledger()
    zone = settings.bridge.timezone
    wanted = Excerpt(moment_of(since, zone, 0), moment_of(until, zone, FOREVER_MS), limit)
    with looking(settings) as desk:
        waiting, dead = desk.callbacks(channel), desk.given_up(channel, wanted)
        taken = desk.taken(channel, wanted, out_id=outid) if with_taken or outid else None
    waits = [(one.channel, one.entries, When(one.oldest), _next(one), one.answer) for one in waiting]
    lists = [
        Rows("waiting", "Waiting", ("channel", "entries", "oldest", "next try", "last answer"), waits),
        Rows("given_up", "Given up", _GIVEN_UP, [_given_up(one) for one in dead], ("attempts",)),
    ]
    if taken is not None:
        lists.append(Rows("taken", "Taken by Quick Audience", _TAKEN, [_taken(one) for one in taken]))
    show(*lists, as_json=as_json, timezone=zone)


def _next(one: SeenCallbacks) -> object:
    return When(one.next_try) if one.next_try else Told("now", None)


def _given_up(one: SeenGivenUp) -> tuple[object, ...]:
    named = (one.id, one.channel, one.kind, one.out_id)
    return (*named, one.entries, When(one.since), one.error, one.attempts)


def _taken(one: SeenTaken) -> tuple[object, ...]:
    named = (When(one.taken), one.channel, one.kind, one.out_id)
    return (*named, one.entries, When(one.written), one.attempts, one.answer)


@push.command("replay")
@click.argument("ids", nargs=-1, type=int)
@click.option("--channel", help="Everything that this channel gave up.")
@click.option("--all", "everything", is_flag=True, help="Everything that any channel gave up.")
@click.option("--since", help="What ended from then on, also what was confirmed; needs --channel.")
@click.option("--until", help="The end of that span. [default: now]")
@click.option("--outid", default="", help="Only this outId's, of that span.")
@click.option("--campaign", default="", help="One campaign's, by its name or id, also what was confirmed.")
@click.option("--reason", default="", help="Why; the audit keeps it.")
def push_replay(
    ids: tuple[int, ...],
    channel: str | None,
    everything: bool,
    since: str | None,
    until: str | None,
    outid: str,
    campaign: str,
    reason: str,
) -> None:
    """Push what was given up once more: the given IDS, a channel's, or all.

    With --campaign everything of that campaign; with --since, and --channel, everything of that span: also
    what Quick Audience had confirmed. Times are written "2026-11-29 08:00", in the bridge's time zone, or
    with an offset of their own.
    """
    if campaign:
        if ids or everything or outid:
            raise click.UsageError("With --campaign give neither ids nor --all nor --outid.")
        _replay_campaign((channel, campaign), (since, until), reason)
        return
    if since is not None:
        if ids or everything or channel is None:
            raise click.UsageError("With --since give --channel, and neither ids nor --all.")
        _replay_span(channel, (since, until), outid, reason)
        return
    if until is not None or outid:
        raise click.UsageError("Give --since with --until and --outid.")
    if sum((bool(ids), channel is not None, everything)) != 1:
        raise click.UsageError("Give either ids, or --channel, or --all.")
    with operating() as desk:
        count = desk.replay(channel=channel, ids=ids or None, reason=reason)
    say(f"{count} callbacks are pushed again.{'' if count else _why_none(channel)}")


def _why_none(channel: str | None) -> str:
    """Return why nothing was pushed again: it is only what was given up that has to be."""
    settings = settings_of_ledger()
    with looking(settings) as desk:
        waiting = desk.callbacks(channel)
    none = " None that was given up fits."
    if not waiting:
        return none
    entries = sum(one.entries for one in waiting)
    first = moment(min(one.next_try for one in waiting), settings.bridge.timezone) or "now"
    return f"{none} {entries} entries wait already and are pushed by themselves, the first {first}."


def _replay_span(channel: str, span: tuple[str, str | None], out_id: str, reason: str) -> None:
    settings = settings_of_ledger()
    zone = settings.bridge.timezone
    now = millis(time.time)
    begin, end = (moment_of(text, zone, now) for text in span)
    with operating() as desk:
        replayed = desk.replay_span(channel, begin, end, out_id, reason)
    _told(channel, replayed)


def _replay_campaign(named: tuple[str | None, str], span: tuple[str | None, str | None], reason: str) -> None:
    channel, campaign = named
    settings = settings_of_ledger()
    zone, now = settings.bridge.timezone, millis(time.time)
    begin, end = moment_of(span[0], zone, 0), moment_of(span[1], zone, now)
    with campaigns(settings, who()) as desk, operating() as operator:
        found = desk.seeing.find(desk.chosen(channel), campaign)
        replayed = operator.replay_campaign(found, begin, end, reason)
    _told(found.channel, replayed)


def _told(channel: str, replayed: Replayed) -> None:
    some = replayed.receipts or replayed.replies or replayed.given_up
    say(
        f"{replayed.receipts} receipts and {replayed.replies} replies are pushed again, "
        f"and {replayed.given_up} callbacks that were given up.{'' if some else _why_none(channel)}"
    )
