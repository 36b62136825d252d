"""Three policies that most senders need: who must not be written to, when, and how often."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from bridge.plugin import SEND, Batch, Channel, Phone, PluginSettings, Policy, Verdict, hookimpl

from .settings import Cap, DayPart, FrequencySettings, QuietHoursSettings, SuppressionSettings, name_of


class Suppression(Policy):
    """Rejects messages to numbers on the suppression list."""

    name = "suppression"
    settings_model: ClassVar[type[PluginSettings]] = SuppressionSettings

    @hookimpl
    def screen_batch(self, channel: Channel, batch: Batch) -> Sequence[Verdict]:
        """Reject the numbers that are suppressed under the batch's signature."""
        settings = channel.settings
        assert isinstance(settings, SuppressionSettings)  # noqa: S101
        if name_of(batch.template.type) not in settings.types:
            return [SEND] * len(batch.messages)
        phones = [message.phone for message in batch.messages]
        suppressed = channel.history.suppressed(phones, batch.sign_name)
        return [_SUPPRESSED if phone in suppressed else SEND for phone in phones]


class QuietHours(Policy):
    """Lets messages wait until the hours in which their template type may be sent."""

    name = "quiet_hours"
    settings_model: ClassVar[type[PluginSettings]] = QuietHoursSettings

    @hookimpl
    def screen_batch(self, channel: Channel, batch: Batch) -> Sequence[Verdict]:
        """Return the same verdict for all: the hour and the template type decide."""
        settings = channel.settings
        assert isinstance(settings, QuietHoursSettings)  # noqa: S101
        windows: Sequence[DayPart] = getattr(settings, name_of(batch.template.type))
        allowed = next_allowed(batch.called_at, windows, channel.timezone)
        verdict = SEND
        if allowed > batch.called_at:
            verdict = _TOO_LATE if settings.action == "reject" else _WAITS._replace(defer_until=allowed)
        return [verdict] * len(batch.messages)


class Frequency(Policy):
    """Rejects messages to numbers that were sent enough lately."""

    name = "frequency"
    settings_model: ClassVar[type[PluginSettings]] = FrequencySettings

    @hookimpl
    def screen_batch(self, channel: Channel, batch: Batch) -> Sequence[Verdict]:
        """Hold each number against every cap; messages of this batch count, too."""
        settings = channel.settings
        assert isinstance(settings, FrequencySettings)  # noqa: S101
        verdicts = [SEND] * len(batch.messages)
        if name_of(batch.template.type) not in settings.types:
            return verdicts
        phones = [message.phone for message in batch.messages]
        counts = [
            (cap, Counter(channel.history.recent_sends(phones, batch.called_at - cap.window)))
            for cap in settings.caps
        ]
        return [_against_caps(phone, counts) for phone in phones]


_SUPPRESSED = Verdict("SUPPRESSED", "The recipient has opted out or is on the suppression list.")
_TOO_LATE = Verdict("QUIET_HOURS", "Messages of this kind are not sent at this hour.")
_WAITS = Verdict("QUIET_HOURS", "Messages of this kind are not sent at this hour; the message waits.")


def next_allowed(moment: datetime, windows: Sequence[DayPart], timezone: ZoneInfo) -> datetime:
    """Return the first moment from `moment` on that lies in no window, by the clocks of `timezone`; in UTC.

    Clocks that are put forward or back may cut a wait short or prolong it, never past a window's end.
    """
    local = moment.astimezone(timezone)
    while (window := _around(local, windows)) is not None:
        end = local.replace(hour=window.end // 60, minute=window.end % 60, second=0, microsecond=0)
        if end <= local:
            end += timedelta(days=1)
        # By way of UTC: an end that clocks skip becomes the moment after the gap.
        local = end.astimezone(UTC).astimezone(timezone)
    return local.astimezone(UTC)


def _around(local: datetime, windows: Sequence[DayPart]) -> DayPart | None:
    minute = local.hour * 60 + local.minute
    return next((window for window in windows if window.holds(minute)), None)


def _against_caps(phone: Phone, counts: Sequence[tuple[Cap, Counter[Phone]]]) -> Verdict:
    for cap, count in counts:
        if count[phone] >= cap.messages:
            return Verdict(
                "FREQUENCY_CAP",
                f"The recipient was sent {count[phone]} messages in the last {cap.hours:g} hours;"
                f" the channel allows {cap.messages}.",
            )
    for _, count in counts:
        count[phone] += 1
    return SEND
