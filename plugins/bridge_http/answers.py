"""Reading answers: whether the vendor took the call, and what became of each recipient."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import requests

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    NoSuchResource,
    NotAccepted,
    OutcomeUnknown,
    SubmitResult,
    VendorRejected,
    VendorThrottled,
    accepted,
    failure,
    not_sent,
    rejected,
    unknown,
)
from bridge.plugin.http import raise_for_status, retry_after
from bridge.plugin.phone import mask

from .decoding import Unreadable, read_form, read_json, read_regex, read_xml
from .faults import Fault
from .masking import masked
from .paths import Path, as_text, compile_path, compile_regex, compile_tests, nothing
from .schema import ErrorRule, Items, Response
from .values import Recipient

_NUMBER = re.compile(r"\+?\d{7,}")
_NO_DIGIT = re.compile(r"\D")
_MAX_REASON = 200
_LEAST_SECRET = 4
"""Characters from which on a secret is looked for: shorter ones are parts of words."""


class Answer(NamedTuple):
    """An answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class ProvenAbsent(NotAccepted):
    """A look-up showed that the vendor never took the message."""

    default_code = "NOT_FOUND"


class OptedOut(VendorRejected):
    """The recipient has asked this sender to stop."""


def error_for(rule: ErrorRule | None, code: str, message: str, wait: float | None = None) -> BridgeError:
    """The error a vendor's code stands for; without a rule it is permanent. `message` must be harmless."""
    reason = (rule.message if rule else "") or message or f"The vendor refused with code {code}."
    kind = rule.class_ if rule else "permanent"
    if kind == "retry":
        return VendorThrottled(reason, code=code, retry_after=wait)
    plain: dict[str, type[BridgeError]] = {
        "account": CredentialsRejected,
        "ambiguous": OutcomeUnknown,
        "opted_out": OptedOut,
        "missing": NoSuchResource,
    }
    return plain.get(kind, VendorRejected)(reason, code=code)


def result_for(error: BridgeError) -> SubmitResult:
    """The result of a message that met this error."""
    if isinstance(error, OptedOut):
        return rejected(error.code, error.reason, opted_out=True)
    return failure(error)


class ErrorTable:
    """The recipe's `errors`: exact codes, then families such as "AuthFailure*", the longest first.

    `secrets` are the channel's by name: vendors' sentences are shown to people without them.
    """

    def __init__(self, rules: Mapping[str, ErrorRule], secrets: Mapping[str, str]) -> None:
        self._exact = rules
        self._secrets = {name: value for name, value in secrets.items() if len(value) >= _LEAST_SECRET}
        families = [name[:-1] for name in rules if len(name) > 1 and name.endswith("*")]
        self._families = sorted(families, key=len, reverse=True)
        self.default = rules.get("*")

    def harmless(self, message: str) -> str:
        """A vendor's sentence, short and without the phone numbers and secrets it may quote."""
        if not message:
            return ""
        return _NUMBER.sub(lambda match: mask(match[0]), masked(message, self._secrets))[:_MAX_REASON]

    def find(self, code: str) -> ErrorRule | None:
        """The rule of a code or its family; None when there is none, also for ""."""
        if not code or code == "*":
            return None
        family = next((name for name in self._families if code.startswith(name)), None)
        return self._exact.get(code) or (self._exact[f"{family}*"] if family is not None else None)


class Judge:
    """Decides by status and body whether a call was taken."""

    def __init__(
        self, response: Response, rules: ErrorTable, charset: str, key: str, faults: list[Fault]
    ) -> None:
        self.rules = rules
        self._decode = _decoder(response, charset, key, faults)
        self._accepted = compile_tests(response.accepted, f"{key}.accepted", faults)
        self._code = compile_path(response.code, f"{key}.code", faults)
        self._message = compile_path(response.message, f"{key}.message", faults)

    def document(self, answer: Answer) -> dict[str, Any]:
        """`{status, headers, body, text}` of an answer the vendor took; otherwise raises by consequence."""
        text, body, readable = self._decode(answer.content)
        document = {"status": str(answer.status), "headers": dict(answer.headers), "body": body, "text": text}
        code = as_text(self._code(document)) if readable else ""
        if 200 <= answer.status < 300 and readable and self._accepted(document):
            return document
        raise self._refusal(answer, document, code, readable)

    def _refusal(self, answer: Answer, document: dict[str, Any], code: str, readable: bool) -> BridgeError:
        status = f"HTTP_{answer.status}"
        rule = self.rules.find(code) or self.rules.find(status)
        message = self.rules.harmless(as_text(self._message(document))) if readable else ""
        wait = retry_after(answer.headers.get("retry-after"))
        if rule is not None:
            return error_for(rule, code or status, message, wait)
        by_status = _by_status(answer)
        if answer.status in (401, 403, 429) or answer.status >= 500 or 300 <= answer.status < 400:
            return by_status or OutcomeUnknown("The vendor's answer makes no sense.", code=status)
        if code:
            return error_for(self.rules.default, code, message, wait)
        return by_status or OutcomeUnknown("The vendor's answer is not readable.", code="UNREADABLE_ANSWER")

    def rule(self, code: str) -> ErrorRule | None:
        """What the recipe says about a code."""
        return self.rules.find(code) or self.rules.default


def _by_status(answer: Answer) -> BridgeError | None:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    try:
        raise_for_status(response)
    except BridgeError as error:
        return error
    return None


