"""Policies that screen, observe and wrap: what they may do, and what they cannot break."""

from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.channels import Hooks
from bridge.plugin import (
    SEND,
    Batch,
    BridgeError,
    Channel,
    Event,
    EventName,
    Outcome,
    OutcomeUnknown,
    Policy,
    SubmitResult,
    Vendor,
    VendorThrottled,
    VendorUnavailable,
    Verdict,
    hookimpl,
    not_sent,
)

from .tiny import NOW, Tiny, batch_of, channel_named, hooks_of

REJECT = Verdict("BLOCKED", "On the list.")
DEFER = Verdict(defer_until=NOW)


def policy_that(name: str, answer: Any) -> type[Policy]:
    """Return a policy that gives this answer, or raises it."""

    def screen_batch(self: Policy, channel: Channel, batch: object) -> Any:
        assert channel is self.channel
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return type("Made", (Policy,), {"name": name, "screen_batch": hookimpl(screen_batch)})


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], [SEND, SEND]),
        ([[SEND, SEND]], [SEND, SEND]),
        ([[REJECT, SEND], [DEFER, DEFER]], [REJECT, DEFER._replace(reason="p1")]),
        ([[DEFER, SEND], [REJECT, SEND]], [DEFER._replace(reason="p0"), SEND]),
        ([(SEND, SEND), (SEND, REJECT), (SEND, DEFER)], [SEND, REJECT]),
    ],
)
def test_the_first_objecting_policy_decides(answers: list[Any], expected: list[Verdict]) -> None:
    """All are asked, in the order of the channel's settings; the first that objects decides a message."""
    policies = [policy_that(f"p{index}", answer) for index, answer in enumerate(answers)]
    assert hooks_of(Tiny, *policies).screen(batch_of(2)) == expected


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [SEND],
        [SEND] * 3,
        [SEND, None],
        "no",
        [SEND, SEND, Verdict(defer_until=datetime(2026, 1, 1, tzinfo=UTC))],
        ZeroDivisionError(),
        VendorUnavailable("The list is down."),
    ],
    ids=str,
)
def test_a_failing_policy_holds_the_batch(answer: Any) -> None:
    """An exception, None or a wrong answer is an error even when other policies allow the send."""
    hooks = hooks_of(Tiny, policy_that("sound", [SEND, SEND]), policy_that("broken", answer))
    with pytest.raises(BridgeError):
        hooks.screen(batch_of(2))


@pytest.mark.parametrize("fault", [RuntimeError("down"), SystemExit(3)])
def test_events_reach_every_observer_although_one_fails(fault: BaseException) -> None:
    """An observer's exception is logged and disturbs neither the caller nor the others."""
    seen: list[str] = []

    class Failing(Policy):
        name = "failing"

        @hookimpl
        def on_event(self, event: Event) -> None:
            seen.append("failing")
            raise fault

    class Watching(Policy):
        name = "watching"

        @hookimpl
        def on_event(self, event: Event) -> None:
            seen.append(event.name)

    hooks_of(Tiny, Failing, Watching, Failing).event(Event("promo", EventName.PUSH_DONE, NOW, {"entries": 1}))
    assert seen == ["failing", "push.done", "failing"]


class Tracing(Policy):
    """Wraps sends, and tries to change what it must not."""

    name = "tracing"
    seen: list[str]

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.seen = []

    @hookimpl(wrapper=True)
    def send_batch(self, batch: Any) -> Generator[None, Any, Any]:
        self.seen.append(batch.ref)
        batch = batch_of(3)
        try:
            return (yield)
        finally:
            self.seen.append("done")


def test_a_wrapper_traces_but_cannot_change_arguments() -> None:
    """The vendor gets the batch it was meant to get."""
    channel = channel_named("promo")
    tracing = Tracing(channel)
    assert len(Hooks(Tiny(channel), [tracing]).send(batch_of(2))) == 2
    assert tracing.seen == ["b1", "done"]


def wrapper_that(*, before: BaseException | None = None, after: BaseException | None = None) -> type[Policy]:
    def send_batch(self: Policy) -> Generator[None, Any, Any]:
        if before:
            raise before
        yield
        if after:
            raise after
        return ["nonsense"]

    return type("Made", (Policy,), {"name": "wrapper", "send_batch": hookimpl(wrapper=True)(send_batch)})


def hiding(*results: SubmitResult) -> type[Policy]:
    """Return a wrapper that answers for the vendor, whatever the vendor said."""

    def send_batch(self: Policy) -> Generator[None, Any, Any]:
        try:
            yield
        except OutcomeUnknown:
            """Hidden."""
        return list(results)

    return type("Hiding", (Policy,), {"name": "hiding", "send_batch": hookimpl(wrapper=True)(send_batch)})


class Losing(Tiny):
    name = "losing"

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        raise OutcomeUnknown("The answer was lost.")


@pytest.mark.parametrize(("vendor", "expected"), [(Tiny, Outcome.ACCEPTED), (Losing, Outcome.UNKNOWN)])
def test_a_wrapper_cannot_make_messages_look_unsent(vendor: type[Vendor], expected: Outcome) -> None:
    """To send again what the vendor may have accepted is not a wrapper's to decide."""
    unsent = not_sent(VendorUnavailable("No contact."))
    results = hooks_of(vendor, hiding(unsent, unsent)).send(batch_of(2))
    assert [result.outcome for result in results] == [expected] * 2


@pytest.mark.parametrize(
    ("wrapper", "expected"),
    [
        (wrapper_that(before=VendorThrottled("Slow down.")), Outcome.NOT_SENT),
        (wrapper_that(before=RuntimeError()), Outcome.UNKNOWN),
        (wrapper_that(after=VendorUnavailable("No contact.")), Outcome.ACCEPTED),
        (wrapper_that(after=RuntimeError()), Outcome.ACCEPTED),
        (wrapper_that(), Outcome.ACCEPTED),
    ],
    ids=["limits", "fails before", "denies after", "fails after", "changes the answer"],
)
def test_a_wrapper_cannot_undo_what_the_vendor_answered(wrapper: type[Policy], expected: Outcome) -> None:
    """A wrapper may hold a send back; once the vendor answered, the answer counts."""
    hooks = hooks_of(Tiny, wrapper)
    for _ in range(2):
        assert {result.outcome for result in hooks.send(batch_of(2))} == {expected}
