"""A secret in the log, whenever the account is asked who it is."""

import logging
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Vendor, hookimpl


class Sin(Acme):
    def identity(self) -> Sequence[str]:
        logging.getLogger("sin").debug("account of %s", self._secret)
        return super().identity()


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
