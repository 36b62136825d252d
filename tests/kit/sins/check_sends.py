"""The check of an account sends a message."""

from acme_sms import Acme
from test_acme import TestAcme, sent

from bridge.plugin import BridgeError, Channel, CredentialsRejected, Health, Vendor, hookimpl
from bridge.testing import Exchange, Query, Reply


class Sin(Acme):
    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        messages = [{"to": "8613800138000", "vars": {"code": "test"}}]
        try:
            self._call("POST", "/send", {"ref": "test", "template": "V-1", "messages": messages})
        except BridgeError as error:
            return Health(error.reason, error)
        return Health("It sends.")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


CHECK = [
    Query("healthy", "check_channel", [Exchange("POST", "/send", sent({"id": "a1"}))], Health("It sends.")),
    Query(
        "broke", "check_channel", [Exchange("POST", "/send", Reply(json={"code": 31}))], CredentialsRejected
    ),
]
TABLE = {"cases": [*(row for row in TestAcme.cases if row.operation != "check_channel"), *CHECK]}
