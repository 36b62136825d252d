"""A channel as its plugins see it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from .errors import BridgeError
from .phone import Phone
from .settings import PluginSettings


class History(Protocol):
    """What a plugin may ask of the bridge's records, always within its own channel."""

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        """Return those of `phones` that must not be sent to under this signature."""

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """Return how many messages each number was sent since then; numbers without any are left out."""

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Take `units` from a rate bucket shared by all workers. Returns the seconds to wait first."""

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """Return those of `vendor_ids` that messages of the channel carry: a look-up adopts each once."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of the configuration, as its vendor and policies see it.

    `hook_url` is the public prefix of this channel's webhooks, without a trailing slash, or "" when the
    bridge has no public URL. `settings` is the plugin's own model, already validated.
    """

    name: str
    platform_name: str
    settings: PluginSettings
    history: History
    hook_url: str = ""
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages one call to the vendor may carry.

    `uniform` applies when all messages of the call have equal parameters; None means as `messages`.
    `characters` is the longest text message that the vendor takes, with its signature; None where it names
    no bound. A preview tells of it beforehand; a send is refused by the vendor itself.
    """

    messages: int = 100
    uniform: int | None = None
    characters: int | None = None

    def for_call(self, uniform: bool) -> int:
        """Return the most messages one call may carry."""
        return self.uniform if uniform and self.uniform is not None else self.messages


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of `check_channel`: `detail` tells the operator; `error` names what is wrong."""

    detail: str
    error: BridgeError | None = None

    @property
    def ok(self) -> bool:
        """True when the channel can send."""
        return self.error is None
