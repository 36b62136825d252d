"""One number over all campaigns: the whole number goes in, sealed into an address, and comes out masked."""

from collections.abc import Sequence

from bridge.plugin import BadNumber, Phone, from_vendor
from bridge.plugin.phone import mask
from bridge.services.looking import SeenMessage
from bridge.services.signing_in import Role

from ..asking import Asked, NotUnderstood
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, Page, View
from ..tables import Cell, Column, Moment, State, Table, Word
from .campaign import STATUS_NAMES

_HOME = "/console/numbers"
_DAYS = ("1", "7", "30")
_COLUMNS = (
    Column("sent", phrase("Sent")),
    Column("ended", phrase("Ended")),
    Column("status", phrase("Status")),
    Column("code", phrase("Code")),
    Column("reason", phrase("In words")),
    Column("channel", phrase("Channel")),
    Column("outId", phrase("outId")),
    Column("template", phrase("Template")),
    Column("segments", phrase("Segments")),
)


def _ask(desk: Desk, asked: Asked) -> View:
    return View([], {"days": _DAYS})


def _find(desk: Desk, asked: Asked) -> Done:
    phone = typed_number(asked)
    days = asked.choice("days", _DAYS) or "7"
    return Done("", back=f"{_HOME}/{desk.sealing.seal(phone.raw)}?days={days}")


def typed_number(asked: Asked) -> Phone:
    """Return the number in a form's field; it stands in no message."""
    try:
        return from_vendor(asked.text("number", 40))
    except BadNumber:
        raise NotUnderstood(
            phrase("That is no phone number: mainland as 11 digits, others with + and country code.")
        ) from None


def number_in(desk: Desk, sealed: str) -> str:
    """Return the number that an address holds."""
    try:
        return desk.sealing.unseal(sealed)
    except ValueError:
        raise NotUnderstood(
            phrase("This address holds no number of this console: search for it anew.")
        ) from None


def _number(desk: Desk, asked: Asked, sealed: str) -> View:
    phone = from_vendor(number_in(desk, sealed))
    channel = asked.choice("channel", list(desk.settings.channels))
    days = int(asked.choice("days", _DAYS) or "7")
    found = desk.looking.messages(phone, channel, days=days, limit=asked.limit)
    rows = [_row(desk, one) for one in found[asked.shown(found)]]
    table = Table("messages", phrase("Messages"), _COLUMNS, rows, asked.more(found))
    facts = {
        "masked": mask(phone.raw),
        "days": _DAYS,
        "waiting": desk.looking.unsent(channel),
        "sealed": sealed,
        "may_forget": desk.may(Role.ADMIN),
    }
    return View([table], facts)


def _row(desk: Desk, one: SeenMessage) -> Sequence[Cell]:
    zone = desk.zone(one.channel)
    return (
        Moment(one.sent, zone),
        Moment(one.ended, zone),
        State(STATUS_NAMES[one.status]),
        one.code,
        Word(one.reason),
        one.channel,
        one.out_id,
        one.template,
        one.segments,
    )


def _forget(desk: Desk, asked: Asked, sealed: str) -> Done:
    phone = from_vendor(number_in(desk, sealed))
    done = desk.operating.forget(phone, asked.text("reason") or "Asked to be forgotten.")
    if done.busy:
        return Done(
            phrase(
                "%(busy)s batches with the person are being called just now: forget again in some minutes."
            ),
            {"busy": done.busy},
        )
    return Done(
        phrase("%(rows)s rows hold nothing of the person any more."), {"rows": sum(done.rows.values())}
    )


PAGES = [
    Page("numbers", "/numbers", _ask),
    Page("number", "/numbers/<sealed>", _number),
]
DEEDS = [
    Deed("find_number", "/numbers", _find, Role.VIEWER),
    Deed("forget_number", "/numbers/<sealed>/forget", _forget, Role.ADMIN),
]
