"""Moments as vendors write them, and their time zones."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone(name: str) -> ZoneInfo:
    """Find the time zone of an IANA name.

    Returns it, or raises ValueError.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is not a time zone of the IANA list, such as Asia/Shanghai") from None


class Clock:
    """Turns the vendor's moments into aware datetimes: `iso`, `unix`, `unix_ms` or a strptime format."""

    def __init__(self, form: str, zone_name: str) -> None:
        self._format = form
        self._zone = zone(zone_name)

    def read(self, text: str) -> datetime | None:
        """Read a moment.

        Returns None when the text is empty or no moment: a report counts without it too.
        """
        if not text:
            return None
        try:
            if self._format in ("unix", "unix_ms"):
                return datetime.fromtimestamp(float(text) / (1000 if self._format == "unix_ms" else 1), UTC)
            iso = self._format == "iso"
            moment = datetime.fromisoformat(text) if iso else datetime.strptime(text, self._format)
        except (ValueError, OverflowError, OSError):
            return None
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)


def timefmt(unix: Any, form: str, zone_name: str = "UTC") -> str:
    """Write unix seconds by a strftime format in a time zone."""
    return datetime.fromtimestamp(float(unix), UTC).astimezone(zone(zone_name)).strftime(form)
