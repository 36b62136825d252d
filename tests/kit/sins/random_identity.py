"""An account has another identity in each process."""

import uuid
from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Vendor, hookimpl

PROCESS = str(uuid.uuid4())


class Sin(Acme):
    def identity(self) -> Sequence[str]:
        return (PROCESS,)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
