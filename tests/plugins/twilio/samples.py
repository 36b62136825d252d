"""What the tests of this plugin share: settings, clocks, history."""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bridge.plugin import Channel, Phone
from bridge_twilio.settings import TwilioSettings
from bridge_twilio.vendor import Twilio

from .emulator.account import ACCOUNT_SID, AUTH_TOKEN, NUMBER, SERVICE_SID

HOOK = "https://sms.example.com/hooks/promo/token"
SENDERS: Mapping[str, Any] = {
    "Acme": {"messaging_service_sid": SERVICE_SID, "sign_in_text": False},
    "Bell": {"from": NUMBER},
    "Cafe": {"from": "CAFE"},
}


def settings(**changes: Any) -> dict[str, Any]:
    """Return the settings of a channel, as its TOML would have them."""
    base = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "senders": SENDERS}
    return {**base, **changes}


class Clock:
    """Time that passes when told to: `sleep` advances it."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Advance by so many seconds."""
        self.slept.append(seconds)
        self.seconds += seconds


class FakeHistory:
    """Records that remember what was taken and know what is claimed."""

    def __init__(self, waits: Iterable[float] = (), claimed: Iterable[str] = ()) -> None:
        self.taken: list[tuple[str, float, float]] = []
        self._waits = list(waits)
        self._claimed = set(claimed)
        self._lock = threading.Lock()

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        """Nobody."""
        return frozenset()

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """None."""
        return {}

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Return the next of the given waits, then 0."""
        with self._lock:
            self.taken.append((bucket, units, per_second))
            return self._waits.pop(0) if self._waits else 0.0

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """Values given, as claimed."""
        return frozenset(self._claimed & set(vendor_ids))


def channel(history: FakeHistory | None = None, *, hook_url: str = HOOK, **changes: Any) -> Channel:
    """Return a channel of the plugin."""
    model = TwilioSettings.model_validate(settings(**changes))
    return Channel("promo", "Acme SMS", model, history or FakeHistory(), hook_url, allow_private=True)


def vendor(history: FakeHistory | None = None, *, hook_url: str = HOOK, **changes: Any) -> Twilio:
    """Return a vendor with these settings."""
    return Twilio(channel(history, hook_url=hook_url, **changes))
