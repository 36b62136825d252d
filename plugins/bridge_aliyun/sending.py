"""SendSms and SendBatchSms: one call for a batch, more only to find a number Aliyun refuses."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from bridge.plugin import (
    Batch,
    BridgeError,
    Message,
    NotAccepted,
    OptedOut,
    SubmitResult,
    TemplateType,
    VendorRejected,
    VendorUnavailable,
    accepted,
    failure,
    not_sent,
    rejected,
)

from . import codes
from .client import Answer
from .settings import AliyunSettings


class SendingClient(Protocol):
    """What sending needs of the client."""

    def send(self, operation: str, **fields: object) -> Answer:
        """Call a sending operation."""


def send(
    client: SendingClient,
    settings: AliyunSettings,
    batch: Batch,
    clock: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
) -> list[SubmitResult]:
    """Send the batch. Returns one result per message, in order.

    A call that Aliyun refuses because of one number is cut in two until that number stands alone. Only a
    certain refusal is cut; after any other failure the messages not yet called are `not_sent`. So are those
    whose turn comes when the time is up, by the steady clock (which stands while a machine sleeps) or by the
    wall clock (which may be set).
    """
    return _Submission(client, settings, batch, (clock, wall)).results()


class _Submission:
    def __init__(
        self,
        client: SendingClient,
        settings: AliyunSettings,
        batch: Batch,
        clocks: tuple[Callable[[], float], ...],
    ) -> None:
        self._client = client
        self._settings = settings
        self._batch = batch
        self._uniform = batch.uniform
        self._ends = [(clock, clock() + settings.split_for_s) for clock in clocks]
        self._results: dict[int, SubmitResult] = {}
        self._parts: list[list[int]] = []
        self._calls = 0
        self._stopped: SubmitResult | None = None

    def results(self) -> list[SubmitResult]:
        first: list[int] = []
        for index, message in enumerate(self._batch.messages):
            if _is_mainland_for_international(message, self._batch.template.type):
                self._results[index] = _MAINLAND_REFUSED
            else:
                first.append(index)
        self._parts = [first] if first else []
        while self._parts:
            part = self._parts.pop()
            if self._calls and any(clock() >= end for clock, end in self._ends):
                self._stopped = self._stopped or _OUT_OF_TIME
            if self._stopped is None:
                self._submit(part)
            else:
                self._settle(part, self._stopped)
        return [self._results[index] for index in range(len(self._batch.messages))]

    def _settle(self, part: list[int], result: SubmitResult) -> None:
        self._results.update(dict.fromkeys(part, result))

    def _submit(self, part: list[int]) -> None:
        try:
            biz_id = self._call([self._batch.messages[index] for index in part])
        except VendorRejected as refusal:
            self._refused(part, refusal)
        except BridgeError as error:
            self._settle(part, failure(error))
            self._stopped = not_sent(error) if isinstance(error, NotAccepted) else _AFTER_UNKNOWN
        else:
            self._settle(part, accepted(biz_id))

    def _refused(self, part: list[int], refusal: VendorRejected) -> None:
        if len(part) > 1 and codes.splits(refusal.code, uniform=self._uniform):
            middle = len(part) // 2
            self._parts += [part[middle:], part[:middle]]
        else:
            opted_out = len(part) == 1 and isinstance(refusal, OptedOut)
            self._settle(part, rejected(refusal.code, refusal.reason, opted_out=opted_out))

    def _call(self, messages: Sequence[Message]) -> str:
        batch = self._batch
        # The whole batch goes under its bare reference, a part of it with a number behind: so one record
        # found under the bare reference proves that every message of the batch was accepted.
        out_id = f"{batch.ref}.{self._calls}" if self._calls else batch.ref
        self._calls += 1
        fields = self._uniform_fields(messages) if self._uniform else self._personal_fields(messages)
        answer = self._client.send(
            "send_sms" if self._uniform else "send_batch_sms",
            template_code=batch.template.vendor_code,
            out_id=out_id,
            **fields,
        )
        return str(answer.get("BizId") or "")

    def _uniform_fields(self, messages: Sequence[Message]) -> dict[str, str]:
        params = messages[0].params
        return {
            "phone_numbers": ",".join(message.phone.national for message in messages),
            "sign_name": self._batch.sign_name,
            "template_param": _json(dict(params)) if params else "",
            "sms_up_extend_code": self._settings.extend_code,
        }

    def _personal_fields(self, messages: Sequence[Message]) -> dict[str, str]:
        extend_code = self._settings.extend_code
        return {
            "phone_number_json": _json([message.phone.national for message in messages]),
            "sign_name_json": _json([self._batch.sign_name] * len(messages)),
            "template_param_json": _json([dict(message.params) for message in messages]),
            "sms_up_extend_code_json": _json([extend_code] * len(messages)) if extend_code else "",
        }


# One mainland number fails the whole call of an international template (help.aliyun.com 101346, 2026-11).
_MAINLAND_REFUSED = rejected(
    codes.DOMESTIC_NUMBER, "An international template cannot be sent to a mainland number."
)
_OUT_OF_TIME = not_sent(VendorUnavailable("Aliyun refused too many numbers of one call."))
_AFTER_UNKNOWN = not_sent(VendorUnavailable("Left unsent after a call that Aliyun did not answer."))


def _is_mainland_for_international(message: Message, template_type: TemplateType) -> bool:
    number = message.phone.digits
    return template_type is TemplateType.INTERNATIONAL and len(number) == 13 and number.startswith("861")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
