"""Reading reports: receipts, replies and template events, from a webhook or a polled page alike."""

import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar, get_args

from bridge.plugin import (
    BadNumber,
    DeliveryReceipt,
    MessageStatus,
    MoMessage,
    Phone,
    ReviewChange,
    ReviewStatus,
    TemplateReview,
    from_vendor,
)

from ..faults import RecipeFault
from ..language.moments import Clock
from ..language.paths import UnreadableAnswer, as_text, choose, compile_path
from ..schema import Recipe, ReportsTable
from ..schema.recipe import ReceiptRule
from ..schema.reports import ReceiptWord, ReviewWord
from .conditions import compile_tests
from .errors import ErrorTable

_log = logging.getLogger(__name__)
_Row = TypeVar("_Row")
_MOST_WORDS = 100
"""Words in no table that are told of; more come from something that is broken."""

_STATUS = {
    "delivered": MessageStatus.DELIVERED,
    "failed": MessageStatus.UNDELIVERABLE,
    "expired": MessageStatus.EXPIRED,
    "rejected": MessageStatus.REJECTED,
    "pending": MessageStatus.ACCEPTED,
    "unknown": MessageStatus.UNKNOWN,
}
_NOBODY_KNOWS = "The vendor reports that nobody knows whether the message arrived."
_NO_NUMBER = "has no phone number that can be read"
_PATHS = (
    *(
        "id",
        "ref",
        "batch_ref",
        "phone",
        "status",
        "code",
        "message",
        "time",
        "part",
        "parts",
        "content",
        "sign",
        "price",
        "price_times",
        "currency",
    ),
)


