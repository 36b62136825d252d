"""A decorator that repeats what has no known outcome."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, Vendor, hookimpl


def stubborn(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def again(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except OutcomeUnknown:
            return function(*args, **kwargs)

    return again


class Sin(Acme):
    @hookimpl
    @stubborn
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
