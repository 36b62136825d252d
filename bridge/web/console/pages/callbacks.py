"""Callbacks to Quick Audience: what waits, what was given up, and pushing it again."""

from collections.abc import Sequence

from bridge.clock import millis
from bridge.ledger import Replayed
from bridge.services.desk.looking import SeenCallbacks, SeenGivenUp, SeenTaken
from bridge.services.desk.signing_in import Role

from ..asking import Asked, NotUnderstood
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, PageRoute, View
from ..tables import Button, Cell, Column, Moment, Table, Word
from ..turning import Spots, ids, turned

_HOME = "/console/callbacks"
_WAITING = (
    Column("channel", phrase("Channel")),
    Column("entries", phrase("Entries")),
    Column("oldest", phrase("The oldest")),
    Column("next_try", phrase("Next try")),
    Column("answer", phrase("Last answer")),
)
_GIVEN_UP = (
    Column("id", phrase("Id")),
    Column("channel", phrase("Channel")),
    Column("kind", phrase("Kind")),
    Column("outId", phrase("outId")),
    Column("entries", phrase("Entries")),
    Column("since", phrase("Since")),
    Column("attempts", phrase("Attempts")),
    Column("error", phrase("Last answer")),
    Column("", ""),
)
_TAKEN = (
    Column("taken", phrase("Taken")),
    Column("channel", phrase("Channel")),
    Column("kind", phrase("Kind")),
    Column("outId", phrase("outId")),
    Column("entries", phrase("Entries")),
    Column("written", phrase("Written")),
    Column("attempts", phrase("Attempts")),
    Column("answer", phrase("Last answer")),
)
_KINDS = {"receipts": phrase("receipts"), "replies": phrase("replies")}


def _callbacks(desk: Desk, asked: Asked) -> View:
    channel = asked.choice("channel", list(desk.settings.channels))
    waiting = desk.looking.callbacks(channel)
    zone, out_id = desk.zone(channel), asked.text("outId")
    dead: Spots[SeenGivenUp] = ids(lambda one: one.id)
    found = turned(asked, zone, lambda rows: desk.looking.given_up(channel, rows), dead, "given_up_")
    rows = (_given_up(desk, one) for one in found.rows)
    ended: Spots[SeenTaken] = ids(lambda one: one.id)
    taken = turned(asked, zone, lambda rows: desk.looking.taken(channel, rows, out_id=out_id), ended)
    told = (_taken(desk, one) for one in taken.rows)
    tables = [
        Table("given_up", phrase("Given up"), _GIVEN_UP, rows, found.more, found.less),
        Table("waiting", phrase("Waiting"), _WAITING, [_waiting(desk, one) for one in waiting]),
        Table("taken", phrase("Taken by Quick Audience"), _TAKEN, told, taken.more, taken.less),
    ]
    return View(tables, {"may_replay": desk.may(Role.OPERATOR)})


def _waiting(desk: Desk, one: SeenCallbacks) -> Sequence[Cell]:
    zone = desk.zone(one.channel)
    due: Cell = Moment(one.next_try, zone) if one.next_try else Word(phrase("now"))
    return one.channel, one.entries, Moment(one.oldest, zone), due, one.answer


def _given_up(desk: Desk, one: SeenGivenUp) -> Sequence[Cell]:
    again = Button(phrase("Push again"), f"{_HOME}/replay", {"id": str(one.id)})
    return (
        str(one.id),
        one.channel,
        Word(_KINDS[one.kind]),
        one.out_id,
        one.entries,
        Moment(one.since, desk.zone(one.channel)),
        one.attempts,
        one.error,
        again if desk.may(Role.OPERATOR) else None,
    )


def _taken(desk: Desk, one: SeenTaken) -> Sequence[Cell]:
    zone = desk.zone(one.channel)
    return (
        Moment(one.taken, zone),
        one.channel,
        Word(_KINDS[one.kind]),
        one.out_id,
        one.entries,
        Moment(one.written, zone),
        one.attempts,
        one.answer,
    )


def _replay(desk: Desk, asked: Asked) -> Done:
    """Push one again, or all that a channel gave up."""
    identity, channel = asked.text("id", 20), asked.text("channel")
    if bool(identity) == bool(channel) or not (channel or identity.isdecimal()):
        raise NotUnderstood(phrase("Name a callback, or a channel."))
    ids = [int(identity)] if identity else None
    count = desk.operating.replay(channel=channel or None, ids=ids, reason=asked.text("reason"))
    if not count:
        return Done(phrase("None that was given up fits; what waits already is pushed by itself."), {})
    return Done(phrase("%(count)s callbacks are pushed again."), {"count": count})


def _replay_span(desk: Desk, asked: Asked) -> Done:
    """Push again what ended or came in a span of time, also what Quick Audience had confirmed."""
    channel, campaign = asked.text("channel"), asked.text("campaign")
    if campaign:
        return _replay_campaign(desk, asked, campaign)
    span = asked.span(desk.zone(channel))
    if not span["since"]:
        raise NotUnderstood(phrase("Say since when."))
    until = min(span["until"], millis(desk.bridge.clock))
    done = desk.operating.replay_span(
        channel, span["since"], until, asked.text("outId"), asked.text("reason")
    )
    return _told(done)


def _replay_campaign(desk: Desk, asked: Asked, campaign: str) -> Done:
    found = desk.campaigns.seeing.find(desk.campaigns.chosen(None), campaign)
    span = asked.span(desk.zone(found.channel))
    until = min(span["until"], millis(desk.bridge.clock))
    return _told(desk.operating.replay_campaign(found, span["since"], until, asked.text("reason")))


def _told(done: Replayed) -> Done:
    return Done(
        phrase(
            "%(receipts)s receipts and %(replies)s replies are pushed again, and %(given_up)s callbacks that "
            "were given up."
        ),
        {"receipts": done.receipts, "replies": done.replies, "given_up": done.given_up},
    )


PAGES = [PageRoute("callbacks", "/callbacks", _callbacks)]
DEEDS = [
    Deed("replay", "/callbacks/replay", _replay),
    Deed("replay_span", "/callbacks/replay-span", _replay_span),
]
