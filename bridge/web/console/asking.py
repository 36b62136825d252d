"""What a page is asked for: its filters, which page of its rows, and in which form."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bridge.clock import FOREVER_MS, millis_of

from .language import phrase

ROWS = 50
"""So many rows stand on one page."""
_LATEST = FOREVER_MS


class NotUnderstood(Exception):
    """A filter or a field holds what cannot be; the text is a phrase, `values` stand in it."""

    def __init__(self, text: str, **values: str) -> None:
        super().__init__(text % values)
        self.text = text
        self.values = values


class Asked:
    """The filters of one request. `form` is html, csv or json. Raises NotUnderstood."""

    def __init__(self, path: str, values: Mapping[str, str], form: str = "html") -> None:
        self.path = path
        self.form = form
        self._values = values

    def text(self, name: str, most: int = 256) -> str:
        """Return what was typed, "" for nothing."""
        typed = self._values.get(name, "").strip()
        if "\0" in typed:  # no database holds it, and PostgreSQL refuses to look for it
            raise NotUnderstood(phrase("The filter %(name)s cannot have this value."), name=name)
        if len(typed) > most:  # never cut: half of a value or of a reason is another one
            raise NotUnderstood(
                phrase("%(name)s has %(length)s characters; at most %(most)s are taken."),
                name=name,
                length=str(len(typed)),
                most=str(most),
            )
        return typed

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """Return one of the allowed words, None for nothing."""
        chosen = self.text(name)
        if chosen and chosen not in allowed:
            raise NotUnderstood(phrase("The filter %(name)s cannot have this value."), name=name)
        return chosen or None

    def moment(self, name: str, zone: tzinfo, default: int = 0) -> int:
        """Return a day or a moment as it was typed, in milliseconds."""
        at = self._read(name, zone)
        return default if at is None else millis_of(at)

    def local(self, name: str, zone: tzinfo) -> str:
        """Return a moment as the page's form takes it: in the page's zone, without naming it; "" for none."""
        at = self._read(name, zone)
        if at is None:
            return ""
        least = "milliseconds" if at.microsecond else "seconds" if at.second else "minutes"
        return at.replace(tzinfo=None).isoformat(timespec=least)

    def _read(self, name: str, zone: tzinfo) -> datetime | None:
        typed = self.text(name)
        if not typed:
            return None
        try:
            at = datetime.fromisoformat(typed)
            return (at if at.tzinfo else at.replace(tzinfo=self._zone(zone))).astimezone(zone)
        except (ValueError, OverflowError):
            raise NotUnderstood(
                phrase("%(name)s is no time: write 2026-11-28, or 2026-11-28T18:30."), name=name
            ) from None

    def _zone(self, zone: tzinfo) -> tzinfo:
        """Return the zone that the form's fields named, so that times are read as they were shown."""
        named = self.text("zone", 64)
        try:
            return ZoneInfo(named) if named else zone
        except (KeyError, ValueError, OSError):
            raise NotUnderstood(phrase("The filter %(name)s cannot have this value."), name="zone") from None

    def span(self, zone: tzinfo) -> dict[str, int]:
        """Return the filters `since` and `until`, all time without them."""
        return {"since": self.moment("since", zone), "until": self.moment("until", zone, _LATEST)}

    def address(self, suffix: str = "", **changes: str) -> str:
        """Return this page's own address with some filters changed; "" takes one away."""
        values = {name: value for name, value in (dict(self._values) | changes).items() if value}
        query = f"?{urlencode(values)}" if values else ""
        return f"{self.path}{suffix}{query}"

    def value(self, name: str) -> str:
        """Return a filter as it was typed, to stand in the form again."""
        return self._values.get(name, "")
