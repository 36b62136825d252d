"""Whoever tells of an event waits for it."""

import time

from acme_sms import Acme

from bridge.plugin import Event, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def on_event(self, event: Event) -> None:
        time.sleep(1)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
