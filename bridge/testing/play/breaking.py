"""Breaks the vendor's answer on its way back: the vendor has taken the request, the plugin cannot tell."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..table.exchanges import Broken, Lost, Reply, Seen

Fate = Broken | Lost | Callable[[Reply], Reply] | None
"""What befalls one answer; a function changes it."""
Breakage = Callable[[int], Fate]
"""What befalls the nth request, counted from 1."""

REDIRECTED = "/kit-redirected"
"""Where a redirect of the kit leads: nobody may follow it."""
PAGE = "Something went wrong at the gateway."
"""What stands in every page of the kit: nobody may read it in a reason."""
_STATUSES = {
    Broken.GATEWAY: 502,
    Broken.ERROR: 500,
    Broken.UNAVAILABLE: 503,
    Broken.GATEWAY_TIMEOUT: 504,
    Broken.UNUSUAL: 520,
    Broken.GAVE_UP: 524,
    Broken.ODD: 561,
    Broken.MISSING: 404,
    Broken.FORBIDDEN: 403,
    Broken.THROTTLED: 429,
    Broken.REQUEST_TIMEOUT: 408,
    Broken.NOT_JSON: 200,
}
_REDIRECTS = {Broken.REDIRECT: 302, Broken.MOVED: 307}
_TEXTS = {Broken.HOLLOW: "{}", Broken.LIST: "[]", Broken.NULL: "null", Broken.EMPTY: ""}


@dataclass(frozen=True)
class Breaks:
    """The same befalls every answer from the nth request on."""

    how: Fate
    since: int = 1

    def __call__(self, count: int) -> Fate:
        """Return what befalls this request's answer."""
        return self.how if count >= self.since else None


def no_breakage(_: int) -> None:
    """Leave every answer as it is."""


def is_refused(breakage: Breakage) -> bool:
    """Return True when no request is to reach the vendor."""
    return isinstance(breakage, Breaks) and breakage.how is Lost.REFUSED


def broken(reply: Reply | Lost, fate: Fate, seen: Seen) -> Reply | Lost | Broken:
    """Apply what befalls the answer to a request.

    Returns what goes over the wire; the wire carries out a Broken.
    """
    if fate is None or isinstance(reply, Lost):
        return reply
    if isinstance(fate, Lost):
        return fate
    return _spoilt(reply, fate, seen) if isinstance(fate, Broken) else fate(reply)


def _page(seen: Seen) -> str:
    """Return the page of a gateway that shows the request, as many do: numbers, text and key among it."""
    headers = "\n".join(f"{name}: {value}" for name, value in seen.headers.items())
    body = seen.body.decode("utf-8", "replace")
    return (
        f"<html><body><h1>{PAGE}</h1><pre>{seen.method} {seen.url}\n{headers}\n\n{body}</pre></body></html>"
    )


def _spoilt(reply: Reply, fate: Broken, seen: Seen) -> Reply | Lost | Broken:
    if fate in _STATUSES:
        # Many gateways say when to come again: for whoever may.
        later = {"Retry-After": "1"} if fate is Broken.UNAVAILABLE else {}
        return Reply(_STATUSES[fate], text=_page(seen), headers={"Content-Type": "text/html", **later})
    if fate in _TEXTS:
        return Reply(reply.status, text=_TEXTS[fate], headers={"Content-Type": reply.content_type})
    if fate is Broken.ECHO:
        return Reply(reply.status, json={"request": _page(seen)}, headers=reply.headers)
    if fate in _REDIRECTS:
        return Reply(_REDIRECTS[fate], text="", headers={"Location": REDIRECTED})
    if fate is Broken.TRUNCATED:
        half = reply.body[: len(reply.body) // 2].decode("utf-8", "ignore")
        return Reply(reply.status, text=half, headers={"Content-Type": reply.content_type, **reply.headers})
    return {Broken.TIMEOUT: Lost.TIMEOUT, Broken.RESET: Lost.RESET}.get(fate, fate)


class LeftOut:
    """The fate of an answer that tells of too few messages: its lists of that length keep `kept` of them."""

    def __init__(self, messages: int, kept: slice) -> None:
        self.messages = messages
        self.kept = kept
        self.applied = False

    def __call__(self, reply: Reply) -> Reply:
        """Return the answer without the messages that are left out."""
        try:
            answer = json.loads(reply.body)
        except ValueError:
            return reply
        shortened = _shortened(answer, self.messages, self.kept)
        self.applied = shortened != answer
        return Reply(reply.status, json=shortened, headers=reply.headers)


def _shortened(value: Any, length: int, kept: slice) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(each, length, kept) for key, each in value.items()}
    if isinstance(value, list):
        some = value[kept] if len(value) == length else value
        return [_shortened(each, length, kept) for each in some]
    return value
