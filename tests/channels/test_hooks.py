"""Each hook through its typed method: answers, refusals, bugs and wrong answers."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import pluggy
import pytest

from bridge.channels import Hooks, PluginFault
from bridge.plugin import (
    BridgeError,
    Channel,
    ConfigurationFault,
    CreatedTemplate,
    CredentialsRejected,
    DeliveryReceipt,
    DigitalTemplate,
    DigitalTemplateReview,
    Health,
    Limits,
    ListedTemplate,
    MessageStatus,
    NoSuchResource,
    Outcome,
    OutcomeUnknown,
    Policy,
    PollWindow,
    ReceiptPage,
    ReplyPage,
    ReviewStatus,
    SignReview,
    SubmitResult,
    TemplateReview,
    UnsupportedOperation,
    Vendor,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    accepted,
    hookimpl,
    not_sent,
    rejected,
    unknown,
)
from bridge.plugin.hookspecs import OPERATIONS

from .tiny import NOW, TEMPLATE, Tiny, batch_of, channel_named, hooks_of

DIGITAL = DigitalTemplate("D1", "Picture", ())
WINDOW = PollWindow(NOW, NOW)
REQUEST = WebhookRequest("POST", "https://x", "", b"", {}, b"")
RECEIPT = DeliveryReceipt(MessageStatus.DELIVERED, message_ref="m0")


def vendor_that(**answers: Any) -> type[Vendor]:
    """A vendor whose named hooks give these answers, raise these exceptions or call these functions."""

    def method(answer: Any) -> Callable[..., Any]:
        def hook(self: Vendor, channel: Channel) -> Any:
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return hookimpl(hook)

    return type("Made", (Tiny,), {name: method(answer) for name, answer in answers.items()})


# Each operation with a good answer, and how it is called.
CALLS: dict[str, tuple[Any, Callable[[Hooks], Any]]] = {
    "query_sign": (SignReview(ReviewStatus.APPROVED), lambda hooks: hooks.query_sign("Acme")),
    "create_template": (CreatedTemplate("V1"), lambda hooks: hooks.create_template(TEMPLATE)),
    "update_template": (CreatedTemplate(), lambda hooks: hooks.update_template(TEMPLATE)),
    "query_template": (TemplateReview(ReviewStatus.PENDING), lambda hooks: hooks.query_template(TEMPLATE)),
    "delete_template": (True, lambda hooks: hooks.delete_template(TEMPLATE)),
    "list_templates": ([ListedTemplate("V1", ReviewStatus.APPROVED)], lambda hooks: hooks.list_templates()),
    "create_digital_template": (CreatedTemplate("V1"), lambda hooks: hooks.create_digital_template(DIGITAL)),
    "update_digital_template": (CreatedTemplate(), lambda hooks: hooks.update_digital_template(DIGITAL)),
    "delete_digital_template": (True, lambda hooks: hooks.delete_digital_template(DIGITAL)),
    "query_digital_template": (
        DigitalTemplateReview({}),
        lambda hooks: hooks.query_digital_template(DIGITAL),
    ),
    "poll_receipts": (ReceiptPage([RECEIPT]), lambda hooks: hooks.poll_receipts(WINDOW)),
    "poll_replies": (ReplyPage(), lambda hooks: hooks.poll_replies(WINDOW)),
    "parse_webhook": (WebhookResult([RECEIPT]), lambda hooks: hooks.parse_webhook(REQUEST)),
}
SENDS = {"check_channel", "send_batch", "send_digital_batch", "reconcile_batch"}


def test_every_operation_has_its_row() -> None:
    """No operation escapes the tables of this file."""
    assert set(CALLS) | SENDS == OPERATIONS


@pytest.mark.parametrize("hook", CALLS)
def test_an_operation_gives_the_vendors_answer(hook: str) -> None:
    """What the vendor answers comes back, and the operation counts as supported."""
    answer, call = CALLS[hook]
    hooks = hooks_of(vendor_that(**{hook: answer}))
    assert call(hooks) is answer
    assert hooks.supports(hook)


@pytest.mark.parametrize("hook", CALLS)
def test_a_missing_operation_is_unsupported(hook: str) -> None:
    """The error names the vendor and the operation."""
    hooks = hooks_of(Tiny)
    assert not hooks.supports(hook)
    with pytest.raises(UnsupportedOperation, match=f"tiny.*{hook}"):
        CALLS[hook][1](hooks)


@pytest.mark.parametrize("hook", CALLS)
def test_a_bridge_error_passes_unchanged(hook: str) -> None:
    """Errors of the API keep their class, code and reason."""
    error = NoSuchResource("The vendor has no such thing.", code="isv.NOTHING")
    with pytest.raises(NoSuchResource) as caught:
        CALLS[hook][1](hooks_of(vendor_that(**{hook: error})))
    assert caught.value is error


@pytest.mark.parametrize("hook", CALLS)
@pytest.mark.parametrize("answer", [None, "text", KeyError("x")], ids=["None", "text", "bug"])
def test_a_bug_or_wrong_answer_is_the_plugins_fault(hook: str, answer: object) -> None:
    """None, another type and any other exception become PluginFault, which quotes nothing."""
    with pytest.raises(PluginFault) as caught:
        CALLS[hook][1](hooks_of(vendor_that(**{hook: answer})))
    assert caught.value.code == "PLUGIN_FAULT"
    assert "tiny" in caught.value.reason


@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        ("create_template", CreatedTemplate()),
        ("create_template", CreatedTemplate("")),
        ("create_digital_template", CreatedTemplate()),
        ("poll_receipts", ReceiptPage([None])),  # type: ignore[list-item]
        ("poll_replies", ReplyPage([RECEIPT])),  # type: ignore[list-item]
        ("parse_webhook", WebhookResult(reviews=[RECEIPT])),  # type: ignore[list-item]
    ],
)
def test_a_hollow_answer_is_the_plugins_fault(hook: str, answer: object) -> None:
    """A created template needs a vendor code; pages hold what they promise."""
    with pytest.raises(PluginFault):
        CALLS[hook][1](hooks_of(vendor_that(**{hook: answer})))


def test_a_forged_webhook_is_refused() -> None:
    """WebhookRejected reaches the caller."""
    with pytest.raises(WebhookRejected):
        hooks_of(vendor_that(parse_webhook=WebhookRejected("Forged."))).parse_webhook(REQUEST)


THROTTLED = VendorThrottled("Slow down.", code="429", retry_after=3)
UNAVAILABLE = VendorUnavailable("No contact.")
CREDENTIALS = CredentialsRejected("Bad key.", code="401")
PLUGIN_FAULT_UNKNOWN = (Outcome.UNKNOWN, "PLUGIN_FAULT")

# What a vendor does in a send of two messages -> outcome and code of both.
SEND_ROWS: list[tuple[Any, list[tuple[Outcome, str]]]] = [
    ([accepted("1"), rejected("E1", "No.")], [(Outcome.ACCEPTED, ""), (Outcome.REJECTED, "E1")]),
    ((accepted(), unknown("?")), [(Outcome.ACCEPTED, ""), (Outcome.UNKNOWN, "OUTCOME_UNKNOWN")]),
    ([not_sent(THROTTLED)] * 2, [(Outcome.NOT_SENT, "429")] * 2),
    (THROTTLED, [(Outcome.NOT_SENT, "429")] * 2),
    (UNAVAILABLE, [(Outcome.NOT_SENT, "VENDOR_UNAVAILABLE")] * 2),
    (CREDENTIALS, [(Outcome.NOT_SENT, "401")] * 2),
    (VendorRejected("No.", code="E2"), [(Outcome.REJECTED, "E2")] * 2),
    (OutcomeUnknown("Lost.", code="READ_TIMEOUT"), [(Outcome.UNKNOWN, "READ_TIMEOUT")] * 2),
    (KeyError("bug"), [PLUGIN_FAULT_UNKNOWN] * 2),
    (None, [PLUGIN_FAULT_UNKNOWN] * 2),
    ([], [PLUGIN_FAULT_UNKNOWN] * 2),
    ([accepted()], [PLUGIN_FAULT_UNKNOWN] * 2),
    ([accepted()] * 3, [PLUGIN_FAULT_UNKNOWN] * 2),
    ([accepted(), None], [PLUGIN_FAULT_UNKNOWN] * 2),
    ([accepted(), SubmitResult(Outcome.NOT_SENT)], [PLUGIN_FAULT_UNKNOWN] * 2),
    ("ok", [PLUGIN_FAULT_UNKNOWN] * 2),
]


@pytest.mark.parametrize(("answer", "expected"), SEND_ROWS)
def test_send_gives_one_result_per_message(answer: Any, expected: list[tuple[Outcome, str]]) -> None:
    """Errors count for every message; a bug or a wrong answer is unknown, never a reason to send again."""
    results = hooks_of(vendor_that(send_batch=answer)).send(batch_of(2))
    assert [(result.outcome, result.code) for result in results] == expected


def test_send_keeps_the_vendors_wait() -> None:
    """The seconds a vendor asked for travel with the result."""
    [result] = hooks_of(vendor_that(send_batch=THROTTLED)).send(batch_of(1))
    assert result.error is THROTTLED


def test_send_chooses_the_hook_by_the_template() -> None:
    """Digital templates go to send_digital_batch, and a vendor without it refuses them for good."""
    digital = replace(batch_of(1), template=DIGITAL)
    assert hooks_of(vendor_that(send_digital_batch=[accepted("d")])).send(digital) == [accepted("d")]
    [result] = hooks_of(Tiny).send(digital)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "UNSUPPORTED_OPERATION")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([not_sent(UNAVAILABLE), accepted()], [Outcome.NOT_SENT, Outcome.ACCEPTED]),
        (UNAVAILABLE, [Outcome.UNKNOWN] * 2),
        (CREDENTIALS, [Outcome.UNKNOWN] * 2),
        (VendorRejected("No look-up."), [Outcome.UNKNOWN] * 2),
        (ValueError("bug"), [Outcome.UNKNOWN] * 2),
        ([accepted()], [Outcome.UNKNOWN] * 2),
    ],
)
def test_a_failing_look_up_proves_nothing(answer: Any, expected: list[Outcome]) -> None:
    """Only a result says that a message was not sent; an error is about the look-up itself."""
    results = hooks_of(vendor_that(reconcile_batch=answer)).reconcile(batch_of(2))
    assert [result.outcome for result in results] == expected


@pytest.mark.parametrize(
    ("answers", "ok", "detail"),
    [
        ({}, True, "The vendor offers no check."),
        ({"check_channel": Health("Balance 12.")}, True, "Balance 12."),
        ({"check_channel": CREDENTIALS}, False, "Bad key."),
        ({"check_channel": KeyError("bug")}, False, "The plugin tiny failed (KeyError)."),
    ],
)
def test_check_never_raises(answers: dict[str, Any], ok: bool, detail: str) -> None:
    """Health says in every case what a person should know."""
    health = hooks_of(vendor_that(**answers)).check()
    assert (health.ok, health.detail) == (ok, detail)


class Withholding(Tiny):
    name = "withholding"

    @hookimpl
    def query_sign(self) -> SignReview:
        return SignReview(ReviewStatus.APPROVED)

    def withheld(self) -> Collection[str]:
        return {"query_sign"}


def test_withheld_hooks_are_unsupported() -> None:
    """A vendor's settings narrow what its class implements."""
    hooks = hooks_of(Withholding)
    assert hooks.operations == {"send_batch"}
    with pytest.raises(UnsupportedOperation):
        hooks.query_sign("Acme")


