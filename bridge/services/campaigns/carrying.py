"""Carrying out what was decided about campaigns, in every worker: none is waited for, and any may die."""

from collections.abc import Callable, Collection

import structlog

from bridge.clock import MINUTE_MS, Clock, millis
from bridge.ledger import CampaignState, Claimed, Holder, Ledger
from bridge.ledger.campaigns.controlling import Controlled
from bridge.ledger.refs import to_ref

log = structlog.get_logger("bridge.campaigns")

_TAKEN = 20
_FRESH_MS = MINUTE_MS
_SELDOM_MS = 15_000
"""So often a campaign is looked at again whose change is older: a retry may still bring a batch."""


class Carrying:
    """Owned by one thread."""

    def __init__(self, channels: Collection[str], ledger: Ledger, clock: Clock, *, lease_ms: int) -> None:
        self._channels = channels
        self._ledger = ledger
        self._clock = clock
        self._lease_ms = lease_ms
        self._looked: dict[int, int] = {}

    def run(self, owner: str, end: Callable[[Claimed], None]) -> bool:
        """Let batches follow their campaigns; `end` concludes one that is not to be called.

        Returns whether there is more to end at once.
        """
        now = millis(self._clock)
        pending = self._ledger.controlling.pending(self._channels)
        self._looked = {one.id: self._looked.get(one.id, 0) for one in pending}
        due = [one for one in pending if self._is_due(one, now)]
        holder, more = Holder(owner, self._lease_ms), False
        for one in due:
            more |= self._carry(one, holder, end, now)
        return more

    def _is_due(self, campaign: Controlled, now: int) -> bool:
        seldom = abs(now - self._looked[campaign.id]) >= _SELDOM_MS
        return seldom or abs(now - campaign.changed) < _FRESH_MS

    def _carry(self, campaign: Controlled, holder: Holder, end: Callable[[Claimed], None], now: int) -> bool:
        self._looked[campaign.id] = now
        controlling = self._ledger.controlling
        if campaign.state is CampaignState.RUNNING:
            controlling.release(campaign.id, now)
        else:
            controlling.hold(campaign.id)
        uncalled: list[Claimed] = []
        if campaign.state is CampaignState.CANCELLED:
            uncalled = controlling.claim_uncalled(campaign.id, holder, now, limit=_TAKEN)
            for claimed in uncalled:
                end(claimed)
        if uncalled:
            self._looked[campaign.id] = 0  # there may be more
            recipients = sum(claimed.count for claimed in uncalled)
            log.info(
                "cancelled", channel=campaign.channel, campaign=to_ref(campaign.id), recipients=recipients
            )
        else:
            controlling.conclude(campaign, now)
        return bool(uncalled)
