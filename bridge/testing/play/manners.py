"""What a plugin may not do, whatever the row: dawdle, change what it was given, tell times without a zone."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from bridge.plugin import Batch, PollWindow

from ..table.cases import Case, Webhook
from ..table.exchanges import Seen
from .guards import MOST_CALL_S, MOST_SLEEP_S
from .watch import Watch

MOST_WEBHOOK_S = 1.0
MOST_IDLE_S = 0.25
"""Seconds that a webhook may wait for anything; a module that is read from the disk takes less."""
_ZONE = timezone(timedelta(hours=5, minutes=43))
"""The host's time zone while a plugin is watched, as `guards.ZONE` names it."""
_WRITTEN = (
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d+%H%%3A%M",
    "%Y/%m/%d %H:%M",
    "%Y%m%d%H%M",
    "%d %b %Y %H:%M",
)


def time_faults(row: Case, watch: Watch, *, late: bool = False) -> list[str]:
    """Find waiting: a thread of the bridge, or the vendor with its webhook, waits with it.

    `late` when an answer was waited for that the kit held back: that takes the time it takes.
    """
    name = row.operation
    if isinstance(row, Webhook):
        found = []
        if watch.connections:
            found.append("parse_webhook opened a connection: it must answer from the request alone")
        found += [
            f"parse_webhook started {what}: what it finds later comes after the acknowledgement"
            for what in dict.fromkeys(watch.started)
        ]
        if watch.slept_s:
            found.append(f"parse_webhook slept {watch.slept_s:g} s: the vendor waits for the acknowledgement")
        elif watch.idle_s > MOST_IDLE_S:
            found.append(f"parse_webhook waited {watch.idle_s:.1f} s for something: the vendor waits with it")
        elif watch.took_s > MOST_WEBHOOK_S:
            found.append(f"parse_webhook took {watch.took_s:.1f} s: the vendor waits for the acknowledgement")
        return found
    if watch.slept_s > MOST_SLEEP_S:
        return [f"{name} slept {watch.slept_s:g} s: leave pace and repeats to the bridge"]
    if watch.took_s > MOST_CALL_S and not late:
        return [f"{name} took {watch.took_s:.0f} s: leave pace and repeats to the bridge"]
    return []


def dawdled(watch: Watch) -> bool:
    """Return True when a webhook took so long that it is worth a second look."""
    return not watch.slept_s and (watch.idle_s > MOST_IDLE_S or watch.took_s > MOST_WEBHOOK_S)


def naive_times(answer: Any, place: str = "the answer") -> list[str]:
    """Find moments without a time zone, however deep in an answer."""
    if isinstance(answer, datetime):
        if answer.tzinfo is None:
            return [f"{place} holds a time without a zone: the bridge cannot know which one is meant"]
        return []
    return [fault for each in _parts(answer) for fault in naive_times(each, place)]


def _parts(value: Any) -> Iterable[Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, each.name) for each in fields(value)]
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list | tuple) else ()


def local_times(row: Case, seen: Iterable[Seen]) -> list[str]:
    """Find the host's local time in requests: it is another on every host."""
    moments = [datetime.now(UTC) - timedelta(minutes=minutes) for minutes in (0, 1)]
    for given in (getattr(row, "batch", None), getattr(row, "window", None)):
        if isinstance(given, Batch):
            moments.append(given.called_at)
        if isinstance(given, PollWindow):
            moments += [given.since, given.until]
    written = {moment.astimezone(_ZONE).strftime(form) for moment in moments for form in _WRITTEN}
    for request in seen:
        text = f"{request.url}\n{request.body.decode('utf-8', 'replace')}\n{request.headers}"
        for moment in written:
            if moment in text and "+05:43" not in text and "+0543" not in text and "%2B05" not in text:
                return [
                    f"a request to {request.path} holds the host's local time: it is another on every host"
                ]
    return []


def mutated(before: Any, after: Any, operation: str) -> list[str]:
    """Find what a hook changed of its arguments: other hooks and later attempts read them."""
    return [] if before == after else [f"{operation} changed what it was given; copy it before you change it"]


def frozen(arguments: Mapping[str, Any]) -> Any:
    """Return a comparable picture of a hook's arguments, however deep."""
    return {name: _picture(value) for name, value in arguments.items()}


def _picture(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _picture(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, *(_picture(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, list | tuple):
        return [_picture(each) for each in value]
    return value if isinstance(value, str | bytes | int | float | bool | datetime | None) else repr(value)
