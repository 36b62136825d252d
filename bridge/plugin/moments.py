"""Times that cross the plugin boundary: always aware, or refused where they are made."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

CLOCKS_APART = timedelta(minutes=1)
"""So far apart may the clocks of two of the bridge's machines be, unless `clocks_apart_s` says more.

A batch's `called_at` is of one machine, the look-up of another: a key counts as forgotten so much sooner, an
absence as proved so much later.
"""

Made = TypeVar("Made")


def require_aware(owner: object, **moments: datetime | None) -> None:
    """Raise ValueError, naming the field, for a moment without a time zone, and TypeError for none at all.

    Read in the zone of whatever host it came to, it would be hours off.
    """
    for name, moment in moments.items():
        if moment is None:
            continue
        if not isinstance(moment, datetime):
            raise TypeError(f"{type(owner).__name__}.{name} is no datetime")
        if moment.utcoffset() is None:
            raise ValueError(f"{type(owner).__name__}.{name} has no time zone")


def aware(*fields: str) -> Callable[[type[Made]], type[Made]]:
    """Make a named tuple refuse moments without a time zone in these fields, however it is built."""

    def checking(kind: Any) -> Any:
        new, make = kind.__new__, kind._make.__func__

        def checked(made: Any) -> Any:
            require_aware(made, **{name: getattr(made, name) for name in fields})
            return made

        kind.__new__ = lambda cls, *args, **kwargs: checked(new(cls, *args, **kwargs))
        kind._make = classmethod(lambda cls, values: checked(make(cls, values)))
        return kind

    return checking
