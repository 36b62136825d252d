"""Every account has the same identity."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Vendor, hookimpl


class Sin(Acme):
    def identity(self) -> Sequence[str]:
        return ("acme",)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
