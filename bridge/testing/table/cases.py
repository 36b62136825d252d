"""The rows of a vendor's table. Each names its situation, the exchanges with the vendor, and the outcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, ClassVar

from bridge.plugin import (
    Acknowledgement,
    Batch,
    BridgeError,
    Consequence,
    DeliveryReceipt,
    DigitalTemplate,
    Kind,
    MoMessage,
    NotAccepted,
    Outcome,
    OutcomeUnknown,
    PollWindow,
    ReviewChange,
    SubmitResult,
    TextTemplate,
    WebhookRejected,
    WebhookRequest,
)
from bridge.plugin.hookspecs import OPERATIONS

from . import samples
from .exchanges import Exchange, Lost

Expected = SubmitResult | Outcome | type[BridgeError] | Consequence | str
"""What becomes of a message: the whole result, its outcome, the error it stands for (its class or its
`Consequence`), or the vendor's id of an accepted message."""


_LISTS: Mapping[str, type] = {
    "exchanges": Exchange,
    "receipts": DeliveryReceipt,
    "replies": MoMessage,
    "reviews": ReviewChange,
}


@dataclass(frozen=True, kw_only=True)
class _Situation:
    settings: Mapping[str, Any] = field(default_factory=dict)
    given: Callable[[Any], object] | None = None
    lost: bool = False

    def __post_init__(self) -> None:
        # Told here, where the traceback shows the author's own line.
        row = f"the row {getattr(self, 'id', '')!r}"
        for name, kind in _LISTS.items():
            listed = getattr(self, name, ())
            single = isinstance(listed, kind) or not isinstance(listed, Sequence)
            if single or not all(isinstance(each, kind) for each in listed):
                raise TypeError(f"{row}: `{name}` must be a list of {kind.__name__}")
        operation = getattr(self, "operation", "")
        if operation not in OPERATIONS:
            near = get_close_matches(str(operation), OPERATIONS, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(f"{row}: there is no operation {operation!r}.{hint}")
        expect: Any = getattr(self, "expect", None)
        if isinstance(expect, Consequence):
            object.__setattr__(self, "expect", expect.kind)
        elif type(expect) in (list, tuple):
            object.__setattr__(self, "expect", type(expect)(map(error_class, expect)))


@dataclass(frozen=True)
class Send(_Situation):
    """A batch sent: `send_batch`, or `send_digital_batch` when its template is digital.

    `expect` is one outcome for all messages or a sequence with one for each; `code`, if given, is the code
    every message that was not accepted carries. `given` prepares the class's emulator. `settings` replace
    those of the class key by key. `lost` says that no answer comes, where no exchange shows it.
    """

    id: str
    exchanges: Sequence[Exchange] = ()
    expect: Expected | Sequence[Expected] = Outcome.ACCEPTED
    code: str | None = field(default=None, kw_only=True)
    batch: Batch = field(default_factory=samples.batch, kw_only=True)

    @property
    def operation(self) -> str:
        """The hook that is called."""
        return "send_digital_batch" if self.batch.template.kind is Kind.DIGITAL else "send_batch"

    @property
    def expected(self) -> list[Expected]:
        """One expectation per message."""
        if isinstance(self.expect, Sequence) and not isinstance(self.expect, str | SubmitResult):
            return list(self.expect)
        return [self.expect] * len(self.batch.messages)

    @property
    def outcomes(self) -> list[Outcome]:
        """The expected outcome of each message."""
        return [outcome_of(each) for each in self.expected]

    @property
    def role(self) -> str:
        """Success, refusal or lost answer: what the row shows of its operation."""
        if loses(self) or Outcome.UNKNOWN in self.outcomes:
            return "lost answer"
        return "success" if Outcome.ACCEPTED in self.outcomes else "refusal"


@dataclass(frozen=True)
class Reconcile(Send):
    """A batch whose outcome is unknown, looked up with `reconcile_batch`.

    The look-up succeeds when it settles any message: accepted, rejected, or certainly not sent. An error
    class is the error it raises: every message then stays unknown.
    """

    @property
    def outcomes(self) -> list[Outcome]:
        """The expected outcome of each message."""
        return [Outcome.UNKNOWN if is_error(each) else outcome_of(each) for each in self.expected]

    @property
    def operation(self) -> str:
        """The hook that is called."""
        return "reconcile_batch"

    @property
    def role(self) -> str:
        """Success, refusal (the look-up settles nothing) or lost answer."""
        if loses(self) or self.expect is OutcomeUnknown:
            return "lost answer"
        return "refusal" if set(self.outcomes) == {Outcome.UNKNOWN} else "success"


@dataclass(frozen=True)
class Query(_Situation):
    """One call of any other operation: `check_channel`, or one about a signature or a template.

    `subject` is the signature's name or the template; without it a sample is used. `expect` is the answer
    (with `unittest.mock.ANY` where a field does not matter) or the class of the error, for `check_channel`
    the error inside its Health too. `code`, if given, is that error's code.
    """

    id: str
    operation: str
    exchanges: Sequence[Exchange] = ()
    expect: Any = None
    code: str | None = field(default=None, kw_only=True)
    subject: str | TextTemplate | DigitalTemplate | None = field(default=None, kw_only=True)

    @property
    def arguments(self) -> dict[str, Any]:
        """The hook's arguments beside the channel."""
        if self.operation in ("check_channel", "list_templates"):
            return {}
        if self.operation == "query_sign":
            return {"sign_name": samples.SIGN if self.subject is None else self.subject}
        digital = "digital" in self.operation
        return {"template": self.subject or (samples.digital_template() if digital else _new(self.operation))}

    @property
    def role(self) -> str:
        """Success, refusal or lost answer: what the row shows of its operation."""
        if loses(self) or self.expect is OutcomeUnknown:
            return "lost answer"
        return "refusal" if is_error(self.expect) else "success"


def _new(operation: str) -> TextTemplate:
    return samples.text_template(vendor_code="" if operation == "create_template" else "V-1")


@dataclass(frozen=True)
class Poll(_Situation):
    """One page asked for with `poll_receipts` or `poll_replies`; `expect` is the page or an error class."""

    id: str
    operation: str
    exchanges: Sequence[Exchange] = ()
    expect: Any = None
    code: str | None = field(default=None, kw_only=True)
    window: PollWindow = field(default_factory=samples.page_window, kw_only=True)

    @property
    def arguments(self) -> dict[str, Any]:
        """The hook's arguments beside the channel."""
        return {"window": self.window}

    @property
    def role(self) -> str:
        """Success, refusal or lost answer: what the row shows of its operation."""
        if loses(self) or self.expect is OutcomeUnknown:
            return "lost answer"
        return "refusal" if is_error(self.expect) else "success"


@dataclass(frozen=True)
class Webhook(_Situation):
    """A webhook of the vendor, before the class's `sign` has signed it.

    `acknowledgement` is compared when given. `expect=WebhookRejected` is a webhook that must be refused;
    the forgeries of every other row are made by the kit.
    """

    operation: ClassVar[str] = "parse_webhook"

    id: str
    request: WebhookRequest
    receipts: Sequence[DeliveryReceipt] = field(default=(), kw_only=True)
    replies: Sequence[MoMessage] = field(default=(), kw_only=True)
    reviews: Sequence[ReviewChange] = field(default=(), kw_only=True)
    acknowledgement: Acknowledgement | None = field(default=None, kw_only=True)
    expect: type[WebhookRejected] | None = field(default=None, kw_only=True)
    exchanges: ClassVar[Sequence[Exchange]] = ()

    @property
    def role(self) -> str:
        """Success or refusal: what the row shows of `parse_webhook`."""
        return "success" if self.expect is None else "refusal"


Case = Send | Reconcile | Query | Poll | Webhook


def loses(row: Send | Query | Poll) -> bool:
    """Return True when the row itself says that an answer is lost, in time or on the way."""
    return row.lost or any(isinstance(exchange.reply, Lost) for exchange in row.exchanges)


def error_class(expect: Any) -> Any:
    """Return the class that a Consequence names; anything else as it is."""
    return expect.kind if isinstance(expect, Consequence) else expect


def is_error(expect: object) -> bool:
    """Return True for a class of bridge errors."""
    return isinstance(expect, type) and issubclass(expect, BridgeError)


def outcome_of(expected: Expected) -> Outcome:
    """Return the outcome an expectation stands for."""
    if isinstance(expected, Outcome):
        return expected
    if isinstance(expected, SubmitResult):
        return expected.outcome
    if isinstance(expected, str):
        return Outcome.ACCEPTED
    if issubclass(expected, NotAccepted):
        return Outcome.NOT_SENT
    return Outcome.UNKNOWN if issubclass(expected, OutcomeUnknown) else Outcome.REJECTED


def mismatch(expected: Expected, result: SubmitResult, code: str | None) -> str:
    """Return what one result has otherwise than expected, or ""."""
    outcome = outcome_of(expected)
    if result.outcome is not outcome:
        return f"expected {outcome}, was {result.outcome} ({result.code} {result.reason})"
    if isinstance(expected, SubmitResult) and _told(expected) != _told(result, expected):
        return f"expected {expected}, was {result}"
    if isinstance(expected, str) and not isinstance(expected, Outcome) and result.vendor_id != expected:
        return f"expected the vendor's id {expected!r}, was {result.vendor_id!r}"
    if is_error(expected) and outcome is Outcome.NOT_SENT and not isinstance(result.error, expected):  # type: ignore[arg-type]
        return f"expected {expected.__name__}, was {type(result.error).__name__}"  # type: ignore[union-attr]
    if code is not None and outcome is not Outcome.ACCEPTED and result.code != code:
        return f"expected the code {code!r}, was {result.code!r}"
    return ""


def _told(result: SubmitResult, expected: SubmitResult | None = None) -> tuple[object, ...]:
    # A reason is prose: it is compared only where the table writes one.
    wanted = expected or result
    reason = result.reason if wanted.reason else ""
    return (result.vendor_id, result.code, reason, result.opted_out, type(result.error))
