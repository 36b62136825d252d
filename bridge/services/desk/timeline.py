"""One message from its first call to the callback that told of its end: what a person asks about a number.

Numbers leave this room masked; a vendor's and Quick Audience's own words are freed of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge import logs
from bridge.ledger import RECEIPT, UNCALLED, Attempt, Callback, Detail, KindCount, LateReport, Ledger, Telling
from bridge.ledger.refs import Place, message_ref, to_ref
from bridge.plugin import MessageStatus, Outcome
from bridge.plugin.phone import mask
from bridge.plugin.status import REPORTED

from ..pricing import SeenCost, costs
from ..sentences import never_called


@dataclass(frozen=True, slots=True)
class SeenAttempt:
    """One call with the message in it: at which account, and what the vendor said. Times in milliseconds.

    `outcome`: accepted, rejected, not_sent or unknown. `identity`: a digest that tells vendor accounts apart.
    """

    called: int
    answered: int
    account: str
    identity: str
    outcome: str
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class SeenReport:
    """A report on the message. `counts`: it ended the message; others came later and changed nothing.

    `at` is the vendor's time, `times` how often the same was reported. `earlier`: it is about a call before
    the message was sent again.
    """

    at: int
    status: str
    code: str
    words: str
    counts: bool
    times: int = 1
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class SeenTelling:
    """A callback that told Quick Audience, or is to. `state`: taken, waiting or given up.

    `at`: when it was taken, else when it is tried next; `answer`: what Quick Audience said last.
    """

    state: str
    created: int
    at: int
    attempts: int
    answer: str


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """What became of one message; times in milliseconds. `sent` None: never called; `ended_at` None: it
    has not ended.

    `ref` names it to the vendor, `vendor_id` is the vendor's name for it. `campaign` is the campaign's id.
    `place`: where it stands among the messages to its number, by time, batch and number in the batch.
    """

    channel: str
    number: str
    ref: str
    out_id: str
    campaign: str
    campaign_name: str
    template: str
    segments: int
    vendor_id: str
    status: str
    code: str
    reason: str
    sent: int | None
    ended_at: int | None
    costs: Sequence[SeenCost] = ()
    attempts: Sequence[SeenAttempt] = ()
    reports: Sequence[SeenReport] = ()
    callbacks: Sequence[SeenTelling] = ()
    place: tuple[int, int, int] = (0, 0, 0)


_Tellings = Mapping[tuple[str, str], tuple[Sequence[Callback], Sequence[Telling]]]


class Timeline:
    """Tells all that is known of messages."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def of(self, channel: str, details: Sequence[Detail]) -> list[SeenMessage]:
        """Return messages of a channel with their attempts, reports and callbacks."""
        attempts = self._ledger.attempts.of(detail.batch_id for detail in details)
        late = self._ledger.late_reports.of(Place(one.batch_id, one.seq) for one in details)
        campaigns = self._ledger.campaigns.of_sends({one.info.send_id for one in details})
        rates = self._ledger.prices.all()
        charged = self._ledger.prices.charges_of({Place(one.batch_id, one.seq) for one in details})
        tellings = self._tellings(channel, details)
        found = []
        for detail in details:
            campaign, name = campaigns.get(detail.info.send_id, (0, ""))
            calls = [one for one in attempts[detail.batch_id] if one.outcome_of(detail.seq) != UNCALLED]
            place = Place(detail.batch_id, detail.seq)
            part = KindCount(detail.status, detail.code, "", detail.segments, 0, 1, 0, detail.rate)
            found.append(
                SeenMessage(
                    channel,
                    mask(detail.phone),
                    message_ref(detail.batch_id, detail.seq),
                    detail.info.out_id,
                    to_ref(campaign) if campaign else "",
                    name,
                    str(detail.info.template["code"]),
                    detail.segments,
                    detail.vendor_id,
                    MessageStatus(detail.status).name.lower(),
                    detail.code,
                    logs.masked(detail.reason),
                    None if never_called(detail.status, detail.code) else detail.sent,
                    detail.ended_at,
                    costs([part], rates, charged[place]),
                    [_attempt(one, detail) for one in calls],
                    _reports(detail, calls, late[place]),
                    _about(detail, tellings),
                    (detail.sent, detail.batch_id, detail.seq),
                )
            )
        return found

    def _tellings(self, channel: str, details: Sequence[Detail]) -> _Tellings:
        """Return what told of the ends of messages, asked for once for each outId and number."""
        since: dict[tuple[str, str], int] = {}
        for one in details:
            if one.ended_at is not None and one.phone:
                key = one.info.out_id, one.phone
                since[key] = min(one.sent, since.get(key, one.sent))
        taken = self._ledger.callbacks.about(channel, RECEIPT, since)
        waiting = self._ledger.outbox.telling(channel, RECEIPT, since)
        return {key: (taken[key], waiting[key]) for key in since}


def _about(detail: Detail, tellings: _Tellings) -> list[SeenTelling]:
    """Return what told of one message's end; nothing is told of one that has none."""
    if detail.ended_at is None:
        return []
    taken, waiting = tellings.get((detail.info.out_id, detail.phone), ((), ()))
    return [*(_taken(one) for one in taken if one.id >= detail.sent << 21), *map(_waiting, waiting)]


def _attempt(attempt: Attempt, detail: Detail) -> SeenAttempt:
    outcome = attempt.outcome_of(detail.seq)
    code, words = attempt.code, attempt.words
    if outcome == Outcome.REJECTED:
        code, words = detail.code, detail.reason  # its own, not those of the first that was refused
    elif outcome == Outcome.ACCEPTED:
        code, words = "", ""
    return SeenAttempt(
        attempt.called,
        attempt.answered,
        attempt.account,
        attempt.identity,
        outcome,
        code,
        logs.masked(words),
    )


def _reports(detail: Detail, calls: Sequence[Attempt], late: Sequence[LateReport]) -> list[SeenReport]:
    """Return the report that ended a message, and those that came later and said otherwise."""
    refused = bool(calls) and calls[-1].outcome_of(detail.seq) == Outcome.REJECTED
    others = [_late(one, counts=_ended(detail, one)) for one in late]
    found = []
    told = detail.ended_at is not None and detail.status in REPORTED
    if told and calls and not refused and not any(one.counts for one in others):
        status = MessageStatus(detail.status).name.lower()
        words = logs.masked(detail.reason)
        found.append(SeenReport(detail.ended_at or 0, status, detail.code, words, counts=True))
    return found + others


def _ended(detail: Detail, late: LateReport) -> bool:
    """Return True for the report on an earlier call that ended the message; others say another end."""
    return (late.status, late.at) == (detail.status, detail.ended_at)


def _late(one: LateReport, *, counts: bool) -> SeenReport:
    words = logs.masked(one.reason)
    return SeenReport(one.at, one.status.name.lower(), one.code, words, counts, one.times, one.earlier)


def _taken(callback: Callback) -> SeenTelling:
    return SeenTelling("taken", callback.created, callback.taken, callback.attempts, callback.answer)


def _waiting(telling: Telling) -> SeenTelling:
    state = "given up" if telling.given_up else "waiting"
    error = logs.masked(telling.error)
    return SeenTelling(state, telling.created, telling.due, telling.attempts, error)
