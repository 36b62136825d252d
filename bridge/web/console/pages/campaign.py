"""One campaign: where its recipients stand, why some failed, how long delivery took, and a hand on it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple
from datetime import tzinfo

from bridge.ledger.campaigns.turning import Turn, spot_of
from bridge.services.campaigns.exporting import STATUSES, WAITING, Choice
from bridge.services.campaigns.seeing import Funnel, ReadFile, SeenFailure, SeenSpan, Whole
from bridge.services.desk.amounts import charged, priced
from bridge.services.desk.signing_in import Role

from ..asking import ROWS, Asked, NotUnderstood
from ..charts import Bar
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, NotAllowed, PageRoute, View
from ..tables import Cell, Column, Facts, Link, Moment, Share, State, Table, Word, charge_of, cost_of
from .campaigns import STATE_NAMES

_HOME = "/console/campaigns"
STATUS_NAMES = {
    WAITING: phrase("waiting"),
    "calling": phrase("outcome in question"),
    "accepted": phrase("accepted"),
    "delivered": phrase("delivered"),
    "undeliverable": phrase("undeliverable"),
    "expired": phrase("expired"),
    "rejected": phrase("rejected"),
    "unknown": phrase("never known"),
    "unsent": phrase("not sent"),
}
_ITSELF = (
    Column("campaign", phrase("Campaign")),
    Column("id", phrase("Id")),
    Column("named_by", phrase("Named by")),
    Column("channel", phrase("Channel")),
    Column("state", phrase("State")),
    Column("reason", phrase("Reason")),
    Column("template", phrase("Template")),
    Column("template_name", phrase("Template's name")),
    Column("text", phrase("Text")),
    Column("signature", phrase("Signature")),
    Column("first_send", phrase("First send")),
    Column("last_send", phrase("Last send")),
    Column("sends", phrase("Sends")),
    Column("recipients", phrase("Recipients")),
    Column("segments", phrase("Segments")),
    Column("average_s", phrase("Seconds to delivery on average")),
    Column("cost", phrase("Cost (estimate)")),
    Column("charged", phrase("Charged by the vendor")),
    Column("task", phrase("Task")),
    Column("files", phrase("Files")),
)
"""What the page says outside its tables, for programs."""
_TEMPLATES = (
    Column("template", phrase("Template")),
    Column("template_name", phrase("Template's name")),
    Column("text", phrase("Text")),
    Column("signature", phrase("Signature")),
    Column("sends", phrase("Sends")),
    Column("recipients", phrase("Recipients")),
)
_FUNNEL = (
    Column("stage", phrase("Stage")),
    Column("count", phrase("Recipients")),
)
_FAILURES = (
    Column("count", phrase("Messages")),
    Column("share", phrase("Share")),
    Column("status", phrase("Status")),
    Column("code", phrase("Code")),
    Column("meaning", phrase("What it says")),
)
_TIMES = (
    Column("within_s", phrase("Within seconds")),
    Column("count", phrase("Messages")),
)
_RECIPIENTS = (
    Column("number", phrase("Number")),
    Column("status", phrase("Status")),
    Column("code", phrase("Code")),
    Column("reason", phrase("In words")),
    Column("segments", phrase("Segments")),
    Column("sent", phrase("Sent")),
    Column("ended", phrase("Ended")),
    Column("outId", phrase("outId")),
    Column("send", phrase("Send")),
    Column("message", phrase("Message")),
    Column("vendor_id", phrase("Vendor's id")),
    Column("account", phrase("Account")),
)


def _campaign(desk: Desk, asked: Asked, campaign: str) -> View:
    whole = desk.campaigns.seeing.whole(desk.campaigns.chosen(None), campaign)
    seen = whole.campaign
    zone = desk.zone(seen.channel)
    bars = _bars(seen.funnel)
    tables = [
        Table("funnel", phrase("Recipients"), _FUNNEL, [(Word(bar.label), bar.count) for bar in bars]),
        Table("failures", phrase("Failures"), _FAILURES, [_failure(seen.id, one) for one in whole.failures]),
        Table(
            "times", phrase("Time to delivery"), _TIMES, [(one.within_s, one.count) for one in whole.times]
        ),
        Table("templates", phrase("Templates"), _TEMPLATES, [astuple(one) for one in whole.templates]),
        Table("campaign", phrase("What it is"), _ITSELF, [_itself(whole, zone)]),
    ]
    facts = {
        "whole": whole,
        "seen": seen,
        "state": STATE_NAMES[seen.state],
        "bars": bars,
        "times": [_span(one) for one in whole.times],
        "first": Moment(seen.first, zone),
        "last": Moment(seen.last, zone),
        "may_act": desk.may(Role.OPERATOR) and seen.state != "cancelled",
        "text": _text(whole),
        "cost": priced(seen.costs),
        "charge": charged(seen.costs),
    }
    return View(tables, facts)


def _itself(whole: Whole, zone: tzinfo) -> Sequence[Cell]:
    seen, average = whole.campaign, whole.average_s
    return (
        seen.name or seen.id,
        seen.id,
        seen.named_by,
        seen.channel,
        State(STATE_NAMES[seen.state]),
        Word(seen.reason),
        whole.template_code,
        whole.template_name,
        _text(whole),
        whole.sign,
        Moment(seen.first, zone),
        Moment(seen.last, zone),
        seen.sends,
        seen.funnel.recipients,
        seen.funnel.segments,
        Facts("" if average is None else f"{average:.1f}", average and round(average, 1)),
        cost_of(seen.costs),
        charge_of(seen.costs),
        Facts(" ".join(f"{name}={value}" for name, value in whole.task.items()), whole.task),
        Facts("; ".join(map(_file, whole.files)), [asdict(one) for one in whole.files]),
    )


def _file(one: ReadFile) -> str:
    """Return a file as one text, for CSV."""
    how = "read" if one.done else "being read"
    return ", ".join(filter(None, (how, str(one.recipients), one.read_as, one.error)))


def _text(whole: Whole) -> str:
    return whole.template_text if isinstance(whole.template_text, str) else ""


def _bars(funnel: Funnel) -> list[Bar]:
    return [
        Bar(phrase("waiting"), funnel.waiting, "waiting"),
        Bar(phrase("outcome in question"), funnel.in_question, "unknown"),
        Bar(phrase("sent, no receipt yet"), funnel.accepted, "sent"),
        Bar(phrase("delivered"), funnel.delivered, "delivered"),
        Bar(phrase("failed"), funnel.failed, "failed"),
        Bar(phrase("never known"), funnel.unknown, "unknown"),
    ]


def _failure(campaign: str, one: SeenFailure) -> Sequence[Cell]:
    address = Asked(f"{_HOME}/{campaign}/recipients", {"status": one.status, "code": one.code}).address()
    return (
        one.count,
        Share(one.share),
        State(STATUS_NAMES[one.status], one.status),
        Link(one.code or one.status, address),
        Word(one.sentence),
    )


def _span(one: SeenSpan) -> tuple[str, int]:
    if one.within_s is None:
        return "", one.count
    for unit, size in ((" h", 3600), (" min", 60)):
        if one.within_s >= size:
            return f"{one.within_s // size}{unit}", one.count
    return f"{one.within_s} s", one.count


def _recipients(desk: Desk, asked: Asked, campaign: str) -> View:
    found = desk.campaigns.seeing.find(desk.campaigns.chosen(None), campaign)
    zone, exporting = desk.zone(found.channel), desk.campaigns.exporting
    choice, full = _choice(desk, asked, zone)
    facts = {
        "campaign": campaign,
        "found": found,
        "count": exporting.count(found, choice),
        "statuses": STATUS_NAMES,
        "may_see_all": desk.may(Role.OPERATOR),
    }
    if asked.form != "html":
        return View([_table(_rows(exporting.rows(found, choice, full=full), zone))], facts)
    page = exporting.page(found, choice, _turn(asked), ROWS)
    table = _table(_rows(page.rows, zone), _turned(asked, page.after), _turned(asked, page.before))
    return View([table], {**facts, "cut": page.cut})


def _table(rows: Iterable[Sequence[Cell]], more: str = "", less: str = "") -> Table:
    return Table("recipients", phrase("Recipients"), _RECIPIENTS, rows, more, less)


def _choice(desk: Desk, asked: Asked, zone: tzinfo) -> tuple[Choice, bool]:
    """Return which recipients are asked for, and if with whole numbers."""
    status, code = asked.choice("status", STATUSES), asked.text("code", 128)
    full = asked.text("full") == "yes"
    if full and not desk.may(Role.OPERATOR):
        raise NotAllowed
    span = asked.span(zone)
    return Choice([status] if status else [], [code] if code else [], **span), full


def _turn(asked: Asked) -> Turn:
    """Return which page is asked for."""
    for name, back in (("before", True), ("after", False)):
        if typed := asked.text(name):
            if (spot := spot_of(typed)) is None:
                raise NotUnderstood(phrase("The filter %(name)s cannot have this value."), name=name)
            return Turn(spot, back)
    return Turn()


def _turned(asked: Asked, turn: Turn | None) -> str:
    """Return the address of another page, "" for none."""
    if turn is None:
        return ""
    names = {"before": "", "after": "", "before" if turn.back else "after": str(turn.spot)}
    return asked.address(**names)


def _rows(rows: Iterable[Mapping[str, object]], zone: tzinfo) -> Iterator[Sequence[Cell]]:
    for row in rows:
        yield tuple(_cell(column.name, row[column.name], zone) for column in _RECIPIENTS)


def _cell(name: str, value: object, zone: tzinfo) -> Cell:
    if name in ("sent", "ended"):
        return Moment(value if isinstance(value, int) else None, zone)
    if name == "status":
        return State(STATUS_NAMES[str(value)], str(value))
    if name == "reason":
        return Word(str(value or ""))
    return value if isinstance(value, int) else str(value or "")


def _pause(desk: Desk, asked: Asked, campaign: str) -> Done:
    reason = asked.text("reason") or "Paused by an operator."
    desk.campaigns.controlling.pause(desk.campaigns.chosen(None), campaign, reason)
    return Done(
        phrase("The campaign is paused; what is being called runs its course."), back=_address(campaign)
    )


def _resume(desk: Desk, asked: Asked, campaign: str) -> Done:
    desk.campaigns.controlling.resume(desk.campaigns.chosen(None), campaign, asked.text("reason"))
    return Done(phrase("The campaign is sent on."), back=_address(campaign))


def _cancel(desk: Desk, asked: Asked, campaign: str) -> Done:
    reason = asked.text("reason") or "Cancelled by an operator."
    ends = desk.campaigns.controlling.cancel(desk.campaigns.chosen(None), campaign, reason)
    if ends:
        told = phrase("The campaign is cancelled; the workers end what was not sent.")
    else:
        told = phrase("The campaign is cancelled; it had ended, and what comes of it later is refused.")
    return Done(told, back=_address(campaign))


def _address(campaign: str) -> str:
    return f"{_HOME}/{campaign}"


PAGES = [
    PageRoute("campaign", "/campaigns/<campaign>", _campaign),
    PageRoute("recipients", "/campaigns/<campaign>/recipients", _recipients),
]
DEEDS = [
    Deed("pause_campaign", "/campaigns/<campaign>/pause", _pause),
    Deed("resume_campaign", "/campaigns/<campaign>/resume", _resume),
    Deed("cancel_campaign", "/campaigns/<campaign>/cancel", _cancel),
]
