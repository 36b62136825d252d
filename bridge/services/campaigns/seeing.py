"""Campaigns as people see them: a list to search, and one with its funnel, failures and times."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge import logs
from bridge.contract.bodies import AUDIENCE, TASK
from bridge.ledger import FIRST_ROWS, CampaignState, Excerpt, Ledger
from bridge.ledger.campaigns.reading import Campaign, KindCount, Search, SentTemplate
from bridge.ledger.campaigns.reading import ReadFile as ReadFile
from bridge.ledger.refs import to_ref
from bridge.ledger.sending.joining import CampaignKind
from bridge.ledger.tally import BUCKETS_S
from bridge.plugin import Kind, MessageStatus
from bridge.plugin.status import FAILED, FINAL

from ..desk.operating import OperatorRefused
from ..pricing import SeenCost, costs
from ..sentences import needs_words, sentence
from ..snapshots import shown_text

ENDED = "ended"
"""The state of a campaign that nobody stopped, and of which every recipient has come to an end."""
STATES = (*(state.name.lower() for state in CampaignState), ENDED)

_RUNNING = CampaignState.RUNNING.name.lower()
_TEMPLATES = 20
"""So many templates of a campaign are shown."""
_WORDS_FOR = 100
"""For so many codes, the most frequent first, the words of the vendor are looked for."""
_IDS = frozenset({TASK.name, AUDIENCE.name})


@dataclass(frozen=True, slots=True)
class Funnel:
    """Where the recipients of a campaign stand; `accepted` have no final receipt yet.

    `segments`: of what vendors took or may have taken, as costs count, also where the carrier rejected it.
    """

    recipients: int
    waiting: int
    in_question: int
    accepted: int
    delivered: int
    failed: int
    unknown: int
    segments: int

    @property
    def open(self) -> int:
        """Return how many have not come to their end."""
        return self.waiting + self.in_question + self.accepted


@dataclass(frozen=True, slots=True)
class SeenCampaign:
    """A campaign; times in milliseconds. `over`: every recipient has come to an end, and every file is read.

    `state`: running, paused, cancelled or, for a running one that is over, ended. Further sends of it are
    still accepted, and it runs again.
    """

    id: str
    channel: str
    named_by: str
    name: str
    state: str
    reason: str
    changed: int
    first: int
    last: int
    sends: int
    funnel: Funnel
    over: bool
    costs: Sequence[SeenCost] = ()


@dataclass(frozen=True, slots=True)
class SeenTotals:
    """What came to a channel in a span of time, where it stands now, and what it costs."""

    channel: str
    sends: int
    funnel: Funnel
    costs: Sequence[SeenCost]


@dataclass(frozen=True, slots=True)
class SeenFailure:
    """So many messages failed with a code, and what it says."""

    status: str
    code: str
    count: int
    share: float
    sentence: str


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """So many messages were delivered within some seconds; None for the last span, which has no bound."""

    within_s: int | None
    count: int


@dataclass(frozen=True, slots=True)
class SeenSent:
    """A template with a signature that a campaign sent, in so many sends and to so many recipients."""

    code: str
    name: str
    text: str
    sign: str
    sends: int
    recipients: int


@dataclass(frozen=True, slots=True)
class Whole:
    """One campaign with all that is known of it. `average_s`: from the call to the handset.

    The template and `sign` are the latest send's; `templates` are all, but for `further` ones.
    """

    campaign: SeenCampaign
    template_code: str
    template_name: str
    template_text: str
    sign: str
    task: dict[str, str]
    failures: Sequence[SeenFailure]
    times: Sequence[SeenSpan]
    average_s: float | None
    files: Sequence[ReadFile]
    templates: Sequence[SeenSent]
    further: int


class Seeing:
    """Questions about campaigns. Raises OperatorRefused for what is not there."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def search(
        self,
        channels: Sequence[str],
        *,
        text: str = "",
        state: str | None = None,
        rows: Excerpt = FIRST_ROWS,
    ) -> list[SeenCampaign]:
        """Return campaigns by the time of their first send, the latest first."""
        controlled = CampaignState[state.upper()] if state and state != ENDED else None
        over = None
        if state in (ENDED, _RUNNING):
            controlled, over = CampaignState.RUNNING, state == ENDED
        if "\0" in text:  # no database holds it
            return []
        return self._seen(self._ledger.campaigns.search(Search(channels, text, controlled, over, rows)))

    def find(self, channels: Sequence[str], text: str) -> Campaign:
        """Return the one campaign of this name or reference."""
        found = [] if "\0" in text else self._ledger.campaigns.named(channels, text)
        if not found:
            raise OperatorRefused(
                "There is no such campaign: see sms-bridge campaigns list. A campaign is named by its "
                "task id, by its outId where Quick Audience gave no task, or by the id that the list shows."
            )
        if len(found) > 1:
            several = ", ".join(f"{to_ref(one.id)} ({one.channel}, {_kind(one)})" for one in found)
            raise OperatorRefused(
                "Several campaigns have this name; give an id instead: %(several)s.", several=several
            )
        return found[0]

    def standing(self, campaign: Campaign) -> SeenCampaign:
        """Return a campaign as it stands now."""
        [seen] = self._seen([campaign])
        return seen

    def unsent(self, channels: Sequence[str], text: str, sent: int) -> int:
        """Return how many of so many messages of a campaign no vendor was called with yet.

        Those of a file that is still to be read count, too.
        """
        campaign = self.find(channels, text)
        waiting = self.standing(campaign).funnel.waiting
        unread = self._ledger.campaigns.being_read([campaign.id])
        return waiting + (max(0, sent - campaign.recipients) if unread else 0)

    def whole(self, channels: Sequence[str], text: str) -> Whole:
        """Return one campaign with its funnel, its failures and its times to delivery."""
        campaign = self.find(channels, text)
        seen = self.standing(campaign)
        parts = self._ledger.campaigns.parts([campaign.id]).get(campaign.id, [])
        last = self._ledger.campaigns.last_send(campaign.id)
        template = dict(last.template) if last else {}
        sent, further = self._ledger.campaigns.templates(campaign.id, _TEMPLATES)
        delivered = [part for part in parts if part.bucket]
        count = sum(part.number for part in delivered)
        return Whole(
            seen,
            last.template_code if last else "",
            str(template.get("name", "")),
            _text(template),
            last.sign_name if last else "",
            _task(last.task) if last else {},
            self._failures(campaign, parts),
            _times(delivered),
            sum(part.ms for part in delivered) / count / 1000 if count else None,
            [
                replace(file, error=logs.masked(file.error))
                for file in self._ledger.campaigns.files(campaign.id)
            ],
            [_sent(one) for one in sent],
            further,
        )

    def totals(self, channels: Sequence[str], since: int, until: int) -> list[SeenTotals]:
        """Return what came to each channel in a span (milliseconds)."""
        campaigns = self._ledger.campaigns
        parts = campaigns.parts_by_channel(channels, since, until)
        sends = campaigns.sends_by_channel(channels, since, until)
        charged = self._ledger.prices.charged_by_channel(channels, since, until)
        rates = self._ledger.prices.all()
        found = []
        for channel in channels:
            count, recipients = sends.get(channel, (0, 0))
            mine = parts.get(channel, [])
            cost = costs(mine, rates, charged.get(channel, []))
            found.append(SeenTotals(channel, count, funnel(recipients, mine), cost))
        return found

    def _seen(self, found: Sequence[Campaign]) -> list[SeenCampaign]:
        ids = [one.id for one in found]
        parts, unread = self._ledger.campaigns.parts(ids), self._ledger.campaigns.being_read(ids)
        rates, charged = self._ledger.prices.all(), self._ledger.prices.charged(ids)
        seen = []
        for one in found:
            mine = parts.get(one.id, [])
            stands = funnel(one.recipients, mine)
            over = not stands.open and one.id not in unread
            cost = costs(mine, rates, charged.get(one.id, []))
            seen.append(_seen(one, stands, over=over, cost=cost))
        return seen

    def _failures(self, campaign: Campaign, parts: Sequence[KindCount]) -> list[SeenFailure]:
        counts: Counter[tuple[int, str]] = Counter()
        for part in parts:
            if part.status in FAILED:
                counts[part.status, part.code] += part.number
        failures = []
        left = _WORDS_FOR
        for (status, code), count in counts.most_common():
            words = ""
            if left and needs_words(code):
                words, left = self._ledger.campaigns.words(campaign.id, status, code), left - 1
            share = count / campaign.recipients if campaign.recipients else 0.0
            name = MessageStatus(status).name.lower()
            failures.append(SeenFailure(name, code, count, share, sentence(code, words)))
        return failures


