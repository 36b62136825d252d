"""Messages whose outcome is not known, for an operator: which they are, asked about now, or sent again.

Sending them again is a person's decision: the vendor may have taken them the first time.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import structlog

from bridge import logs
from bridge.channels import OpenChannel
from bridge.clock import Clock, hours, millis
from bridge.ledger import Act, Chosen, Hold, Ledger, Resent
from bridge.ledger.refs import from_ref, to_ref
from bridge.settings import Settings

from .. import build
from ..messages.settling import LookedUp
from .operating import OperatorRefused

log = structlog.get_logger("bridge.unknowns")


@dataclass(frozen=True, slots=True)
class SeenUnknown:
    """A batch with messages of unknown outcome. `next_look`: when the vendor is asked again by itself.

    It is None once it was found that nobody can be asked: the account that was called is not configured.
    `resent`: these messages were sent once more already, by a person's decision.
    """

    channel: str
    account: str
    batch: str
    send: str
    out_id: str
    template: str
    messages: int
    called: int
    next_look: int | None
    deadline: int
    resent: bool


class UnknownOutcomes:
    """What an operator does about unknown outcomes. Raises OperatorRefused for what cannot be done."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock, who: str = "bridge") -> None:
        self._who = who
        self._settings = settings
        self._ledger = ledger
        self._clock = clock

    def list(self, channel: str | None, *, limit: int) -> list[SeenUnknown]:
        """Return the batches in question, the oldest call first within each channel."""
        return [
            SeenUnknown(
                one.channel,
                one.account,
                to_ref(one.id),
                to_ref(one.send_id),
                one.out_id,
                one.template_code,
                one.messages,
                one.called,
                None if one.hold == Hold.NOBODY else one.due,
                one.deadline,
                one.decision != 0,
            )
            for name in self._chosen(channel)
            for one in self._ledger.unknowns.of(Chosen(name), limit=limit)
        ]

    def accounts(self, channel: str) -> Collection[str] | None:
        """Return which of a channel's several accounts have something to be asked about.

        None where all must be opened: it has only one, or the call was made under a name that is gone, of
        which any account may know.
        """
        known = self._settings.channels[channel].accounts
        asked = {one.account for one in self._ledger.unknowns.of(Chosen(channel))}
        return sorted(asked) if asked and asked <= known.keys() else None

    def settle(
        self,
        channels: Mapping[str, OpenChannel],
        channel: str | None,
        accounts: Collection[str] | None = None,
    ) -> dict[str, LookedUp]:
        """Ask the vendors now. Returns what they said, by channel.

        `accounts`: the only ones that are opened of the channel, see `accounts`.
        """
        chosen, owner = self._chosen(channel), f"operator-{secrets.token_hex(6)}"
        services = build(self._settings, channels, self._ledger, self._clock)
        try:
            answers = {name: services[name].settling.ask(owner, accounts) for name in chosen}
            for name, asked in answers.items():
                self._note_asked(name, asked)
            return answers
        finally:
            for one in services.values():
                one.pushing.close()

    def _note_asked(self, channel: str, asked: LookedUp) -> None:
        """Write down what a person's question changed: absent messages are sent again."""
        told = {"taken": asked.accepted, "refused": asked.rejected, "sent again": asked.absent}
        act = Act(self._who, "unknown outcomes asked about", millis(self._clock), channel)
        self._ledger.audit.note(replace(act, after=told))

    def chosen(self, channel: str, batches: Collection[str] = (), out_id: str = "") -> Chosen:
        """Return what a person means by a channel, references of batches and an outId."""
        self._chosen(channel)
        ids = {ref: from_ref(ref) for ref in batches}
        wrong = [ref for ref, found in ids.items() if found is None]
        if wrong:
            raise OperatorRefused(f"{wrong[0]} is no reference of a batch: see sms-bridge unknown list.")
        return Chosen(channel, [found for found in ids.values() if found is not None], out_id)

    def resendable(self, chosen: Chosen) -> int:
        """Return how many messages a decision would send once more, and may arrive twice.

        Those of a cancelled campaign stay as they are: nothing of it is sent any more.
        """
        return self._ledger.unknowns.resendable(chosen)

    def resend(self, chosen: Chosen, reason: str) -> Resent:
        """Send messages of unknown outcome once more; the decision is kept with its reason."""
        if not reason.strip():
            raise OperatorRefused("Give a reason: it is kept with the decision.")
        now = millis(self._clock)
        deadline = now + hours(self._settings.channels[chosen.channel].unknown_deadline_h)
        act = Act(self._who, "unknown outcomes sent again", now, chosen.channel, why=logs.masked(reason))
        resent = self._ledger.unknowns.resend(chosen, act, deadline=deadline)
        if resent.messages:
            log.warning(
                "unknown outcomes sent again by a person",
                channel=chosen.channel,
                messages=resent.messages,
                decision=resent.decision,
                reason=reason,
            )
        return resent

    def _chosen(self, channel: str | None) -> Collection[str]:
        if channel is None:
            return list(self._settings.channels)
        if channel not in self._settings.channels:
            names = ", ".join(self._settings.channels)
            raise OperatorRefused(f"There is no channel {channel}; the configuration has {names}.")
        return [channel]
