"""Reading reports: receipts, replies and template events, from a webhook or a polled page alike."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
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

from .answers import ErrorTable
from .faults import Fault
from .paths import as_text, choose, compile_path, compile_tests
from .schema import PhoneForm
from .schema_base import TimeForm, zone
from .schema_reports import ReceiptWord, Records, ReviewWord

_log = logging.getLogger(__name__)
_Row = TypeVar("_Row")

_STATUS = {
    "delivered": MessageStatus.DELIVERED,
    "failed": MessageStatus.UNDELIVERABLE,
    "expired": MessageStatus.EXPIRED,
    "rejected": MessageStatus.REJECTED,
    "pending": MessageStatus.ACCEPTED,
    # A vendor's "unknown" is no final state: carriers use it while they still try (facts of Huawei, 2026-11).
    "unknown": MessageStatus.ACCEPTED,
}
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
    ),
)


class Clock:
    """Turns the vendor's moments into aware datetimes."""

    def __init__(self, form: TimeForm, default_zone: str) -> None:
        self._format = form.format
        self._zone = zone(form.zone or default_zone)

    def read(self, text: str) -> datetime | None:
        """The moment, or None when the text is empty or no moment: a report counts without it too."""
        if not text:
            return None
        try:
            if self._format in ("unix", "unix_ms"):
                return datetime.fromtimestamp(float(text) / (1000 if self._format == "unix_ms" else 1), UTC)
            iso = self._format == "iso"
            moment = datetime.fromisoformat(text) if iso else datetime.strptime(text, self._format)
        except (ValueError, OverflowError, OSError):
            return None
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)


class RecordReader:
    """Reads one kind of record out of a decoded document."""

    def __init__(
        self,
        records: Records,
        rules: ErrorTable,
        phone: PhoneForm,
        default_zone: str,
        key: str,
        faults: list[Fault],
    ) -> None:
        items = records.items
        self._rules = rules
        self._key = key
        self._ignores = "ignore" in records.status.values()
        self._reports_as = phone.reports_as
        self._clock = Clock(records.time, default_zone)
        self._status = records.status
        self._list = compile_path(items.path, f"{key}.items.path", faults)
        self._sub = compile_path(items.subpath, f"{key}.items.subpath", faults) if items.subpath else None
        self._paths = {
            name: compile_path(path, f"{key}.items.{name}", faults)
            for name in _PATHS
            if (path := getattr(items, name))
        }
        self._opted_out = compile_tests(items.opted_out, f"{key}.items.opted_out", faults)
        self._may_opt_out = bool(items.opted_out)

    def receipts(self, document: Any) -> list[DeliveryReceipt]:
        """The receipts; a record that names no message is left out and logged."""
        return self._read(
            document, self._receipt, "names no message: by ref, by id, or by batch_ref and phone"
        )

    def replies(self, document: Any) -> list[MoMessage]:
        """The replies; a record without a readable number is left out and logged."""
        return self._read(document, self._reply, "has no phone number that can be read")

    def reviews(self, document: Any) -> list[ReviewChange]:
        """The template events."""
        return self._read(document, self._review, "names no template by its id")

    def _read(self, document: Any, read: Callable[[Any], _Row | None], fault: str) -> list[_Row]:
        rows, left_out = [], 0
        for record in self._records(document):
            if self._ignores and choose(self._status, self._text(record, "status")) == "ignore":
                continue
            row = read(record)
            if row is None:
                left_out += 1
            else:
                rows.append(row)
        if left_out:
            _log.warning("%d records are left out: each %s (under %s.items)", left_out, fault, self._key)
        return rows

    def _records(self, document: Any) -> Iterator[Any]:
        found = self._list(document)
        for item in found if isinstance(found, list) else [] if found is None else [found]:
            if self._sub is None:
                yield item
                continue
            subs = self._sub(item)
            for sub in subs if isinstance(subs, list) else []:
                yield {"root": document, "item": item, "sub": sub}

    def _text(self, record: Any, name: str) -> str:
        path = self._paths.get(name)
        return as_text(path(record)) if path is not None else ""

    def _phone(self, record: Any) -> Phone | None:
        text = self._text(record, "phone").strip()
        if self._reports_as == "digits" and text and not text.startswith("+"):
            text = "+" + text
        try:
            return from_vendor(text)
        except BadNumber:
            return None

    def _receipt(self, record: Any) -> DeliveryReceipt | None:
        word = choose(self._status, self._text(record, "status"))
        if word is None:
            status = self._rules.harmless(self._text(record, "status"))[:40]
            _log.warning("the status %r is not under %s.status; it counts as pending", status, self._key)
            word = "pending"
        vendor_id, message_ref, phone = (
            self._text(record, "id"),
            self._text(record, "ref"),
            self._phone(record),
        )
        batch_ref = self._text(record, "batch_ref")
        if not (vendor_id or message_ref or (batch_ref and phone)):
            return None
        code = self._text(record, "code")
        rule = self._rules.find(code)
        failed = _STATUS[word] > MessageStatus.DELIVERED
        return DeliveryReceipt(
            status=_STATUS[word],
            message_ref=message_ref,
            batch_ref=batch_ref,
            vendor_id=vendor_id,
            phone=phone,
            code=code,
            reason=(rule.message if rule and failed else "")
            or self._rules.harmless(self._text(record, "message")),
            at=self._clock.read(self._text(record, "time")),
            opted_out=failed
            and (
                (self._may_opt_out and self._opted_out(record)) or bool(rule and rule.class_ == "opted_out")
            ),
            segment=self._number(record, "part"),
            segments=self._number(record, "parts"),
        )

    def _number(self, record: Any, name: str) -> int:
        """A count below 256, as the header of a long message has it; 0 for anything else."""
        text = self._text(record, name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 0

    def _reply(self, record: Any) -> MoMessage | None:
        phone = self._phone(record)
        if phone is None:
            return None
        return MoMessage(
            phone=phone,
            content=self._text(record, "content"),
            at=self._clock.read(self._text(record, "time")),
            vendor_id=self._text(record, "id"),
            sign_name=self._text(record, "sign"),
            batch_ref=self._text(record, "batch_ref"),
            message_ref=self._text(record, "ref"),
            opt_out=True if self._may_opt_out and self._opted_out(record) else None,
        )

    def _review(self, record: Any) -> ReviewChange | None:
        vendor_code, word = self._text(record, "id"), choose(self._status, self._text(record, "status"))
        if not vendor_code:
            return None
        if word is None:
            return ReviewChange(vendor_code=vendor_code)
        review = TemplateReview(
            ReviewStatus(word), reason=self._rules.harmless(self._text(record, "message"))
        )
        return ReviewChange(vendor_code=vendor_code, review=review)


def check_words(records: Records, kind: str, key: str, faults: list[Fault]) -> None:
    """The words of a status table belong to its kind, and a receipt's table is not missing."""
    words = {"receipt": get_args(ReceiptWord), "template": get_args(ReviewWord)}.get(kind, ())
    for name, word in records.status.items():
        if word not in words:
            faults.append(
                Fault(f"{key}.status.{name}", f"{word!r} is none of {', '.join(words) or '(no words)'}")
            )
    needed = {"receipt": ("status",), "reply": ("phone", "content"), "template": ("id", "status")}[kind]
    faults += [
        Fault(f"{key}.items.{name}", f"is missing: a {kind} needs it")
        for name in needed
        if not getattr(records.items, name)
    ]
    if kind == "receipt" and not (records.items.id or records.items.ref or records.items.batch_ref):
        faults.append(Fault(f"{key}.items", "needs id, ref or batch_ref: a receipt must name its message"))
