"""One number over all campaigns: the whole number goes in, sealed into an address, and comes out masked."""

from collections.abc import Iterator, Sequence

from bridge.clock import FOREVER_MS
from bridge.ledger import Excerpt
from bridge.plugin import BadNumber, Phone, from_vendor
from bridge.plugin.phone import mask
from bridge.services.desk.signing_in import Role
from bridge.services.desk.timeline import SeenAttempt, SeenMessage, SeenReport, SeenTelling
from bridge.services.desk.waiting import CALLING, ENDS, TURN, SeenQueue, SeenWaiting

from ..asking import Asked, NotUnderstood
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, PageRoute, View
from ..tables import Cell, Column, Link, Moment, State, Table, Word, charge_of, cost_of
from ..turning import Spots, moments, turned
from .campaign import STATUS_NAMES
from .overview import REASONS

_HOME = "/console/numbers"
_MESSAGES = (
    Column("message", phrase("Message")),
    Column("sent", phrase("Sent")),
    Column("ended", phrase("Ended")),
    Column("status", phrase("Status")),
    Column("code", phrase("Code")),
    Column("reason", phrase("In words")),
    Column("channel", phrase("Channel")),
    Column("campaign", phrase("Campaign")),
    Column("template", phrase("Template")),
    Column("segments", phrase("Segments")),
    Column("vendor_id", phrase("Vendor's id")),
    Column("cost", phrase("Cost (estimate)")),
    Column("charged", phrase("Charged by the vendor")),
)
_WAITING = (
    Column("message", phrase("Message")),
    Column("accepted", phrase("Accepted")),
    Column("channel", phrase("Channel")),
    Column("campaign", phrase("Campaign")),
    Column("template", phrase("Template")),
    Column("account", phrase("Account")),
    Column("reason", phrase("Waits for")),
    Column("until", phrase("Until")),
    Column("words", phrase("Why")),
    Column("deadline", phrase("Ends unsent")),
)
_MOST_WAITING = 100
_LOOKED_THROUGH = 100_000
"""So many recipients are looked through for a page, which is not to take long; programs get all."""
_UNREAD = (
    Column("channel", phrase("Channel")),
    Column("send", phrase("Send")),
    Column("recipients", phrase("Recipients")),
)
"""What the page says in a sentence, for programs: files whose rest may hold the number."""
_ATTEMPTS = (
    Column("message", phrase("Message")),
    Column("called", phrase("Called")),
    Column("answered", phrase("Answered")),
    Column("account", phrase("Account")),
    Column("outcome", phrase("Outcome")),
    Column("code", phrase("Code")),
    Column("words", phrase("In the vendor's words")),
)
_REPORTS = (
    Column("message", phrase("Message")),
    Column("at", phrase("When")),
    Column("reported", phrase("Reported")),
    Column("code", phrase("Code")),
    Column("words", phrase("In the vendor's words")),
    Column("counts", phrase("Counts")),
    Column("times", phrase("Times")),
)
_CALLBACKS = (
    Column("message", phrase("Message")),
    Column("callback", phrase("Callback")),
    Column("written", phrase("Written")),
    Column("at", phrase("Taken, or tried next")),
    Column("attempts", phrase("Attempts")),
    Column("answer", phrase("Last answer")),
)
_OUTCOMES = {
    "accepted": phrase("accepted"),
    "rejected": phrase("rejected"),
    "not_sent": phrase("not taken"),
    "unknown": phrase("outcome unknown"),
}
_TELLINGS = {
    "taken": phrase("taken"),
    "waiting": phrase("waiting"),
    "given up": phrase("given up"),
}
WAITS = {
    CALLING: phrase("being called"),
    TURN: phrase("its turn"),
    ENDS: phrase("its end: the campaign is cancelled"),
}
_COUNTS = {
    (True, False): phrase("yes"),
    (False, False): phrase("no: it came later"),
    (True, True): phrase("yes: it is about an earlier call"),
    (False, True): phrase("no: it is about an earlier call"),
}


def _ask(desk: Desk, asked: Asked) -> View:
    return View([])


def _find(desk: Desk, asked: Asked) -> Done:
    phone = typed_number(asked)
    span = {name: asked.text(name) for name in ("since", "until", "zone")}
    asked.span(desk.zone(None))  # what is no time is told before it leads anywhere
    return Done("", back=Asked(f"{_HOME}/{desk.sealing.seal(phone.raw)}", span).address())


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
    spots: Spots[SeenMessage] = moments(lambda one: one.place)
    found = turned(asked, desk.zone(channel), lambda rows: desk.looking.messages(phone, channel, rows), spots)
    shown = list(found.rows)
    rows = [_message(desk, one) for one in shown]
    queue = _queue(desk, asked, phone, channel)
    waits = queue.messages[:_MOST_WAITING] if asked.form == "html" else queue.messages
    tables = [
        Table("messages", phrase("Messages"), _MESSAGES, rows, found.more, found.less),
        Table("attempts", phrase("Attempts"), _ATTEMPTS, list(_attempts(desk, shown))),
        Table("reports", phrase("Reports"), _REPORTS, list(_reports(desk, shown))),
        Table("callbacks", phrase("Callbacks to Quick Audience"), _CALLBACKS, list(_tellings(desk, shown))),
        Table("waiting", phrase("Waiting, and why"), _WAITING, [_waits(desk, one) for one in waits]),
        Table("unread", phrase("Files that are being read"), _UNREAD, _unread(queue)),
    ]
    facts = {
        "masked": mask(phone.raw),
        "queue": queue,
        "further": len(queue.messages) > _MOST_WAITING,
        "sealed": sealed,
        "may_forget": desk.may(Role.ADMIN),
    }
    return View(tables, facts)