def test_limits_come_from_the_vendor() -> None:
    """The vendor's property decides how calls are cut."""

    class Narrow(Tiny):
        @property
        def limits(self) -> Limits:
            return Limits(7, uniform=900)

    assert hooks_of(Narrow).limits == Limits(7, uniform=900)


class Answering(Policy):
    name = "answering"

    @hookimpl
    def query_sign(self) -> SignReview:
        return SignReview(ReviewStatus.APPROVED)


class Forgetful(Tiny):
    def __init__(self, channel: Channel) -> None: ...


class Mute(Vendor):
    name = "mute"


class Misspelt(Tiny):
    @hookimpl
    def query_sing(self) -> None: ...


class Overreaching(Tiny):
    @hookimpl
    def query_sign(self, ledger: object) -> None: ...


class WithholdingNothing(Tiny):
    def withheld(self) -> Collection[str]:
        return {"query_sing"}


@pytest.mark.parametrize(
    ("vendor", "policies", "error", "text"),
    [
        (Tiny, [Answering], ConfigurationFault, "The policy answering answers query_sign"),
        (Mute, [], ConfigurationFault, "The vendor mute can send nothing"),
        (Forgetful, [], ConfigurationFault, "does not call super"),
        (WithholdingNothing, [], ConfigurationFault, "query_sing"),
        (Misspelt, [], pluggy.PluginValidationError, "unknown hook 'query_sing'"),
        (Overreaching, [], pluggy.PluginValidationError, "ledger"),
    ],
)
def test_a_plugin_that_breaks_a_rule_is_refused(
    vendor: type[Vendor], policies: Sequence[type[Policy]], error: type[Exception], text: str
) -> None:
    """Rules are checked when the channel is opened, not when the first message is sent."""
    with pytest.raises(error, match=text):
        hooks_of(vendor, *policies)


