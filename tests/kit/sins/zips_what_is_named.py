"""The vendor's answer names each number, in whatever order; the results are taken in that order."""

from typing import Any

import test_acme
from acme_sms import Acme

from bridge.testing import Send

ANSWER = test_acme.sent({"to": "8613800138000", "id": "a1"}, {"to": "8613900139000", "id": "a2"})
ROW = Send("accepted", test_acme.post(ANSWER, "13800138000", "13900139000"), ["a1", "a2"])
OTHERS: list[Any] = [row for row in test_acme.TestAcme.cases if row.id != "accepted"]
TABLE = {"cases": [ROW, *OTHERS]}


class Sin(Acme):
    pass
