"""QuerySendDetails: proof that a call was accepted, and the receipts that pushes missed.

It answers for one number and one day of UTC+8, thirty days back, never by OutId (read 2026-11).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bridge.plugin import (
    CLOCKS_APART,
    Batch,
    BridgeError,
    DeliveryReceipt,
    MessageStatus,
    PendingMessage,
    Phone,
    PollWindow,
    ReceiptPage,
    SubmitResult,
    accepted,
    unknown,
)

from . import codes
from .client import Answer
from .reports import CHINA, batch_ref, moment, tell
from .settings import AliyunSettings

PAGE_SIZE = 25
_MOST_PAGES = 8
# Aliyun's SendStatus is not Quick Audience's: 1 waiting for the receipt, 2 failed, 3 delivered.
_STATUS = {"1": None, "2": MessageStatus.UNDELIVERABLE, "3": MessageStatus.DELIVERED}
_NOT_SHOWN = unknown("Aliyun does not show the message (yet).", "NOT_SHOWN")


class QueryingClient(Protocol):
    """What the look-up needs of the client."""

    def query(self, operation: str, **fields: object) -> Answer:
        """Call a querying operation."""


@dataclass(frozen=True)
class SentDetail:
    """One message as QuerySendDetails shows it; `status` None while Aliyun waits for the receipt.

    `unlisted` is a status that Aliyun does not document: it counts as progress.
    """

    out_id: str
    status: MessageStatus | None
    code: str
    received_at: datetime | None
    unlisted: str = ""


class Details:
    """Look-ups in one account's send records."""

    def __init__(
        self, client: QueryingClient, settings: AliyunSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock

    def reconcile(self, batch: Batch) -> list[SubmitResult]:
        """Ask which messages of a batch of unknown outcome Aliyun has; absence proves nothing.

        A call is accepted or refused as a whole, so a few numbers are asked for. If one is found under a
        part's OutId, the call had been cut, and every number is asked for.
        """
        messages = batch.messages
        step = max(1, len(messages) // self._settings.reconcile_probes)
        probes = range(0, len(messages), step)[: self._settings.reconcile_probes]
        found: dict[int, str] = {}
        for index in probes:
            out_id = self._out_id(batch, messages[index].phone)
            if out_id == batch.ref:
                return [accepted()] * len(messages)
            if out_id:
                found[index] = out_id
        if found:
            deadline = self._clock() + self._settings.poll_for_s
            for index in set(range(len(messages))) - set(probes):
                if self._clock() >= deadline:
                    break
                if out_id := self._out_id(batch, messages[index].phone):
                    found[index] = out_id
        return [accepted() if index in found else _NOT_SHOWN for index in range(len(messages))]

    def _out_id(self, batch: Batch, phone: Phone) -> str:
        for day in _days(batch.called_at):
            for detail in self.details(phone, day):
                if batch_ref(detail.out_id) == batch.ref:
                    return detail.out_id
        return ""

    def poll(self, window: PollWindow) -> ReceiptPage:
        """Ask for the pending messages one by one, for at most `poll_for_s` seconds.

        The cursor is the reference of the last message asked for: the next page goes on behind it, so that
        messages without an answer do not keep the others from being asked for.
        """
        pending = _behind(window.pending, window.cursor)
        deadline = self._clock() + self._settings.poll_for_s
        receipts: list[DeliveryReceipt] = []
        cursor = ""
        for message in pending:
            if cursor and self._clock() >= deadline:
                return ReceiptPage(receipts, cursor)
            try:
                receipt = self._receipt(message)
            except BridgeError:
                if not receipts:
                    raise
                return ReceiptPage(receipts, cursor)
            if receipt is not None:
                receipts.append(receipt)
            cursor = message.ref
        return ReceiptPage(receipts)

    def _receipt(self, message: PendingMessage) -> DeliveryReceipt | None:
        sent = (
            detail
            for day in _days(message.sent_at)
            for detail in self.details(message.phone, day, message.vendor_id)
        )
        for detail in sent:
            if batch_ref(detail.out_id) == message.batch_ref and detail.status is not None:
                failed = detail.status is MessageStatus.UNDELIVERABLE
                return DeliveryReceipt(
                    detail.status,
                    message_ref=message.ref,
                    batch_ref=message.batch_ref,
                    vendor_id=message.vendor_id,
                    phone=message.phone,
                    code=detail.code if failed else detail.status.name,
                    reason=codes.failure_reason(detail.code) if failed else "",
                    at=detail.received_at,
                    opted_out=failed and detail.code in codes.RECEIPTS_OPTED_OUT,
                    unlisted=detail.unlisted,
                )
        return None

    def details(self, phone: Phone, day: str, biz_id: str = "") -> Iterator[SentDetail]:
        """Yield the messages to one number on one day ("20261123"), of one call if `biz_id` names it."""
        for page in range(1, _MOST_PAGES + 1):
            answer = self._client.query(
                "query_send_details",
                phone_number=phone.national,
                send_date=day,
                biz_id=biz_id,
                page_size=PAGE_SIZE,
                current_page=page,
            )
            rows = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
            for row in rows:
                yield _record(row)
            if len(rows) < PAGE_SIZE:
                return


def _record(row: Mapping[str, Any]) -> SentDetail:
    word = str(row.get("SendStatus"))
    status = _STATUS.get(word, MessageStatus.ACCEPTED)
    return SentDetail(
        str(row.get("OutId") or ""),
        status,
        str(row.get("ErrCode") or (status.name if status else "")),
        moment(row.get("ReceiveDate")),
        "" if word in _STATUS else tell("SendStatus", word),
    )


def _behind(pending: Sequence[PendingMessage], cursor: str) -> Sequence[PendingMessage]:
    refs = [message.ref for message in pending]
    return pending[refs.index(cursor) + 1 :] if cursor in refs[:-1] else pending


def _days(called_at: datetime) -> Iterator[str]:
    """Yield the days on which a call may have been recorded, the likeliest first.

    Minutes after it was decided, across midnight on the next day; and by a clock that is ahead, before it.
    """
    apart = (timedelta(), timedelta(minutes=15), -CLOCKS_APART)
    yield from dict.fromkeys(_day(called_at + one) for one in apart)


def _day(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y%m%d")