def _decoder(
    response: Response, charset: str, key: str, faults: list[Fault]
) -> Callable[[bytes], tuple[str, Any, bool]]:
    pattern = compile_regex(response.regex, f"{key}.regex", faults)
    readers: dict[str, Callable[[str], Any]] = {
        "json": read_json,
        "form": read_form,
        "xml": read_xml,
        "regex": lambda text: read_regex(text, pattern),
    }
    read = readers[response.decode]

    def decode(content: bytes) -> tuple[str, Any, bool]:
        text = content.decode(charset, "replace")
        try:
            return text, read(text.removeprefix("\ufeff")), True
        except Unreadable:
            return text, None, False

    return decode


class SendReader:
    """Reads the answer to a send into one result per recipient."""

    def __init__(
        self, response: Response, rules: ErrorTable, charset: str, key: str, faults: list[Fault]
    ) -> None:
        self.judge = Judge(response, rules, charset, key, faults)
        self._batch_id = compile_path(response.batch_id, f"{key}.batch_id", faults)
        self._items = (
            _ItemReader(response.items, self.judge, f"{key}.items", faults) if response.items else None
        )
        counts = response.counts
        self._ok = compile_path(counts.ok if counts else "", f"{key}.counts.ok", faults)
        self._failed = compile_path(counts.failed if counts else "", f"{key}.counts.failed", faults)
        self._counts = counts is not None

    def read(
        self, answer: Answer, recipients: Sequence[Recipient], batch_ref: str = ""
    ) -> list[SubmitResult]:
        """One result per recipient, in order; raises when the whole call was refused."""
        document = self.judge.document(answer)
        batch_id = as_text(self._batch_id(document))
        if self._items is not None:
            return self._items.read(document, recipients, batch_id, batch_ref)
        if self._counts:
            return self._by_counts(document, len(recipients), batch_id)
        return [accepted(batch_id)] * len(recipients)

    def _by_counts(self, document: dict[str, Any], size: int, batch_id: str) -> list[SubmitResult]:
        ok, failed = as_text(self._ok(document)) or "0", as_text(self._failed(document)) or "0"
        if failed == "0":
            return [accepted(batch_id)] * size
        if failed == str(size) or ok == "0":
            return [rejected("ALL_FAILED", "The vendor refused every number of the call.")] * size
        reason = f"The vendor refused {failed} of {size} numbers without naming them."
        return [SubmitResult(unknown(reason).outcome, batch_id, "PARTLY_FAILED", reason)] * size


class _ItemReader:
    def __init__(self, items: Items, judge: Judge, key: str, faults: list[Fault]) -> None:
        self._judge = judge
        self._match = items.match
        self._absent = items.absent
        self._list = compile_path(items.path, f"{key}.path", faults)
        self._id = compile_path(items.id, f"{key}.id", faults)
        self._code = compile_path(items.code, f"{key}.code", faults)
        self._message = compile_path(items.message, f"{key}.message", faults)
        self._batch_ref = compile_path(items.batch_ref, f"{key}.batch_ref", faults)
        self._ok = compile_tests(items.ok, f"{key}.ok", faults)
        self._name: Path = compile_path(getattr(items, items.match, ""), f"{key}.{items.match}", faults)

    def read(
        self, document: dict[str, Any], recipients: Sequence[Recipient], batch_id: str, batch_ref: str
    ) -> list[SubmitResult]:
        found = self._list(document)
        items = found if isinstance(found, list) else [] if found is None else [found]
        if self._batch_ref is not nothing:
            items = [item for item in items if as_text(self._batch_ref(item)) == batch_ref]
        if self._match == "index":
            if len(items) != len(recipients):
                return [unknown("The vendor's answer does not fit the numbers of the call.")] * len(
                    recipients
                )
            return [self._one(item, batch_id) for item in items]
        if self._match == "single":
            return [self._best(items, batch_id)]
        named = self._by_name(items)
        return [self._best(named.get(self._key(recipient), ()), batch_id) for recipient in recipients]

    def _key(self, recipient: Recipient) -> str:
        return recipient.ref if self._match == "ref" else recipient.national

    def _by_name(self, items: list[Any]) -> dict[str, list[Any]]:
        named: dict[str, list[Any]] = {}
        for item in items:
            name = as_text(self._name(item))
            named.setdefault(name if self._match == "ref" else _digits(name), []).append(item)
        return named

    def _best(self, items: Sequence[Any], batch_id: str) -> SubmitResult:
        """Several items for one recipient are segments: when any was taken, the message was."""
        if len(items) == 1:
            return self._one(items[0], batch_id)
        taken = [item for item in items if self._ok(item)]
        if taken:
            ids = [vendor_id for item in taken if (vendor_id := as_text(self._id(item)))]
            return accepted(*dict.fromkeys(ids or [batch_id]))
        if items:
            return self._one(items[0], batch_id)
        if self._absent == "not_sent":
            return not_sent(ProvenAbsent("The vendor does not know the message."))
        return unknown("The vendor's answer does not mention this number.")

    def _one(self, item: Any, batch_id: str) -> SubmitResult:
        if self._ok(item):
            return accepted(as_text(self._id(item)) or batch_id)
        code = as_text(self._code(item)) or "REJECTED"
        message = self._judge.rules.harmless(as_text(self._message(item)))
        return result_for(error_for(self._judge.rule(code), code, message))


def _digits(number: str) -> str:
    """A number reduced to what vendors agree on: mainland ones national, others with country code."""
    digits = number.removeprefix("+")
    if not digits.isdigit():
        digits = _NO_DIGIT.sub("", digits)
    if digits.startswith("00"):
        digits = digits[2:]
    return digits[2:] if len(digits) == 13 and digits.startswith("861") else digits
