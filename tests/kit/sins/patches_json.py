"""JSON of the whole process is written otherwise."""

import json
from typing import Any

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl

_dumps = json.dumps


def _sorted(value: Any, **options: Any) -> str:
    return _dumps(value, **{**options, "sort_keys": True})


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        json.dumps = _sorted  # type: ignore[assignment]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
