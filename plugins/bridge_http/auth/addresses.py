"""The caller's address."""

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import Field

from bridge.plugin import WebhookRequest

from ..faults import RecipeFault
from ..language.decoding import WebhookParts
from ..language.values import Names
from .base import Check, Verify


class Addresses(Verify):
    """The caller's address lies in one of these networks."""

    scheme: Literal["addresses"]
    allow: Annotated[list[str], Field(min_length=1)]

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a look at the address."""
        networks = []
        for index, text in enumerate(self.allow):
            try:
                networks.append(ipaddress.ip_network(text))
            except ValueError:
                faults.append(RecipeFault(f"{key}.allow[{index}]", "is not an address or network"))

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            try:
                address = ipaddress.ip_address(request.remote_addr)
            except ValueError:
                return False
            return any(address in network for network in networks)

        return check
