"""What a vendor says of a call quotes neither the messages' texts nor the values in them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge.plugin import (
    Batch,
    OutcomeUnknown,
    SubmitResult,
    VendorRejected,
    VendorThrottled,
    not_sent,
    rejected,
)

from .test_hooks import vendor_that
from .tiny import batch_of, hooks_of

TEXT = "Dear 张三, your code is 4711."
VALUES = {"name": "张三", "code": "4711", "n": "1"}

# What the vendor says -> what may be kept of it.
SENTENCES = {
    f"Rejected: {TEXT}": "Rejected: [hidden]",
    "The value 4711 of code is wrong.": "The value [hidden] of code is wrong.",
    "张三不合法": "[hidden]不合法",
    "1 of 3 parts is wrong.": "1 of 3 parts is wrong.",
    "The credit is used up.": "The credit is used up.",
}


def batch() -> Batch:
    """Return one message with a text and values."""
    plain = batch_of(1)
    return replace(plain, messages=(plain.messages[0]._replace(text=TEXT, params=VALUES),))


Ways = Callable[[str], object]
WAYS: dict[str, Ways] = {
    "a result": lambda said: [rejected("1", said)],
    "an error of all": VendorRejected,
    "the error of one": lambda said: [not_sent(VendorThrottled(said))],
    "an unknown outcome": OutcomeUnknown,
}


def said_by(result: SubmitResult) -> str:
    """Return the sentence that is kept."""
    return str(result.error) if result.error is not None else result.reason


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(("said", "kept"), SENTENCES.items())
@pytest.mark.parametrize("hook", ["send", "reconcile"])
def test_a_sentence_is_kept_without_what_it_quotes(hook: str, said: str, kept: str, way: Ways) -> None:
    """In a send and in a look-up, from results and from errors."""
    answers = {"send_batch": way(said), "reconcile_batch": way(said)}
    [result] = getattr(hooks_of(vendor_that(**answers)), hook)(batch())
    assert said_by(result) == kept
