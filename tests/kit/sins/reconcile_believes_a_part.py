"""A look-up that takes the first page for all there is."""

from collections.abc import Sequence

from acme_sms import Acme
from test_acme import TestAcme, get

from bridge.plugin import (
    Batch,
    Channel,
    Outcome,
    SubmitResult,
    Vendor,
    VendorUnavailable,
    accepted,
    hookimpl,
    not_sent,
)
from bridge.testing import Reconcile, Reply


class Sin(Acme):
    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        found = self._call("GET", f"/sent?ref={batch.ref}")["found"]
        absent = not_sent(VendorUnavailable("Acme does not have the message."))
        return [
            accepted(found[m.phone.digits]) if m.phone.digits in found else absent for m in batch.messages
        ]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


ROWS = [
    Reconcile(
        "found one",
        get("/sent", Reply(json={"code": 0, "found": {"8613800138000": "a1"}, "total": 1})),
        ["a1", Outcome.NOT_SENT],
    ),
    Reconcile("absent", get("/sent", Reply(json={"code": 0, "found": {}, "total": 1})), Outcome.NOT_SENT),
]
TABLE = {"cases": [*(row for row in TestAcme.cases if row.operation != "reconcile_batch"), *ROWS]}
