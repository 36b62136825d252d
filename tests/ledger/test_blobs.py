"""Recipients packed into a blob and read again, also those that an earlier version packed."""

import json

import pytest

from bridge.ledger.blobs import Recipients, decode, encode

FAULT = ("BAD_VALUES", "A value is missing.")


def test_faults_are_kept_by_name() -> None:
    """A part more of a fault in a later version moves none of the others."""
    document = json.loads(encode(Recipients(["1", "2"], faults={1: FAULT})))
    assert document == {"phones": ["1", "2"], "faults": {"1": {"code": FAULT[0], "reason": FAULT[1]}}}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(list(FAULT), id="of a version before: a list"),
        pytest.param({"code": FAULT[0], "reason": FAULT[1]}, id="by name"),
        pytest.param({"code": FAULT[0], "reason": FAULT[1], "more": "x"}, id="of a later version"),
    ],
)
def test_faults_of_every_version_are_read(fault: object) -> None:
    """What waits in the queue over an upgrade is read."""
    blob = json.dumps({"phones": ["1", "2"], "params": [{"a": "b"}], "faults": {"1": fault}}).encode()
    assert decode(blob) == Recipients(["1", "2"], [{"a": "b"}], {1: FAULT})
