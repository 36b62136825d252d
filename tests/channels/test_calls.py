"""Calls that ask a vendor: each is measured once, and counted once when it failed."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import pytest

from bridge import metrics
from bridge.channels import Hooks
from bridge.channels.calls import ASKING
from bridge.plugin import (
    BridgeError,
    CreatedTemplate,
    CredentialsRejected,
    Health,
    NoSuchResource,
    OutcomeUnknown,
    PollWindow,
    ReceiptPage,
    UnsupportedOperation,
    VendorRejected,
    VendorUnavailable,
    accepted,
)

from .test_hooks import CALLS as ANSWERED
from .test_hooks import vendor_that
from .tiny import NOW, batch_of, hooks_of

WINDOW = PollWindow(NOW, NOW)

# Each hook that asks: what a vendor that is well answers, and how it is called.
CALLS: dict[str, tuple[Any, Callable[[Hooks], Any]]] = {
    **{hook: row for hook, row in ANSWERED.items() if hook != "parse_webhook"},
    "check_channel": (Health("ok"), lambda hooks: hooks.check()),
    "reconcile_batch": ([accepted()], lambda hooks: hooks.reconcile(batch_of(1))),
}
OF_NOTHING = {"check_channel", "list_templates", "poll_receipts", "poll_replies"}
FAILURES = {
    "refused connection": (
        VendorUnavailable("Nobody listens.", code="CONNECTION_REFUSED"),
        "CONNECTION_REFUSED",
    ),
    "answer lost": (OutcomeUnknown("No answer came."), "OUTCOME_UNKNOWN"),
    "credentials": (CredentialsRejected("The key is wrong."), "CREDENTIALS_REJECTED"),
    "an error of no class": (BridgeError("No."), "VENDOR_ERROR"),
    "a bug": (KeyError("x"), "PLUGIN_FAULT"),
    "a wrong answer": (object(), "PLUGIN_FAULT"),
    "unsupported": (UnsupportedOperation("Not here."), ""),
}
ANSWERS = {"refused": VendorRejected("Not this text."), "not known": NoSuchResource("There is none.")}


def counts(hook: str) -> dict[str, float]:
    """Return a hook's calls, and its failed ones by code."""
    found: dict[str, float] = {}
    for family in metrics.registry().collect():
        for sample in family.samples:
            if sample.labels.get("hook") != hook:
                continue
            if sample.name == "sms_bridge_vendor_call_seconds_count":
                found["calls"] = sample.value
            if sample.name == "sms_bridge_vendor_errors_total":
                found[sample.labels["code"]] = sample.value
    return found


def added(hook: str, answer: Any, call: Callable[[Hooks], object]) -> dict[str, float]:
    """Return what one call adds to the counts."""
    hooks, before = hooks_of(vendor_that(**{hook: answer})), counts(hook)
    with suppress(BridgeError):
        call(hooks)
    return {name: more for name, value in counts(hook).items() if (more := value - before.get(name, 0))}


def test_every_hook_that_asks_is_here() -> None:
    """None escapes the tables of this file."""
    assert set(CALLS) == ASKING


@pytest.mark.parametrize("hook", CALLS)
def test_a_call_that_is_answered_is_measured(hook: str) -> None:
    answer, call = CALLS[hook]
    assert added(hook, answer, call) == {"calls": 1}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("hook", CALLS)
def test_a_call_that_fails_is_counted_once(hook: str, failure: str) -> None:
    """By its code; what the vendor does not offer is no failure."""
    answer, code = FAILURES[failure]
    assert added(hook, answer, CALLS[hook][1]) == {"calls": 1} | ({code: 1} if code else {})


@pytest.mark.parametrize("said", ANSWERS)
@pytest.mark.parametrize("hook", CALLS)
def test_a_refused_template_is_no_failed_call(hook: str, said: str) -> None:
    """Nor a signature that the vendor does not know; a poll that is refused is one."""
    error = ANSWERS[said]
    failed = {error.code: 1} if hook in OF_NOTHING else {}
    assert added(hook, error, CALLS[hook][1]) == {"calls": 1} | failed


@pytest.mark.parametrize(
    ("hook", "page"),
    [("create_template", CreatedTemplate("")), ("poll_receipts", ReceiptPage([cast(Any, "x")]))],
)
def test_an_answer_that_lacks_something_is_a_failed_call(hook: str, page: Any) -> None:
    """A code of the vendor's, or a receipt where something else stands."""
    assert added(hook, page, CALLS[hook][1]) == {"calls": 1, "PLUGIN_FAULT": 1}


def test_a_kept_page_that_is_read_again_is_no_call() -> None:
    """The vendor was asked for it before."""
    again = PollWindow(NOW, NOW, page=b"kept")
    assert added("poll_receipts", ReceiptPage(), lambda hooks: hooks.poll_receipts(again)) == {}


def test_a_send_is_not_counted_by_its_hook() -> None:
    """Its sender counts it, by the results of its messages."""
    assert added("send_batch", [accepted()], lambda hooks: hooks.send(batch_of(1))) == {}
