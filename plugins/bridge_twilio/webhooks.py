"""Twilio's two webhooks: status callbacks and inbound messages. Both are form-encoded and signed.

twilio.com/docs/usage/webhooks/messaging-webhooks and webhooks-security, read 2026-11. Fields are added
without notice; the signature covers all of them, and the raw URL.
"""

import logging
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, parse_qsl, urldefrag

from bridge.plugin import (
    Acknowledgement,
    BadNumber,
    DeliveryReceipt,
    MoMessage,
    Phone,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    from_vendor,
)

from .reports import Reports
from .settings import TwilioSettings

_REF = re.compile(r"[0-9a-z-]{1,20}")
_TWIML = Acknowledgement(b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>', "text/xml")
_DONE = Acknowledgement()
_MOST_FIELDS = 500
"""Verifying sorts every field before anybody knows who sent them; Twilio's own have about thirty."""

# The words on which Twilio itself blocks and unblocks a number for a sender (twilio.com/docs/messaging/
# compliance, read 2026-11). YES, which it also takes as coming back, may answer any question.
_STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
_START_WORDS = frozenset({"START", "UNSTOP"})
_log = logging.getLogger(__name__)


class Form(dict[str, list[str]]):
    """A form with repeated fields, in the shape that the SDK's validator reads."""

    def getlist(self, name: str) -> list[str]:
        """Return every value of a field."""
        return self[name]

    def first(self, name: str) -> str:
        """Return the first value of a field, "" when it is missing."""
        return self.get(name, [""])[0]


class TwilioWebhooks:
    """Verifies and reads the webhooks of one channel. Loads only the SDK's validator, not its client."""

    def __init__(self, settings: TwilioSettings, reports: Reports) -> None:
        self._settings = settings
        self._reports = reports

    def parse(self, request: WebhookRequest) -> WebhookResult:
        """Read a webhook. Raises WebhookRejected for one that Twilio did not sign."""
        form = _form(request)
        self._verify(request, form)
        fields = form if request.method == "POST" else _decoded(request.query)
        match request.tail.rstrip("/"):
            case "/status":
                return WebhookResult(receipts=[self._receipt(fields, request.query)], acknowledgement=_DONE)
            case "/inbound":
                return WebhookResult(replies=self._replies(fields), acknowledgement=_TWIML)
            case _:
                raise WebhookRejected("Twilio's webhooks end in /status or /inbound.")

    def _verify(self, request: WebhookRequest, form: Form) -> None:
        from twilio.request_validator import (
            SIGNATURE_HEADER,
            SIGNATURE_SETTINGS_HEADER,
            RequestValidator,
            get_signature_algorithm,
        )

        signature = request.headers.get(SIGNATURE_HEADER.lower(), "")
        if not signature:
            raise WebhookRejected("The request carries no Twilio signature.")
        signing = request.headers.get(SIGNATURE_SETTINGS_HEADER.lower(), "")
        validator = RequestValidator(self._secret(signing))
        # What follows "#" in a callback's URL is for Twilio itself and not signed.
        url = urldefrag(request.url).url
        if not validator.validate(url, form, signature, get_signature_algorithm(signing)):
            raise WebhookRejected("The request's Twilio signature is wrong.")

    def _secret(self, signing: str) -> str:
        """Return the shared key that the header names, otherwise the auth token."""
        named = dict(part.strip().partition("=")[::2] for part in signing.split(","))
        key = named.get("key", "")
        secret = self._settings.signing_keys.get(key) if key else self._settings.auth_token
        if secret is None:
            raise WebhookRejected("The request is signed with a key that the channel's signing_keys lack.")
        return secret.get_secret_value()

    def _receipt(self, form: Form, query: bytes) -> DeliveryReceipt:
        """Read a status callback. The references are ours, from the callback's own query."""
        refs = {name: values[0] for name, values in parse_qs(query.decode("ascii", "replace")).items()}
        report = self._reports.read(
            form.first("MessageStatus") or form.first("SmsStatus"), form.first("ErrorCode")
        )
        return DeliveryReceipt(
            report.status,
            message_ref=_ref(refs.get("m", "")),
            batch_ref=_ref(refs.get("b", "")),
            vendor_id=form.first("MessageSid") or form.first("SmsSid"),
            phone=_phone(form.first("To")),
            code=report.code,
            reason=report.reason,
            opted_out=report.opted_out,
            unlisted=report.unlisted,
        )

    def _replies(self, form: Form) -> list[MoMessage]:
        sender = form.first("From").removeprefix("whatsapp:")
        try:
            phone = from_vendor(sender)
        except BadNumber:
            _log.info("An inbound message from a sender that is no phone number is left out.")
            return []
        return [
            MoMessage(
                phone=phone,
                content=form.first("Body"),
                vendor_id=form.first("MessageSid"),
                sign_name=self._sign_name(form.first("MessagingServiceSid"), form.first("To")),
                opt_out=_opt_out(form),
            )
        ]

    def _sign_name(self, service_sid: str, to: str) -> str:
        """Return the signature that was answered, when exactly one is sent from there."""
        senders = self._settings.senders.items()
        names = [name for name, sender in senders if to and sender.from_ == to] or [
            name for name, sender in senders if service_sid and sender.messaging_service_sid == service_sid
        ]
        return names[0] if len(names) == 1 else ""


def _form(request: WebhookRequest) -> Form:
    if request.method != "POST":
        return Form()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise WebhookRejected("Twilio's messaging webhooks are form-encoded.")
    return _decoded(request.body)


def _decoded(data: bytes) -> Form:
    form = Form()
    try:
        pairs = parse_qsl(
            data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise WebhookRejected("Twilio's messaging webhooks have fewer fields.") from None
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def _opt_out(form: Mapping[str, list[str]]) -> bool | None:
    kind = form.get("OptOutType", [""])[0].upper()
    word = form.get("Body", [""])[0].strip().upper()
    if kind == "STOP" or (not kind and word in _STOP_WORDS):
        return True
    if kind == "START" or (not kind and word in _START_WORDS):
        return False
    return None


def _phone(text: str) -> Phone | None:
    try:
        return from_vendor(text.removeprefix("whatsapp:"))
    except BadNumber:
        return None


def _ref(text: str) -> str:
    return text if _REF.fullmatch(text) else ""
