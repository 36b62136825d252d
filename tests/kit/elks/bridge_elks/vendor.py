"""46elks: one call a message, forms in, JSON out (46elks.se/docs, read 2026-11)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from bridge.plugin import (
    CLOCKS_APART,
    Acknowledgement,
    Batch,
    BridgeError,
    Channel,
    DeliveryReceipt,
    Health,
    Limits,
    Message,
    MessageStatus,
    MoMessage,
    SubmitResult,
    Vendor,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    accepted,
    failure,
    from_vendor,
    hookimpl,
    not_sent,
    unknown,
)
from bridge.plugin.http import Session, raise_for_status, translated

from .codes import STATUSES
from .settings import ElksSettings


class Elks(Vendor):
    """One account at 46elks."""

    name = "elks"
    settings_model = ElksSettings

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        settings = channel.settings
        assert isinstance(settings, ElksSettings)
        self._url = settings.base_url.rstrip("/")
        self._senders = settings.senders
        self._http = Session(threads=32)
        self._http.auth = (settings.username, settings.password.get_secret_value())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def limits(self) -> Limits:
        """46elks takes one message a call; a few of them keep a batch short when the answer is lost."""
        return Limits(messages=10)

    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        """Ask for the balance."""
        try:
            account = self._call("GET", "/a1/me")
        except BridgeError as error:
            return Health(error.reason, error)
        return Health(f"Balance {account['balance'] / 10000:.2f} {account['currency']}")

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """One call for each message; none after one that was certainly not accepted: all may go later."""
        results: list[SubmitResult] = []
        for message in batch.messages:
            error = results[-1].error if results else None
            results.append(not_sent(error) if error else self._send(batch, message))
        return results

    def _send(self, batch: Batch, message: Message) -> SubmitResult:
        form = {
            "from": self._senders.get(batch.sign_name, batch.sign_name),
            "to": message.phone.e164,
            "message": message.text,
        }
        if self.channel.hook_url:
            form["whendelivered"] = f"{self.channel.hook_url}/receipt?ref={message.ref}"
        try:
            return accepted(self._call("POST", "/a1/sms", data=form)["id"])
        except KeyError:
            return unknown("The vendor's answer has no id.", "UNREADABLE_ANSWER")
        except BridgeError as error:
            return failure(error)

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Look for each message by number, time and text. Absence is no proof: the history may lag."""
        return [self._look_up(batch, message) for message in batch.messages]

    def _look_up(self, batch: Batch, message: Message) -> SubmitResult:
        since = (batch.called_at - CLOCKS_APART).astimezone(UTC).replace(tzinfo=None)
        query = {"to": message.phone.e164, "end": since.isoformat()}
        history = self._call("GET", "/a1/sms", params=query)["data"]
        same = [
            entry["id"]
            for entry in history
            if entry["direction"] == "outgoing" and entry["message"] == message.text
        ]
        taken = self.channel.history.claimed(same)
        free = [vendor_id for vendor_id in same if vendor_id not in taken]
        return accepted(free[0]) if free else unknown("The vendor does not show the message.")

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        """A receipt or a reply. The answer must be empty: 46elks sends a text as a reply to the person."""
        try:
            form = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
            query = parse_qs(request.query.decode())
            if request.tail == "/receipt":
                return WebhookResult([_receipt(form, query["ref"][0])], acknowledgement=_EMPTY)
            return WebhookResult(replies=[_reply(form)], acknowledgement=_EMPTY)
        except (ValueError, KeyError):
            raise WebhookRejected("The form cannot be read.") from None

    def _call(self, method: str, path: str, **content: Any) -> Any:
        with translated():
            response = self._http.request(method, self._url + path, **content)
            raise_for_status(response)
            return response.json()


_EMPTY = Acknowledgement(b"", status=204)


def _receipt(form: Mapping[str, str], ref: str) -> DeliveryReceipt:
    return DeliveryReceipt(
        STATUSES.get(form["status"], MessageStatus.ACCEPTED),
        message_ref=ref,
        vendor_id=form["id"],
        code=form["status"],
        at=_moment(form.get("delivered")),
    )


def _reply(form: Mapping[str, str]) -> MoMessage:
    return MoMessage(from_vendor(form["from"]), form["message"], _moment(form.get("created")), form["id"])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
