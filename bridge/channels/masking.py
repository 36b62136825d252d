"""What a vendor says of errors, freed from what is private: its text may quote a request."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from bridge import logs
from bridge.plugin import (
    Batch,
    BridgeError,
    DeliveryReceipt,
    Message,
    ReceiptPage,
    SubmitResult,
    WebhookResult,
)

Fault = TypeVar("Fault", bound=BridgeError | None)
Told = TypeVar("Told", SubmitResult, DeliveryReceipt)
Page = TypeVar("Page", ReceiptPage, WebhookResult)

_HIDDEN = "[hidden]"
_TELLING, _TELLING_WIDE = 4, 2
"""A value of fewer characters, or of fewer beyond ASCII, is part of any sentence and tells nothing."""


def masked_error(error: Fault, messages: Iterable[Message] = ()) -> Fault:
    """Return the same error without numbers and secrets in its text, and without what the messages said."""
    if error is not None:
        error.reason = _unquoted(logs.masked(error.reason), messages)
        error.args = tuple(
            _unquoted(logs.masked(part), messages) if isinstance(part, str) else part for part in error.args
        )
    return error


def masked_results(results: Sequence[SubmitResult], batch: Batch) -> list[SubmitResult]:
    """Return what a vendor told of a call, also without the texts and values that it quotes."""
    return [
        _masked_of(told, message) if told.reason or told.error is not None else told
        for told, message in zip(results, batch.messages, strict=True)
    ]


def _masked_of(told: SubmitResult, message: Message) -> SubmitResult:
    masked_error(told.error, (message,))
    return told._replace(reason=_unquoted(logs.masked(told.reason), (message,)))


def _unquoted(sentence: str, messages: Iterable[Message]) -> str:
    for message in messages if sentence else ():
        for said in (message.text, *message.params.values()):
            telling = _TELLING if said.isascii() else _TELLING_WIDE
            if len(said) >= telling and said in sentence:
                sentence = sentence.replace(said, _HIDDEN)
    return sentence


def masked_result(told: Told) -> Told:
    """Return what a vendor told of one message, without numbers and secrets in its reason."""
    if isinstance(told, SubmitResult):
        masked_error(told.error)
    return told._replace(reason=logs.masked(told.reason)) if told.reason else told


def masked_page(page: Page) -> Page:
    """Return a page of reports without numbers and secrets in their reasons."""
    if not any(receipt.reason for receipt in page.receipts):
        return page
    return replace(page, receipts=list(map(masked_result, page.receipts)))
