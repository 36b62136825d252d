"""The first page: how every channel and account is doing now, and how the last day went."""

from collections.abc import Sequence

from bridge.services.desk.lately import Day
from bridge.services.desk.overview import GONE, SeenAccount, SeenChannel, SeenHold, Stop

from ..asking import Asked
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, PageRoute, View
from ..tables import Cell, Column, Link, Moment, Share, State, Table, Word

_NOW = (
    Column("channel", phrase("Channel")),
    Column("account", phrase("Account")),
    Column("sending", phrase("Sending")),
    Column("until", phrase("Until")),
    Column("words", phrase("Why")),
    Column("ready", phrase("Ready")),
    Column("calling", phrase("Being called")),
    Column("unknown", phrase("Outcome in question")),
)
_HELD = (
    Column("channel", phrase("Channel")),
    Column("account", phrase("Account")),
    Column("recipients", phrase("Recipients")),
    Column("reason", phrase("Reason")),
    Column("until", phrase("Until")),
    Column("words", phrase("In words")),
)
_CALLBACKS = (
    Column("channel", phrase("Channel")),
    Column("pushing", phrase("Pushing")),
    Column("waiting", phrase("Waiting")),
    Column("given_up", phrase("Given up")),
    Column("answer", phrase("Last answer")),
)
_FAILURES = (
    Column("channel", phrase("Channel")),
    Column("code", phrase("Code")),
    Column("count", phrase("Messages")),
    Column("sentence", phrase("What it says")),
)
_DAY = (
    Column("channel", phrase("Channel")),
    Column("accepted", phrase("Accepted")),
    Column("called", phrase("Handed to a vendor")),
    Column("delivered", phrase("Delivered")),
    Column("failed", phrase("Failed")),
    Column("delivered_share", phrase("Share delivered")),
)
REASONS = {
    "pause": phrase("paused"),
    "breaker": phrase("rests"),
    "rate": phrase("rate"),
    "campaign": phrase("campaign paused"),
    "policy": phrase("policy"),
    "vendor_hours": phrase("vendor's hours"),
    "throttled": phrase("throttled"),
    "review": phrase("review"),
    "retry": phrase("retry"),
    "refused": phrase("stopped"),
    GONE: phrase("gone"),
}
"""Why something waits or does not go on, by the word of `Hold` or `Stop`."""
_PUSHING = {
    "yes": phrase("yes"),
    "stopped": phrase("stopped"),
    "no address": phrase("no address"),
}


def _overview(desk: Desk, asked: Asked) -> View:
    channels = desk.overview.channels()
    days = desk.last_day.of([one.name for one in channels])
    tables = [
        Table("channels", phrase("Now"), _NOW, _now(desk, channels)),
        Table("held", phrase("Waiting, and why"), _HELD, _held(desk, channels)),
        Table("callbacks", phrase("Callbacks"), _CALLBACKS, [_callbacks(one) for one in channels]),
        Table("day", phrase("The last 24 hours"), _DAY, [_day(one) for one in days]),
        Table("failures", phrase("Failures of the last 24 hours"), _FAILURES, _failures(days)),
    ]
    return View(tables, {"days": days, "workers": desk.last_day.workers()})


def _now(desk: Desk, channels: Sequence[SeenChannel]) -> list[Sequence[Cell]]:
    return [_account(desk, channel, account) for channel in channels for account in channel.accounts]


def _account(desk: Desk, channel: SeenChannel, account: SeenAccount) -> Sequence[Cell]:
    stop = account.stop
    return (
        Link(channel.name, f"/console/channels/{channel.name}"),
        named(account),
        State(REASONS[stop.reason] if stop else phrase("yes")),
        _until(desk, channel.name, stop),
        Word(stop.words if stop else account.error),
        account.ready,
        account.calling,
        account.unknown,
    )


def named(account: SeenAccount) -> Cell:
    """Return an account's name as a cell, or that there is none yet."""
    return account.name or Word(phrase("none yet"))


def _until(desk: Desk, channel: str, stop: Stop | None) -> Cell:
    if stop is None:
        return None
    return Moment(stop.until, desk.zone(channel)) if stop.until else Word(phrase("resumed"))


def _held(desk: Desk, channels: Sequence[SeenChannel]) -> list[Sequence[Cell]]:
    return [
        (
            channel.name,
            named(account),
            one.messages,
            Word(REASONS[one.reason]),
            _until(desk, channel.name, one),
            _because(one),
        )
        for channel in channels
        for account in channel.accounts
        for one in account.held
    ]


def _because(one: SeenHold) -> Cell:
    """Return why something waits; a campaign leads to its page."""
    return Link(one.words, f"/console/campaigns/{one.campaign}") if one.campaign else Word(one.words)


def _callbacks(one: SeenChannel) -> Sequence[Cell]:
    address = f"/console/callbacks?channel={one.name}"
    return Link(one.name, address), State(_PUSHING[one.pushing]), one.callbacks, one.given_up, one.answer


def _day(one: Day) -> Sequence[Cell]:
    return one.channel, sum(one.hours), one.called, one.delivered, one.failed, Share(one.delivered_share)


def _failures(days: Sequence[Day]) -> list[Sequence[Cell]]:
    return [(day.channel, one.code, one.count, Word(one.sentence)) for day in days for one in day.failures]


PAGES = [PageRoute("overview", "", _overview)]
DEEDS: list[Deed] = []