def _queue(desk: Desk, asked: Asked, phone: Phone, channel: str | None) -> SeenQueue:
    """Return what waits for a number: of a page the next ones, for programs all, if they ask for it."""
    span, table = asked.span(desk.zone(channel)), asked.text("table")
    if asked.form == "html":
        rows = Excerpt(span["since"], span["until"], _MOST_WAITING + 1)
        return desk.looking.waiting(phone, channel, rows, most=_LOOKED_THROUGH)
    wanted = table in ("waiting", "unread") or (asked.form == "json" and not table)
    rows = Excerpt(span["since"], span["until"], FOREVER_MS if wanted else 0)
    return desk.looking.waiting(phone, channel, rows, most=FOREVER_MS if wanted else 0)


def _unread(queue: SeenQueue) -> list[Sequence[Cell]]:
    return [(channel, file.send, file.taken) for channel, file in queue.files]


def _waits(desk: Desk, one: SeenWaiting) -> Sequence[Cell]:
    zone = desk.zone(one.channel)
    by_person = one.until is None and one.reason not in WAITS
    return (
        one.ref,
        Moment(one.accepted, zone),
        one.channel,
        Link(one.campaign_name, f"/console/campaigns/{one.campaign}") if one.campaign else one.out_id,
        one.template,
        one.account,
        State(WAITS.get(one.reason) or REASONS[one.reason]),
        Word(phrase("resumed")) if by_person else Moment(one.until, zone),
        Word(one.words),
        Moment(one.deadline, zone),
    )


def _message(desk: Desk, one: SeenMessage) -> Sequence[Cell]:
    zone = desk.zone(one.channel)
    return (
        one.ref,
        Moment(one.sent, zone),
        Moment(one.ended_at, zone),
        State(STATUS_NAMES[one.status], one.status),
        one.code,
        Word(one.reason),
        one.channel,
        Link(one.campaign_name, f"/console/campaigns/{one.campaign}") if one.campaign else one.out_id,
        one.template,
        one.segments,
        one.vendor_id,
        cost_of(one.costs),
        charge_of(one.costs),
    )


def _attempts(desk: Desk, found: Sequence[SeenMessage]) -> Iterator[Sequence[Cell]]:
    for message in found:
        for one in message.attempts:
            yield message.ref, *_attempt(desk, message.channel, one)


def _attempt(desk: Desk, channel: str, one: SeenAttempt) -> Sequence[Cell]:
    zone = desk.zone(channel)
    called, answered = Moment(one.called, zone), Moment(one.answered, zone)
    return (
        called,
        answered,
        one.account,
        State(_OUTCOMES[one.outcome], one.outcome),
        one.code,
        Word(one.words),
    )


def _reports(desk: Desk, found: Sequence[SeenMessage]) -> Iterator[Sequence[Cell]]:
    for message in found:
        for one in message.reports:
            yield message.ref, *_report(desk, message.channel, one)


def _report(desk: Desk, channel: str, one: SeenReport) -> Sequence[Cell]:
    at, status = Moment(one.at, desk.zone(channel)), State(STATUS_NAMES[one.status], one.status)
    return at, status, one.code, Word(one.words), Word(_COUNTS[one.counts, one.earlier]), one.times


def _tellings(desk: Desk, found: Sequence[SeenMessage]) -> Iterator[Sequence[Cell]]:
    for message in found:
        for one in message.callbacks:
            yield message.ref, *_telling(desk, message.channel, one)


def _telling(desk: Desk, channel: str, one: SeenTelling) -> Sequence[Cell]:
    zone = desk.zone(channel)
    written, at = Moment(one.created, zone), Moment(one.at, zone)
    return State(_TELLINGS[one.state]), written, at, one.attempts, one.answer


def _forget(desk: Desk, asked: Asked, sealed: str) -> Done:
    phone = from_vendor(number_in(desk, sealed))
    done = desk.operating.forget(phone, asked.text("reason") or "Asked to be forgotten.")
    if done.busy:
        busy = phrase("%(busy)s batches with the person are just being called: forget again in some minutes.")
        return Done(busy, {"busy": done.busy})
    rows = sum(done.rows.values())
    return Done(phrase("%(rows)s rows hold nothing of the person any more."), {"rows": rows})


PAGES = [
    PageRoute("numbers", "/numbers", _ask),
    PageRoute("number", "/numbers/<sealed>", _number),
]
DEEDS = [
    Deed("find_number", "/numbers", _find, Role.VIEWER),
    Deed("forget_number", "/numbers/<sealed>/forget", _forget, Role.ADMIN),
]
