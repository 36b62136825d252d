"""What a vendor says of errors, freed from phone numbers and secrets: its text may quote a request."""

from dataclasses import replace
from typing import TypeVar

from bridge import logs
from bridge.plugin import BridgeError, DeliveryReceipt, ReceiptPage, SubmitResult, WebhookResult

Fault = TypeVar("Fault", bound=BridgeError | None)
Told = TypeVar("Told", SubmitResult, DeliveryReceipt)
Page = TypeVar("Page", ReceiptPage, WebhookResult)


def masked_error(error: Fault) -> Fault:
    """Return the same error without numbers and secrets in its text."""
    if error is not None:
        error.reason = logs.masked(error.reason)
        error.args = tuple(logs.masked(part) if isinstance(part, str) else part for part in error.args)
    return error


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
