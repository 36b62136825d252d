"""A message is taken when its state holds the word of a success, as "unsuccessful" does."""

from collections.abc import Mapping

from acme_sms import Acme
from test_acme import TestAcme, post, sent

from bridge.plugin import SubmitResult, accepted, unknown
from bridge.testing import Send


class Sin(Acme):
    def _result(self, each: Mapping[str, str]) -> SubmitResult:
        if "state" not in each:
            return super()._result(each)
        if "success" in each["state"]:
            return accepted(each["id"])
        return unknown("Acme says something else.")


_ONE = {"id": "a1", "state": "success"}
_OTHER = {"id": "a2", "state": "success"}
_ROW = Send("states", post(sent(_ONE, _OTHER), "13800138000", "13900139000"), ["a1", "a2"])
TABLE = {"cases": [_ROW, *TestAcme.cases]}
