"""How long a call without an answer may still arrive, by the clocks of machines that are apart.

The moments of a call are of the worker that made it; whoever asks about it later reads another clock. What
is proved by time alone, that a call can arrive no more, is proved later by as much as they may differ.
"""

from typing import NamedTuple

from bridge.clock import hours, seconds
from bridge.settings.models import BridgeSettings, ChannelSettings


class Patience(NamedTuple):
    """Waits in milliseconds.

    `lease`: the longest call, and how long after its claim one may begin. `noting`: how much later vendors
    show what they took. `apart`: how far apart clocks may be. `deadline`: after so long nobody asks any more.
    """

    lease: int
    noting: int
    apart: int
    deadline: int

    @classmethod
    def of(cls, bridge: BridgeSettings, channel: ChannelSettings) -> "Patience":
        """Return the waits of a channel."""
        return cls(
            seconds(bridge.lease_s),
            seconds(channel.reconcile_after_s),
            seconds(bridge.clocks_apart_s),
            hours(channel.unknown_deadline_h),
        )

    def asks(self, ended: int) -> int:
        """Return when a call that ended without an answer is asked about."""
        return ended + self.noting + self.apart

    def arrived(self, called: int) -> int:
        """Return when a call has arrived, if it ever does, and the vendor shows it.

        A worker begins no call after its lease, and no call outlasts another.
        """
        return called + 2 * self.lease + self.noting + self.apart
