"""Pausing, resuming and cancelling one campaign."""

from collections.abc import Sequence

from bridge.clock import Clock, millis
from bridge.ledger import Act, CampaignState, Ledger
from bridge.ledger.campaigns.reading import Campaign
from bridge.ledger.refs import to_ref

from ..desk.operating import OperatorRefused
from .seeing import Seeing

_RUNNING, _PAUSED, _CANCELLED = CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.CANCELLED
_ALREADY = {
    _RUNNING: "The campaign is running already.",
    _PAUSED: "The campaign is paused already.",
    _CANCELLED: "The campaign is cancelled already. That is final: what comes of it is refused.",
}


class CampaignControlling:
    """An operator's hand on one campaign; `who` is written into the audit. Raises OperatorRefused.

    From the change on no worker begins a call for a campaign that does not run; what is being called runs
    its course.
    """

    def __init__(self, seeing: Seeing, ledger: Ledger, clock: Clock, who: str) -> None:
        self._seeing = seeing
        self._ledger = ledger
        self._clock = clock
        self._who = who

    def pause(self, channels: Sequence[str], text: str, why: str) -> Campaign:
        """Let what was not called wait until the campaign is resumed."""
        campaign = self._change(channels, text, _PAUSED, [_RUNNING], why)
        self._ledger.controlling.hold(campaign.id)
        return campaign

    def resume(self, channels: Sequence[str], text: str, why: str = "") -> Campaign:
        """Send on."""
        campaign = self._change(channels, text, _RUNNING, [_PAUSED], why)
        self._ledger.controlling.release(campaign.id, millis(self._clock))
        return campaign

    def cancel(self, channels: Sequence[str], text: str, why: str) -> bool:
        """End what was not called, for good; Quick Audience gets a failed receipt for each recipient.

        Returns False when every recipient had come to an end: then only what comes later is refused.
        """
        over = self._seeing.standing(self._seeing.find(channels, text)).over
        campaign = self._change(channels, text, _CANCELLED, [_RUNNING, _PAUSED], why)
        self._ledger.controlling.hold(campaign.id)
        return not over

    def _change(
        self,
        channels: Sequence[str],
        text: str,
        state: CampaignState,
        allowed: Sequence[CampaignState],
        why: str,
    ) -> Campaign:
        campaign = self._seeing.find(channels, text)
        words = {_PAUSED: "campaign paused", _RUNNING: "campaign resumed", _CANCELLED: "campaign cancelled"}
        act = Act(
            self._who,
            words[state],
            millis(self._clock),
            campaign.channel,
            f"{to_ref(campaign.id)} {campaign.name}",
            why,
            {"state": self._seeing.standing(campaign).state},
            {"state": state.name.lower()},
        )
        if not self._ledger.controlling.change(campaign.id, state, allowed, act):
            raise OperatorRefused(_ALREADY[self._seeing.find(channels, to_ref(campaign.id)).state])
        return campaign
