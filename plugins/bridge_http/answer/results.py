"""The answer to a send, read into one result per recipient."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.plugin import (
    BadNumber,
    Outcome,
    SubmitResult,
    accepted,
    failure,
    from_vendor,
    not_sent,
    rejected,
    unknown,
)

from ..faults import RecipeFault
from ..language.paths import Path, as_text, compile_path, nothing
from ..language.values import RecipientValues
from ..schema import Items, Response
from .conditions import compile_tests
from .errors import ErrorTable, ProvenAbsent, VendorAnswer, VendorRefusal
from .judging import Judge

_GRAVEST_FIRST = (Outcome.UNKNOWN, Outcome.NOT_SENT, Outcome.REJECTED)
_NO_DIGIT = re.compile(r"\D")


class SendReader:
    """Reads the answer to a send into one result per recipient."""

    def __init__(
        self, response: Response, rules: ErrorTable, charset: str, key: str, faults: list[RecipeFault]
    ) -> None:
        self._batch_id = compile_path(response.batch_id, f"{key}.batch_id", faults)
        items = response.items
        self._items = _ItemReader(items, rules, f"{key}.items", faults) if items else None
        tells_each = {"tells_each": self._items.took_any} if self._items and items and items.ok else {}
        self.judge = Judge(response, rules, charset, key, faults, sends=True, **tells_each)
        counts = response.counts
        self._ok = compile_path(counts.ok if counts else "", f"{key}.counts.ok", faults)
        self._failed = compile_path(counts.failed if counts else "", f"{key}.counts.failed", faults)
        self._counts = counts is not None

    def read(
        self, answer: VendorAnswer, recipients: Sequence[RecipientValues], batch_ref: str = ""
    ) -> list[SubmitResult]:
        """Return one result per recipient, in order; raises when the whole call was refused."""
        document = self.judge.document(answer)
        batch_id = as_text(self._batch_id(document))
        if self._items is not None:
            return self._items.read(document, recipients, batch_id, batch_ref)
        if self._counts:
            return self._by_counts(document, len(recipients), batch_id)
        return [accepted(batch_id)] * len(recipients)

    def _by_counts(self, document: dict[str, Any], size: int, batch_id: str) -> list[SubmitResult]:
        told = as_text(self._ok(document)), as_text(self._failed(document))
        everyone = str(size)
        if told in ((everyone, "0"), (everyone, ""), ("", "0"), ("", "")):
            return [accepted(batch_id)] * size
        if told in (("0", everyone), ("", everyone), ("0", "")):
            return [rejected("ALL_FAILED", "The vendor refused every number of the call.")] * size
        reason = f"The vendor refused some of {size} numbers without naming them."
        return [SubmitResult(unknown(reason).outcome, batch_id, "PARTLY_FAILED", reason)] * size


class _ItemReader:
    def __init__(self, items: Items, rules: ErrorTable, key: str, faults: list[RecipeFault]) -> None:
        self._rules = rules
        self._match = items.match
        self._absent = items.absent
        self._list = compile_path(items.path, f"{key}.path", faults)
        self._id = compile_path(items.id, f"{key}.id", faults)
        self._code = compile_path(items.code, f"{key}.code", faults)
        self._message = compile_path(items.message, f"{key}.message", faults)
        self._numbers = compile_path(items.refused, f"{key}.refused", faults)
        self._taken = compile_path(items.taken, f"{key}.taken", faults)
        self._batch_ref = compile_path(items.batch_ref, f"{key}.batch_ref", faults)
        self._ok = compile_tests(items.ok, f"{key}.ok", faults)
        self._name: Path = compile_path(getattr(items, items.match, ""), f"{key}.{items.match}", faults)

    def read(
        self, document: dict[str, Any], recipients: Sequence[RecipientValues], batch_id: str, batch_ref: str
    ) -> list[SubmitResult]:
        items = self._found(document)
        if self._batch_ref is not nothing:
            items = [item for item in items if as_text(self._batch_ref(item)) == batch_ref]
        if self._match == "index":
            return self._in_order(items, recipients, batch_id, self._refused(document))
        if self._match == "single":
            return [self._best(items, batch_id)]
        named = self._by_name(items)
        keys = [self._key(recipient) for recipient in recipients]
        if self._absent == "accepted" and not self._fits(document, named, keys):
            absent = unknown("The vendor's answer does not fit the numbers of the call.")
            return [self._best(named[key], batch_id) if key in named else absent for key in keys]
        return [self._best(named.get(key, ()), batch_id) for key in keys]

    def _fits(self, document: dict[str, Any], named: Mapping[str, list[Any]], keys: Sequence[str]) -> bool:
        """Tell if a list of the refused only is about this call: whom it leaves out counts as taken."""
        said = as_text(self._taken(document))
        left_out = sum(key not in named for key in keys)
        return named.keys() <= set(keys) and said in ("", str(left_out))

    def took_any(self, document: dict[str, Any]) -> bool:
        """Return True when a number at least was taken: then the call must not be made again."""
        return any(isinstance(item, dict) and self._ok(item) for item in self._found(document))

    def _found(self, document: dict[str, Any]) -> list[Any]:
        found = self._list(document)
        return found if isinstance(found, list) else [] if found is None else [found]

    def _in_order(
        self, items: list[Any], recipients: Sequence[RecipientValues], batch_id: str, refused: Sequence[str]
    ) -> list[SubmitResult]:
        """Return results in the order of the numbers; those the vendor refused by number have none."""
        left_out = [recipient.national in refused for recipient in recipients]
        if len(items) != left_out.count(False) or left_out.count(True) != len(refused):
            return [unknown("The vendor's answer does not fit the numbers of the call.")] * len(recipients)
        rest = iter(items)
        return [
            rejected("INVALID_NUMBER", "The vendor refused the number.")
            if out
            else self._one(next(rest), batch_id)
            for out in left_out
        ]

    def _key(self, recipient: RecipientValues) -> str:
        return recipient.ref if self._match == "ref" else recipient.national

    def _refused(self, document: dict[str, Any]) -> list[str]:
        numbers = self._numbers(document)
        return [_digits(as_text(number)) for number in numbers] if isinstance(numbers, list) else []

    def _by_name(self, items: list[Any]) -> dict[str, list[Any]]:
        named: dict[str, list[Any]] = {}
        for item in items:
            name = as_text(self._name(item))
            named.setdefault(name if self._match == "ref" else _digits(name), []).append(item)
        return named

    def _best(self, items: Sequence[Any], batch_id: str) -> SubmitResult:
        """Choose of a recipient's segments: when any was taken, the message was."""
        if len(items) == 1:
            return self._one(items[0], batch_id)
        taken = [item for item in items if self._ok(item)]
        if taken:
            ids = [vendor_id for item in taken if (vendor_id := as_text(self._id(item)))]
            return accepted(*dict.fromkeys(ids or [batch_id]))
        if items:
            # What is unknown of one segment is unknown of the message: it must not be sent again. One that
            # waits for a person or for a moment must not be ended by the others.
            told = [self._one(item, batch_id) for item in items]
            return min(told, key=lambda one: _GRAVEST_FIRST.index(one.outcome))
        if self._absent == "accepted":
            return accepted(batch_id)
        if self._absent == "not_sent":
            return not_sent(ProvenAbsent("The vendor does not know the message."))
        return unknown("The vendor's answer does not mention this number.")

    def _one(self, item: Any, batch_id: str) -> SubmitResult:
        if self._ok(item):
            return accepted(as_text(self._id(item)) or batch_id)
        code = as_text(self._code(item)) or "REJECTED"
        said = as_text(self._message(item))
        refusal = VendorRefusal(code, self._rules.harmless(said), text=said)
        rule = self._rules.find(refusal) or self._rules.default
        if rule is None:
            return unknown(refusal.message or f"The vendor refused with code {code}.", code)
        return failure(self._rules.error(rule, refusal, sends=True))


def _digits(number: str) -> str:
    """Return a number as `RecipientValues.national` writes it, whatever way the vendor does."""
    if len(number) == 14 and number.startswith("+861") and number[1:].isascii() and number[1:].isdigit():
        return number[3:]  # what nearly every answer of a mainland vendor holds: no need of the library
    try:
        return from_vendor(number).national
    except BadNumber:
        return _NO_DIGIT.sub("", number)