def _text(template: Mapping[str, Any]) -> str:
    """Return the text of a template as a send keeps it."""
    if template.get("kind") == Kind.DIGITAL:
        return shown_text(template["parts"])
    return str(template.get("content", ""))


def _sent(one: SentTemplate) -> SeenSent:
    name = str(one.template.get("name", ""))
    return SeenSent(one.template_code, name, _text(one.template), one.sign_name, one.sends, one.recipients)


def _task(task: Mapping[str, str]) -> dict[str, str]:
    """Return what Quick Audience said of its task; its ids stay as they are: they are no phone numbers."""
    return {name: value if name in _IDS else logs.masked(value) for name, value in task.items()}


def _seen(one: Campaign, stands: Funnel, *, over: bool, cost: Sequence[SeenCost]) -> SeenCampaign:
    state = one.state.name.lower()
    return SeenCampaign(
        to_ref(one.id),
        one.channel,
        _kind(one),
        one.name,
        ENDED if over and state == _RUNNING else state,
        logs.masked(one.reason),
        one.changed,
        one.first,
        one.last,
        one.sends,
        stands,
        over,
        cost,
    )


def funnel(recipients: int, parts: Sequence[KindCount]) -> Funnel:
    """Return where a campaign's recipients stand."""
    by_status: Counter[int] = Counter()
    for part in parts:
        by_status[part.status] += part.number
    unknown, delivered = by_status[MessageStatus.UNKNOWN], by_status[MessageStatus.DELIVERED]
    ends = sum(count for status, count in by_status.items() if status in FINAL)
    return Funnel(
        recipients,
        max(0, recipients - by_status.total()),
        by_status[MessageStatus.CALLING],
        by_status[MessageStatus.ACCEPTED],
        delivered,
        ends - delivered - unknown,
        unknown,
        sum(part.number * part.segments for part in parts),
    )


def _times(delivered: Sequence[KindCount]) -> list[SeenSpan]:
    counts: Counter[int] = Counter()
    for part in delivered:
        counts[part.bucket] += part.number
    bounds = [*BUCKETS_S, None]
    return [SeenSpan(bounds[bucket - 1], counts[bucket]) for bucket in sorted(counts)]


def _kind(campaign: Campaign) -> str:
    return "task" if campaign.kind is CampaignKind.TASK else "outId"
