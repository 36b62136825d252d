"""Dates as the contract writes them: `yyyy-MM-dd HH:mm:ss`, always in China's time (UTC+8)."""

import re
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))

_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def emit(moment: datetime) -> str:
    """Write the moment (an aware datetime) to the second; fractions are cut off."""
    if moment.tzinfo is None:
        raise ValueError("a date without a time zone")
    return moment.astimezone(CHINA).isoformat(" ", "seconds")[:19]


def read(text: str) -> datetime:
    """Read a date of Quick Audience. Returns an aware datetime; raises ValueError for anything else.

    Also understood: a T between date and time, a fraction, and an explicit zone.
    """
    text = text.strip()
    if _FORM.fullmatch(text) is None:
        raise ValueError("not a date")
    moment = datetime.fromisoformat(text)
    if not 1970 <= moment.year <= 9998:  # room for any change of zone
        raise ValueError("not a year of this age")
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
