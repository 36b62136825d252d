"""Watches every request made with `requests`: how long it waits, whom it trusts, whether it repeats."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from urllib3 import Retry

from ..table.exchanges import Seen
from .network import PROXY
from .swapping import swapped
from .watch import MOST_WAIT_S, Watch

_COUNTS = ("total", "connect", "read", "redirect", "status", "other")


@contextmanager
def guarded_requests(watch: Watch) -> Iterator[None]:
    """Note each request, and what its session is allowed to do."""
    send, counting = requests.Session.send, threading.Lock()
    answered: list[tuple[Seen, requests.Response]] = []

    def guarded(
        self: requests.Session, prepared: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        with counting:
            watch.requests += 1
        watch.faults += _faults(self, prepared, kwargs)
        response = send(self, prepared, **kwargs)
        answered.append((seen_by(prepared), response))
        return response

    with swapped(requests.Session, "send", guarded):
        try:
            yield
        finally:
            watch.exchanges += [(seen, each.status_code, _read_of(each)) for seen, each in answered]


def _read_of(response: requests.Response) -> str:
    """Return what the plugin has read of an answer; the kit reads no more, which may have no end."""
    return "" if getattr(response, "_content", False) is False else response.text


def _faults(
    session: requests.Session, prepared: requests.PreparedRequest, options: dict[str, Any]
) -> list[str]:
    what = f"a {prepared.method} request"
    found = [_waiting(what, options.get("timeout"))]
    if not (verify := options.get("verify", session.verify)):
        found.append(f"{what} was made with verify={verify!r}: anybody can answer in the vendor's name")
    if PROXY in {**(options.get("proxies") or {}), **session.proxies}.values():
        found.append(f"{what} goes through a proxy of the environment: a plugin obeys those of its settings")
    if session.trust_env:
        found.append(
            f"{what} obeys the environment's proxies and .netrc (trust_env): use bridge.plugin.http.Session"
        )
    if _repeats(session.get_adapter(prepared.url or "").__dict__.get("max_retries")):
        found.append(
            f"{what} would be repeated by its adapter (max_retries): a send is never repeated blindly"
        )
    follows = type(session).get_redirect_target is requests.Session.get_redirect_target
    if options.get("allow_redirects", True) and follows:
        found.append(f"{what} would follow a redirect: give allow_redirects=False, or use bridge.plugin.http")
    return [each for each in found if each]


def _waiting(what: str, timeout: Any) -> str:
    waits = timeout if isinstance(timeout, tuple) else (getattr(timeout, "total", timeout),)
    if timeout is None or None in waits:
        return f"{what} was made without a time-out"
    longest = max(float(each) for each in waits)
    if longest > MOST_WAIT_S:
        return f"{what} has a time-out of {longest:g} s, over {MOST_WAIT_S:g} s: a thread hangs on it"
    return ""


def _repeats(retries: Any) -> bool:
    if not isinstance(retries, Retry):
        return bool(retries)
    if retries.total is False or retries.total == 0:
        return False
    return any(getattr(retries, name) for name in _COUNTS if getattr(retries, name) is not None)


def seen_by(prepared: requests.PreparedRequest) -> Seen:
    """Return the request as the vendor would receive it."""
    body = prepared.body or b""
    data = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
    return Seen(prepared.method or "", prepared.url or "", dict(prepared.headers), data)
