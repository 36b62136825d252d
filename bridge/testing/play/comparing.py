"""Tells how a signature is compared: a webhook whose signature notices every == it meets."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bridge.plugin import WebhookRequest

_NAMES = re.compile(r"sign|auth|token|digest|hmac|mac|key|secret", re.IGNORECASE)
_SHORTEST = 16
"""Letters of a signature; a scheme or a version may be compared in any way."""
_SAME_KIND = ("strip", "lstrip", "rstrip", "lower", "upper", "removeprefix", "removesuffix")


def noticing(request: WebhookRequest, plain: WebhookRequest) -> tuple[WebhookRequest, list[str]]:
    """Return the request with signatures that notice a comparison, and the names of those that met one."""
    met: list[str] = []
    headers = {
        name: _noticing(value, lambda name=name: met.append(name))  # type: ignore[misc]
        if plain.headers.get(name) != value and _NAMES.search(name) and len(value) >= _SHORTEST
        else value
        for name, value in request.headers.items()
    }
    return replace(request, headers=headers), met


def _noticing(value: str, notice: Callable[[], object]) -> str:
    """Return a text that is as any other, but calls `notice` when == is asked of it, or of its bytes."""

    def equal(self: Any, other: object) -> Any:
        if isinstance(other, str | bytes) and len(other) >= _SHORTEST:
            notice()
        return _kind(self).__eq__(self, other)

    def unequal(self: Any, other: object) -> Any:
        return not equal(self, other)

    def kept(method: str) -> Callable[..., Any]:
        def same(self: Any, *args: Any) -> Any:
            return type(self)(getattr(_kind(self), method)(self, *args))

        return same

    own: dict[str, Any] = {"__eq__": equal, "__ne__": unequal}
    own["__hash__"] = lambda self: _kind(self).__hash__(self)
    both = {name: kept(name) for name in _SAME_KIND}
    data = type("Signature", (bytes,), own | both)
    encoded = {"encode": lambda self, *args: data(str.encode(self, *args)), "casefold": kept("casefold")}
    return type("Signature", (str,), own | both | encoded)(value)  # type: ignore[no-any-return]


def _kind(text: object) -> Any:
    return str if isinstance(text, str) else bytes