def test_channels_do_not_share_plugins() -> None:
    """Two channels of one vendor answer with their own objects."""

    class Named(Tiny):
        @hookimpl
        def check_channel(self, channel: Channel) -> Health:
            assert channel is self.channel
            return Health(channel.name)

    first, second = (Hooks(Named(channel_named(name))) for name in ("one", "two"))
    assert [first.check().detail, second.check().detail] == ["one", "two"]


def test_closing_reaches_every_plugin() -> None:
    """One plugin that cannot close does not keep the others open."""
    closed: list[str] = []

    class Sticky(Tiny):
        def close(self) -> None:
            raise OSError("busy")

    class Polite(Policy):
        name = "polite"

        def close(self) -> None:
            closed.append(self.name)

    hooks_of(Sticky, Polite, Polite).close()
    assert closed == ["polite", "polite"]


QUOTED = "No such number: +8613800138000."
SPOKEN: dict[str, Callable[[], str]] = {
    "an error": lambda: _reason(
        lambda: hooks_of(vendor_that(query_sign=NoSuchResource(QUOTED))).query_sign("x")
    ),
    "a result": lambda: hooks_of(vendor_that(send_batch=[rejected("1", QUOTED)])).send(batch_of(1))[0].reason,
    "an error of all": lambda: (
        hooks_of(vendor_that(send_batch=VendorRejected(QUOTED))).send(batch_of(1))[0].reason
    ),
    "the error of one": lambda: str(
        hooks_of(vendor_that(send_batch=[not_sent(VendorThrottled(QUOTED))])).send(batch_of(1))[0].error
    ),
    "a look-up": lambda: (
        hooks_of(vendor_that(reconcile_batch=[unknown(QUOTED)])).reconcile(batch_of(1))[0].reason
    ),
    "a check": lambda: hooks_of(vendor_that(check_channel=Health(QUOTED))).check().detail,
    "a polled receipt": lambda: (
        hooks_of(vendor_that(poll_receipts=ReceiptPage([RECEIPT._replace(reason=QUOTED)])))
        .poll_receipts(WINDOW)
        .receipts[0]
        .reason
    ),
    "a pushed receipt": lambda: (
        hooks_of(vendor_that(parse_webhook=WebhookResult([RECEIPT._replace(reason=QUOTED)])))
        .parse_webhook(REQUEST)
        .receipts[0]
        .reason
    ),
}


@pytest.mark.parametrize("spoken", SPOKEN.values(), ids=SPOKEN)
def test_what_a_vendor_says_of_a_failure_quotes_no_number(spoken: Callable[[], str]) -> None:
    """Its texts go to the ledger, to Quick Audience and into exceptions, where no log masks them."""
    assert spoken() == "No such number: +86*********00."


def _reason(call: Callable[[], object]) -> str:
    with pytest.raises(BridgeError) as caught:
        call()
    return str(caught.value)
