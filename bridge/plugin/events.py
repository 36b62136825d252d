"""What happens in a channel, for plugins that observe it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .moments import require_aware


class EventName(StrEnum):
    """What happened. `FIELDS` says what each event tells."""

    SEND_ACCEPTED = "send.accepted"
    BATCH_RECORDED = "batch.recorded"
    BATCH_UNKNOWN = "batch.unknown"
    RECEIPTS_APPLIED = "receipts.applied"
    REPLIES_STORED = "replies.stored"
    PUSH_DONE = "push.done"
    PUSH_FAILED = "push.failed"
    CHANNEL_PAUSED = "channel.paused"
    CHANNEL_RESUMED = "channel.resumed"
    ACCOUNT_PAUSED = "account.paused"
    ACCOUNT_RESUMED = "account.resumed"
    ACCOUNT_RESTING = "account.resting"
    ACCOUNT_RECOVERED = "account.recovered"
    TEMPLATES_DRIFTED = "templates.drifted"
    CALLBACKS_STOPPED = "callbacks.stopped"
    CALLBACKS_RESUMED = "callbacks.resumed"


FIELDS: Mapping[EventName, frozenset[str]] = {
    EventName.SEND_ACCEPTED: frozenset({"recipients"}),  # 0 for a send by file
    # What became of the messages of one call; those that the bridge itself refused or put off are none.
    EventName.BATCH_RECORDED: frozenset({"accepted", "rejected", "not_sent"}),
    EventName.BATCH_UNKNOWN: frozenset({"accepted", "rejected", "not_sent", "unknown"}),
    EventName.RECEIPTS_APPLIED: frozenset({"ended", "parked"}),  # messages that ended; receipts that wait
    EventName.REPLIES_STORED: frozenset({"replies"}),
    EventName.PUSH_DONE: frozenset({"entries"}),  # receipts and replies that Quick Audience took
    EventName.PUSH_FAILED: frozenset({"entries"}),
    EventName.CHANNEL_PAUSED: frozenset(),  # by a person, or because its one account is refused
    EventName.CHANNEL_RESUMED: frozenset(),
    EventName.ACCOUNT_PAUSED: frozenset({"account"}),  # one by itself: the channel's others go on
    EventName.ACCOUNT_RESUMED: frozenset({"account"}),
    EventName.ACCOUNT_RESTING: frozenset({"account", "rest_s"}),  # its calls fail: none is made meanwhile
    EventName.ACCOUNT_RECOVERED: frozenset({"account"}),
    # It has templates or signatures otherwise than the bridge believes: so many that differ in a new way.
    EventName.TEMPLATES_DRIFTED: frozenset({"account", "differences"}),
    EventName.CALLBACKS_STOPPED: frozenset({"rest_s"}),  # Quick Audience refuses our signature
    EventName.CALLBACKS_RESUMED: frozenset(),
}
"""The fields of each event: counts, seconds and names of accounts, never anything private."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a channel. Raises ValueError when `fields` are not those of its name."""

    channel: str
    name: EventName
    at: datetime
    fields: Mapping[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_aware(self, at=self.at)
        if self.fields.keys() != FIELDS[self.name]:
            raise ValueError(f"An event {self.name} has the fields {sorted(FIELDS[self.name])}.")