class ReportReader:
    """Reads one kind of report out of a decoded document."""

    def __init__(
        self,
        reports: ReportsTable,
        rules: ErrorTable,
        recipe: Recipe,
        key: str,
        faults: list[RecipeFault],
    ) -> None:
        items = reports.items
        self._codes = {code.casefold(): rule for code, rule in recipe.receipt_codes.items()}
        self._told: set[str] = set()
        self._rules = rules
        self._key = key
        self._ignores = "ignore" in reports.status.values()
        self._reports_as = recipe.phone.reports_as
        self._clock = Clock(reports.time.format, reports.time.zone or recipe.vendor.timezone)
        self._status = reports.status
        self._list = compile_path(items.path, f"{key}.items.path", faults, strict=True)
        sub = compile_path(items.subpath, f"{key}.items.subpath", faults, strict=True)
        self._sub = sub if items.subpath else None
        self._paths = {
            name: compile_path(path, f"{key}.items.{name}", faults)
            for name in _PATHS
            if (path := getattr(items, name))
        }
        self._opted_out = compile_tests(items.opted_out, f"{key}.items.opted_out", faults)
        self._may_opt_out = bool(items.opted_out)

    def receipts(self, document: Any) -> list[DeliveryReceipt]:
        """Return the receipts; a report that names no message is left out and logged."""
        return self._read(
            document, self._receipt, "names no message: by ref, by id, or by batch_ref and phone"
        )

    def replies(self, document: Any, *, pushed: bool = False) -> list[MoMessage]:
        """Return the replies; a report without a readable number is left out and logged.

        A push with none that has one raises UnreadableAnswer: it is to come again, and is kept meanwhile.
        """
        replies = self._read(document, self._reply, _NO_NUMBER)
        if pushed and not replies and any(not self._ignored(report) for report in self._reports(document)):
            raise UnreadableAnswer(_NO_NUMBER)
        return replies

    def reviews(self, document: Any) -> list[ReviewChange]:
        """Return the template events."""
        return self._read(document, self._review, "names no template by its id")

    def _read(self, document: Any, read: Callable[[Any], _Row | None], fault: str) -> list[_Row]:
        rows, left_out = [], 0
        for report in self._reports(document):
            if self._ignored(report):
                continue
            row = read(report)
            if row is None:
                left_out += 1
            else:
                rows.append(row)
        if left_out:
            _log.warning("%d reports are left out: each %s (under %s.items)", left_out, fault, self._key)
        return rows

    def _ignored(self, report: Any) -> bool:
        return self._ignores and choose(self._status, self._text(report, "status").strip()) == "ignore"

    def _reports(self, document: Any) -> Iterator[Any]:
        found = self._list(document)
        for item in found if isinstance(found, list) else [] if found is None else [found]:
            if self._sub is None:
                yield item
                continue
            subs = self._sub(item)
            for sub in subs if isinstance(subs, list) else []:
                yield {"root": document, "item": item, "sub": sub}

    def _text(self, report: Any, name: str) -> str:
        path = self._paths.get(name)
        return as_text(path(report)) if path is not None else ""

    def _phone(self, report: Any) -> Phone | None:
        text = self._text(report, "phone").strip()
        if self._reports_as == "digits" and text and not text.startswith("+"):
            text = "+" + text
        try:
            return from_vendor(text)
        except BadNumber:
            return None

    def _receipt(self, report: Any) -> DeliveryReceipt | None:
        vendor_id, message_ref = self._text(report, "id"), self._text(report, "ref")
        batch_ref, phone = self._text(report, "batch_ref"), self._phone(report)
        word, unlisted = self._word(report)
        status = _STATUS[word]
        if not (vendor_id or message_ref or (batch_ref and phone)):
            return None
        code = self._text(report, "code")
        # Word and code decide together: a code says how a message ended whose word is open or vague.
        rule = None if status is MessageStatus.DELIVERED else self._codes.get(code.casefold())
        if rule is not None and rule.status is not None:
            status = _STATUS[rule.status]
        return DeliveryReceipt(
            status=status,
            message_ref=message_ref,
            batch_ref=batch_ref,
            vendor_id=vendor_id,
            phone=phone,
            code=code,
            reason=self._reason(report, status, rule),
            at=self._clock.read(self._text(report, "time")),
            opted_out=status > MessageStatus.DELIVERED and self._left(report, rule),
            segment=self._number(report, "part"),
            segments=self._number(report, "parts"),
            unlisted=unlisted,
            price=self._price(report),
            currency=self._text(report, "currency").strip().upper(),
        )

    def _reason(self, report: Any, status: MessageStatus, rule: ReceiptRule | None) -> str:
        """Return why the message did not arrive; what a vendor says beside a delivery is no reason."""
        if status is MessageStatus.DELIVERED:
            return ""
        said = (rule.message if rule else "") or self._rules.harmless(self._text(report, "message"))
        return said or (_NOBODY_KNOWS if status is MessageStatus.UNKNOWN else "")

    def _price(self, report: Any) -> Decimal | None:
        """Return what the vendor says the message costs, or the part that the report is about.

        A vendor that tells what one part costs also says how many there were.
        """
        if "price" not in self._paths:
            return None
        try:
            price = Decimal(self._text(report, "price").strip())
            times = int(self._text(report, "price_times")) if "price_times" in self._paths else 1
        except (ArithmeticError, ValueError):
            return None
        return abs(price) * times if price.is_finite() else None

    def _word(self, report: Any) -> tuple[str, str]:
        """Translate the vendor's word for a message's state; one that is in no table is told once.

        Returns our word, and the vendor's when it is in no table.
        """
        said = self._text(report, "status").strip()
        word: str | None = choose(self._status, said)
        if word is not None:
            return word, ""
        told = self._rules.harmless(said)[:40]
        if told not in self._told and len(self._told) < _MOST_WORDS:
            self._told.add(told)
            _log.warning("the status %r is not under %s.status; it counts as pending", told, self._key)
        return "pending", told

    def _left(self, report: Any, rule: ReceiptRule | None) -> bool:
        """Tell if the recipient has opted out."""
        by_code = rule is not None and rule.class_ == "opted_out"
        return by_code or (self._may_opt_out and self._opted_out(report))

    def _number(self, report: Any, name: str) -> int:
        """Return a count below 256, as the header of a long message has it; 0 for anything else."""
        text = self._text(report, name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 0

    def _reply(self, report: Any) -> MoMessage | None:
        phone = self._phone(report)
        if phone is None:
            return None
        content, parts = self._text(report, "content"), self._number(report, "parts")
        return MoMessage(
            phone=phone,
            # A part by itself is not what the person wrote: marked, it is never taken for an opt-out.
            content=f"({self._number(report, 'part')}/{parts}) {content}" if parts > 1 else content,
            at=self._clock.read(self._text(report, "time")),
            vendor_id=self._text(report, "id"),
            sign_name=self._text(report, "sign"),
            batch_ref=self._text(report, "batch_ref"),
            message_ref=self._text(report, "ref"),
            opt_out=True if self._may_opt_out and self._opted_out(report) else None,
        )

    def _review(self, report: Any) -> ReviewChange | None:
        vendor_code, word = (
            self._text(report, "id"),
            choose(self._status, self._text(report, "status").strip()),
        )
        if not vendor_code:
            return None
        if word is None:
            return ReviewChange(vendor_code=vendor_code)
        review = TemplateReview(
            ReviewStatus(word), reason=self._rules.harmless(self._text(report, "message"))
        )
        return ReviewChange(vendor_code=vendor_code, review=review)


def check_words(reports: ReportsTable, kind: str, key: str, faults: list[RecipeFault]) -> None:
    """Check that the words of a status table belong to its kind, and that a receipt's is not missing."""
    words = {"receipt": get_args(ReceiptWord), "template": get_args(ReviewWord)}.get(kind, ())
    if reports.status.get("*") not in (None, "pending", "ignore"):
        faults.append(
            RecipeFault(f'{key}.status."*"', "a word that nobody knows may end nothing: pending or ignore")
        )
    for name, word in reports.status.items():
        if name != "*" and name.endswith("*") and word in ("delivered", "approved"):
            faults.append(
                RecipeFault(f"{key}.status.{name}", "words that nobody knows may not mean the good end")
            )
        if word not in words:
            faults.append(
                RecipeFault(f"{key}.status.{name}", f"{word!r} is none of {', '.join(words) or '(no words)'}")
            )
    needed = {"receipt": ("status",), "reply": ("phone", "content"), "template": ("id", "status")}[kind]
    faults += [
        RecipeFault(f"{key}.items.{name}", f"is missing: a {kind} needs it")
        for name in needed
        if not getattr(reports.items, name)
    ]
    if kind == "receipt" and not (reports.items.id or reports.items.ref or reports.items.batch_ref):
        faults.append(
            RecipeFault(f"{key}.items", "needs id, ref or batch_ref: a receipt must name its message")
        )
