"""The signal that asks the worker to end is swallowed."""

import signal

from acme_sms import Acme

from bridge.plugin import Channel, Vendor, hookimpl


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
