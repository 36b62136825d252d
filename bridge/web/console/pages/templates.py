"""Templates: how each stands at the vendor, and what the accounts beside the primary one have of them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from bridge.ledger import Filed
from bridge.ledger.reviews.drift import NO_LIST, ONLY_THERE, SIGN, TEMPLATE
from bridge.plugin import ReviewStatus
from bridge.services.desk.looking import SeenTemplate
from bridge.services.desk.signing_in import Role
from bridge.services.reviews.drifting import CHANGED, MISSING, STATE, UNANSWERED, SeenDrift, seen

from ..asking import Asked
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, PageRoute, View
from ..tables import Button, Cell, Column, Link, Moment, State, Table, Word
from ..turning import Listed, Spots, among, names, turned

T = TypeVar("T")

STATUS_NAMES = {
    "pending": phrase("pending"),
    "approved": phrase("approved"),
    "partial": phrase("partly approved"),
    "rejected": phrase("refused in review"),
}
_KINDS = {"text": phrase("text"), "digital": phrase("digital")}
_TYPES = {
    "captcha": phrase("captcha"),
    "notification": phrase("notification"),
    "promotion": phrase("promotion"),
    "international": phrase("international"),
}
_TEMPLATES = (
    Column("channel", phrase("Channel")),
    Column("code", phrase("Code")),
    Column("name", phrase("Name")),
    Column("kind", phrase("Kind")),
    Column("type", phrase("Type")),
    Column("status", phrase("Review")),
    Column("reason", phrase("Reason")),
    Column("vendor_code", phrase("Vendor's code")),
    Column("state", phrase("Vendor's own state")),
    Column("asked", phrase("Last asked")),
    Column("created", phrase("Created")),
    Column("content", phrase("Text")),
)
_FILINGS = (
    Column("channel", phrase("Channel")),
    Column("code", phrase("Code")),
    Column("account", phrase("Account")),
    Column("status", phrase("Review")),
    Column("reason", phrase("Reason")),
    Column("vendor_code", phrase("Vendor's code")),
    Column("state", phrase("Vendor's own state")),
    Column("asked", phrase("Last asked")),
    Column("changed", phrase("Changed")),
    Column("owed", phrase("Still to do")),
    Column("error", phrase("Latest error")),
)
_DRIFT = (
    Column("channel", phrase("Channel")),
    Column("account", phrase("Account")),
    Column("kind", phrase("Kind")),
    Column("name", phrase("Name")),
    Column("differs", phrase("Differs")),
    Column("here", phrase("Here")),
    Column("there", phrase("There")),
    Column("since", phrase("Since")),
    Column("asked", phrase("Last asked")),
)
_ASKED = (
    Column("channel", phrase("Channel")),
    Column("asked_for", phrase("Asked for")),
    Column("differ", phrase("Differ")),
    Column("asked", phrase("Last asked")),
    Column("", ""),
)
_KINDS_OF_DRIFT = {TEMPLATE: phrase("template"), SIGN: phrase("signature")}
_DIFFERS = {
    MISSING: phrase("missing"),
    CHANGED: phrase("changed"),
    STATE: phrase("another state"),
    UNANSWERED: phrase("not answered"),
    ONLY_THERE: phrase("only at the vendor"),
    NO_LIST: phrase("no list"),
}


def _templates(desk: Desk, asked: Asked) -> View:
    channel = asked.choice("channel", list(desk.settings.channels))
    status = asked.choice("status", list(STATUS_NAMES))
    found = desk.looking.templates(
        channel,
        ReviewStatus(status) if status else None,
        text=asked.text("search"),
        **asked.span(desk.zone(channel)),
    )
    zone = desk.zone(channel)
    codes: Spots[SeenTemplate] = names(lambda one: (one.channel, one.code))
    shown = turned(asked, zone, among(found, codes), codes)
    filings: Spots[Filed] = names(lambda one: (one.channel, one.code, one.account))
    filed = turned(asked, zone, among(desk.looking.filings(channel), filings), filings, "filings_")
    differ = turned(asked, zone, among(_drifts(desk, channel), _DRIFTS), _DRIFTS, "drift_")
    tables = [
        _listed("templates", phrase("Templates"), _TEMPLATES, shown, partial(_template, desk)),
        Table("asked", phrase("What the accounts were asked for"), _ASKED, _asked(desk, channel)),
        _listed("drift", phrase("Where an account says otherwise"), _DRIFT, differ, partial(_drift, desk)),
        _listed("filings", phrase("Templates at other accounts"), _FILINGS, filed, partial(_filing, desk)),
    ]
    return View(tables, {"statuses": STATUS_NAMES})


def _listed(
    name: str, title: str, columns: Sequence[Column], page: Listed[T], row: Callable[[T], Sequence[Cell]]
) -> Table:
    return Table(name, title, columns, [row(one) for one in page.rows], page.more, page.less)


def _template(desk: Desk, one: SeenTemplate) -> Sequence[Cell]:
    return (
        one.channel,
        Link(one.code, f"/console/templates/{one.channel}/{one.code}"),
        one.name,
        Word(_KINDS[one.kind]),
        Word(_TYPES[one.type]),
        State(STATUS_NAMES[one.status], one.status),
        Word(one.reason),
        one.vendor_code,
        one.state,
        Moment(one.asked, desk.zone(one.channel)),
        Moment(one.created, desk.zone(one.channel)),
        one.content,
    )


def _asked(desk: Desk, channel: str | None) -> list[Sequence[Cell]]:
    """Return for each channel how much its accounts were asked for, and when last."""
    rows: list[Sequence[Cell]] = []
    for name in desk.looking.chosen(channel):
        found = seen(desk.bridge.ledger, name)
        last = max((one.asked for one in found), default=None)
        ask = Button(phrase("Ask now"), "/console/templates/ask", {"channel": name})
        wanted = sum(1 for one in found if one.differs or not one.what)
        differ = sum(1 for one in found if one.differs)
        may = desk.may(Role.OPERATOR)
        rows.append((name, wanted, differ, Moment(last, desk.zone(name)), ask if may else None))
    return rows


def _ask(desk: Desk, asked: Asked) -> Done:
    """Let a worker ask the accounts of a channel now: it may take longer than a page can wait."""
    channel = asked.text("channel", 64)
    desk.operating.ask_accounts(channel, asked.text("reason"))
    text = phrase("A worker asks the accounts of %(channel)s; open this page again in half a minute.")
    return Done(text, {"channel": channel}, "/console/templates")


class _Differs(NamedTuple):
    """What an account of a channel says otherwise."""

    channel: str
    drift: SeenDrift


_DRIFTS: Spots[_Differs] = Spots(
    lambda one: (one.channel, one.drift.account, one.drift.kind, one.drift.name),
    lambda spot: "/".join(map(str, spot)),
    # Signatures have whatever names people gave them, also with a slash.
    lambda text: tuple(text.split("/", 3)),
)


def _drifts(desk: Desk, channel: str | None) -> list[_Differs]:
    """Return what differs, as the accounts said when they were asked last."""
    return [
        _Differs(name, one)
        for name in desk.looking.chosen(channel)
        for one in seen(desk.bridge.ledger, name)
        if one.what
    ]


def _drift(desk: Desk, differs: _Differs) -> Sequence[Cell]:
    channel, one = differs
    zone = desk.zone(channel)
    return (
        channel,
        one.account,
        Word(_KINDS_OF_DRIFT[one.kind]),
        one.name,
        State(_DIFFERS[one.what]),
        one.here,
        one.there,
        Moment(one.since, zone),
        Moment(one.asked, zone),
    )


def _filing(desk: Desk, one: Filed) -> Sequence[Cell]:
    zone = desk.zone(one.channel)
    return (
        one.channel,
        one.code,
        one.account,
        State(STATUS_NAMES[one.status], one.status) if one.status else None,
        Word(one.reason),
        one.vendor_code,
        one.state,
        Moment(one.checked, zone),
        Moment(one.changed, zone),
        one.owed,
        one.error,
    )


PAGES = [PageRoute("templates", "/templates", _templates)]
DEEDS = [Deed("ask_accounts", "/templates/ask", _ask)]
