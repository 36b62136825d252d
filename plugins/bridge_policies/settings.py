"""Settings of the three policies: `[channels.NAME.policy_settings.POLICY]` of the bridge's configuration."""

import re
from datetime import timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from bridge.plugin import PluginSettings, TemplateType

DAY = 24 * 60
_WINDOW = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")

TypeName = Literal["captcha", "notification", "promotion", "international"]


def name_of(template_type: TemplateType) -> str:
    """Return how the settings name a template type."""
    return template_type.name.lower()


class DayPart(NamedTuple):
    """A part of the day from minute `start` up to, not including, minute `end`; it may go over midnight."""

    start: int
    end: int

    def holds(self, minute: int) -> bool:
        """Compare with a minute of the day. Returns True when it lies inside."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


def _windows(value: object) -> tuple[DayPart, ...]:
    if not isinstance(value, str):
        raise ValueError('write quiet hours as text, such as "21:00-08:00"')  # noqa: TRY004 (pydantic's way)
    return tuple(_window(piece.strip()) for piece in value.split(",") if piece.strip())


def _window(text: str) -> DayPart:
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError('write quiet hours as "21:00-08:00", several with commas between them')
    hour, minute, end_hour, end_minute = map(int, match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if start > DAY or end > DAY:
        raise ValueError("the day ends at 24:00")
    if start % DAY == end % DAY:
        raise ValueError("a window must begin and end at different times")
    return DayPart(start % DAY, end % DAY)


def _some_time_left(windows: tuple[DayPart, ...]) -> tuple[DayPart, ...]:
    if all(any(window.holds(minute) for window in windows) for minute in range(DAY)):
        raise ValueError("the windows leave no minute of the day to send in")
    return windows


QuietHours = Annotated[tuple[DayPart, ...], BeforeValidator(_windows), AfterValidator(_some_time_left)]


class SuppressionSettings(PluginSettings):
    """Which messages the suppression list applies to."""

    types: frozenset[TypeName] = frozenset({"notification", "promotion", "international"})
    """Template types that are not sent to suppressed numbers; digital messages count as promotion.

    Captchas are left out: their recipient has just asked for one.
    """


class QuietHoursSettings(PluginSettings):
    """When messages of each template type wait, in the channel's time zone; "" is never.

    Vendors deliver promotional texts from 08:00 to 21:00 at the strictest (vendors' rules, read 2026-11).
    """

    captcha: QuietHours = ()
    notification: QuietHours = ()
    promotion: QuietHours = (DayPart(21 * 60, 8 * 60),)
    """Digital messages count as promotion."""
    international: QuietHours = ()
    action: Literal["defer", "reject"] = "defer"
    """`defer` sends at the next allowed minute, `reject` fails the message."""


class Cap(PluginSettings):
    """At most `messages` to one number in any `hours`."""

    messages: int = Field(ge=1)
    hours: float = Field(gt=0, le=31 * 24)

    @property
    def window(self) -> timedelta:
        """How far back is counted."""
        return timedelta(hours=self.hours)


class FrequencySettings(PluginSettings):
    """How often one number may be sent to. All messages of the channel count, whatever their type."""

    caps: tuple[Cap, ...] = Field(default=(Cap(messages=3, hours=24),), min_length=1)
    types: frozenset[TypeName] = frozenset({"promotion"})
    """Template types that a cap can stop; digital messages count as promotion."""
