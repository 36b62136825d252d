"""The recipients of a campaign for a file: one row each, streamed, numbers masked unless asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bridge import logs
from bridge.clock import FOREVER_MS, Clock, iso, millis
from bridge.ledger import Act, Ledger
from bridge.ledger.campaigns.reading import Campaign
from bridge.ledger.campaigns.recipients import Filter, Recipient
from bridge.ledger.campaigns.turning import Turn
from bridge.ledger.refs import message_ref, to_ref
from bridge.plugin import MessageStatus
from bridge.plugin.phone import mask

from ..sentences import never_called

EXPORT_COLUMNS = (
    "number",
    "status",
    "code",
    "reason",
    "segments",
    "sent",
    "ended",
    "outId",
    "send",
    "message",
    "vendor_id",
    "account",
)
WAITING = "waiting"
STATUSES = (WAITING, *(one.name.lower() for one in MessageStatus if one is not MessageStatus.QUEUED))


class Choice(NamedTuple):
    """The recipients that are wanted: with one of the statuses and codes, if any are named.

    `since` and `until` (milliseconds) choose what was sent in a span, which leaves out what waits.
    """

    statuses: Sequence[str] = ()
    codes: Sequence[str] = ()
    since: int = 0
    until: int = FOREVER_MS

    @property
    def always(self) -> bool:
        """True when no span of time is chosen."""
        return not self.since and self.until == FOREVER_MS


class RowsPage(NamedTuple):
    """One page of rows, and the turns before and after it; `cut`: no more were looked through for it."""

    rows: Sequence[Mapping[str, object]]
    before: Turn | None
    after: Turn | None
    cut: bool


class Exporting:
    """Exports of campaigns; one with whole numbers is written into the audit."""

    def __init__(self, ledger: Ledger, clock: Clock, who: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._who = who

    def rows(self, campaign: Campaign, choice: Choice, *, full: bool = False) -> Iterator[dict[str, object]]:
        """Yield a row for each recipient, under the names of EXPORT_COLUMNS."""
        if full:
            self._note(campaign, choice)
        for page in self._ledger.recipients.pages(campaign.id, _filter(choice)):
            yield from (_row(one, full) for one in page)

    def page(self, campaign: Campaign, choice: Choice, turn: Turn, limit: int) -> RowsPage:
        """Return one page of the same rows, numbers masked."""
        found = self._ledger.recipient_pages.page(campaign.id, _filter(choice), turn, limit)
        rows = [_row(one, full=False) for one in found.recipients]
        return RowsPage(rows, found.before, found.after, found.cut)

    def count(self, campaign: Campaign, choice: Choice) -> int | None:
        """Return how many rows there are, from the totals; None for a span, of which they say nothing."""
        if not choice.always:
            return None
        statuses, codes = choice.statuses, choice.codes
        parts = self._ledger.campaigns.parts([campaign.id]).get(campaign.id, [])
        chosen = {MessageStatus[one.upper()] for one in statuses if one != WAITING}
        found = sum(
            part.number
            for part in parts
            if (not statuses or part.status in chosen) and (not codes or part.code in codes)
        )
        if codes or (statuses and WAITING not in statuses):
            return found
        return found + max(0, campaign.recipients - sum(part.number for part in parts))

    def _note(self, campaign: Campaign, choice: Choice) -> None:
        asked: dict[str, object] = {"status": list(choice.statuses), "code": list(choice.codes)}
        if not choice.always:
            asked |= {"since": iso(choice.since), "until": iso(choice.until)}
        self._ledger.audit.note(
            Act(
                self._who,
                "exported with whole numbers",
                millis(self._clock),
                campaign.channel,
                f"{to_ref(campaign.id)} {campaign.name}",
                after=asked,
            )
        )


def _filter(choice: Choice) -> Filter:
    statuses, codes = choice.statuses, list(choice.codes)
    chosen = [MessageStatus[one.upper()] for one in statuses if one != WAITING]
    waiting = (not statuses or WAITING in statuses) and choice.always
    if statuses and not chosen:
        return Filter(codes=codes, waiting=waiting, ended=False)
    return Filter(chosen, codes, waiting=waiting, since=choice.since, until=choice.until)


def _row(one: Recipient, full: bool) -> dict[str, object]:
    return {
        "number": one.phone if full else mask(one.phone),
        "status": WAITING if one.status is None else one.status.name.lower(),
        "code": one.code,
        "reason": logs.masked(one.reason),
        "segments": one.segments,
        "sent": None if one.status is None or never_called(one.status, one.code) else one.sent,
        "ended": one.ended_at,
        "outId": one.out_id,
        "send": to_ref(one.send_id),
        "message": message_ref(one.batch_id, one.seq),
        "vendor_id": one.vendor_id,
        "account": one.account,
    }
