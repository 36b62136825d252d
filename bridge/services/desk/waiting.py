"""What waits for a person, why, and until when: before a vendor is called there is no message to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge import logs
from bridge.clock import DAY_MS, Clock, millis
from bridge.ledger import CampaignState, Excerpt, Hold, Ledger
from bridge.ledger.people.waiting import Waiting
from bridge.ledger.refs import message_ref, to_ref
from bridge.plugin import Phone
from bridge.plugin.phone import mask
from bridge.settings import Settings

from .overview import Overview, SeenChannel, SeenFile, Stop

CALLING, TURN, ENDS = "calling", "turn", "ends"
"""Why a message waits that nothing holds: it is being called, it is one of many, or it is about to end."""
_FOREVER_MS = 3650 * DAY_MS


@dataclass(frozen=True, slots=True)
class SeenWaiting:
    """A message that waits; times in milliseconds. `reason` is a word of `Hold` or one of the above.

    `until`: when it is tried next, None for its turn or until a person acts. `deadline`: when it ends unsent.
    """

    channel: str
    number: str
    ref: str
    out_id: str
    campaign: str
    campaign_name: str
    template: str
    account: str
    accepted: int
    reason: str
    until: int | None
    words: str
    deadline: int


@dataclass(frozen=True, slots=True)
class SeenQueue:
    """What waits for a person. `left`: so many others wait that were not `looked` through.

    `files`: those of which the rest is not read yet; nobody knows whose numbers it holds.
    """

    messages: Sequence[SeenWaiting]
    looked: int
    left: int
    files: Sequence[tuple[str, SeenFile]]


class Queued:
    """Looks for a person in the queues of channels."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._overview = Overview(settings, ledger, clock)

    def of(self, channels: Sequence[str], phone: Phone, rows: Excerpt, *, most: int) -> SeenQueue:
        """Return what waits for a number in these channels. `most`: recipients that are looked through."""
        states = {one.name: one for one in self._overview.channels()}
        messages: list[SeenWaiting] = []
        looked = left = 0
        for name in channels:
            search = self._ledger.waiting.of(name, phone, rows, most=max(0, most - looked))
            messages += [self._seen(states[name], one) for one in search.found]
            looked, left = looked + search.looked, left + search.left
        files = [(name, one) for name in channels for one in states[name].files]
        return SeenQueue(messages[: rows.limit], looked, left, files)

    def _seen(self, channel: SeenChannel, one: Waiting) -> SeenWaiting:
        why = _why(one, channel, _stops(channel), millis(self._clock))
        return SeenWaiting(
            channel.name,
            mask(one.phone),
            message_ref(one.batch_id, one.seq),
            one.out_id,
            to_ref(one.campaign) if one.campaign else "",
            one.campaign_name,
            one.template,
            one.account,
            one.accepted,
            why.reason,
            why.until,
            logs.masked(why.words),
            one.deadline,
        )


def _stops(channel: SeenChannel) -> Mapping[str, Stop | None]:
    """Return why each account of a channel is not called; that of none yet if none of them is."""
    return {"": channel.stop, **{account.name: account.stop for account in channel.accounts}}


def _why(one: Waiting, channel: SeenChannel, stops: Mapping[str, Stop | None], now: int) -> Stop:
    """Return why a message waits: what stands before all others first."""
    if one.calling:
        return Stop(CALLING, None, "")
    if one.campaign_state is CampaignState.CANCELLED:
        return Stop(ENDS, None, one.campaign_reason)
    if one.campaign_state is CampaignState.PAUSED:
        return Stop(Hold.CAMPAIGN, None, one.campaign_reason)
    stop = stops.get(one.account) or channel.stop
    if stop is not None:
        return stop
    if one.hold and (one.due > now or one.hold == Hold.REVIEW):
        by_person = one.due <= now or one.due >= now + _FOREVER_MS
        return Stop(one.hold, None if by_person else one.due, one.words)
    return Stop(TURN, None, "")
