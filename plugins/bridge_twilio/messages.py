"""Messages as Twilio takes them and as it shows them."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import phonenumbers

from bridge.plugin import (
    Batch,
    DigitalTemplate,
    Message,
    NoSuchResource,
    SubmitResult,
    Template,
    VendorRejected,
    rejected,
)
from bridge.plugin.text import bare_sign, signed

from .sending import Item, Request
from .settings import SenderKind, SentFrom, TwilioSettings

_NO_MMS = "This signature's sender cannot send MMS."
# Twilio refuses such values with 21656 (twilio.com/docs/api/errors/21656, read 2026-11).
_REFUSED_VALUE = re.compile(r"^$|[\n\r\t]| {5}")


class MessageRecord(NamedTuple):
    """A message as Twilio shows it."""

    sid: str
    status: str
    error_code: str
    direction: str
    from_: str
    service_sid: str
    body: str
    num_media: int
    date_created: datetime | None
    date_updated: datetime | None
    price: str = ""
    currency: str = ""

    def __repr__(self) -> str:
        return f"MessageRecord(sid={self.sid!r}, status={self.status!r})"

    def is_from(self, sender: SentFrom) -> bool:
        """Compare with a sender. Returns True when its messages look so.

        Twilio gives a service to messages without one, too.
        """
        if sender.messaging_service_sid:
            return self.service_sid == sender.messaging_service_sid
        return self.from_ == sender.from_


class Composer:
    """Composes the requests of one channel."""

    def __init__(self, settings: TwilioSettings, hook_url: str) -> None:
        self._settings = settings
        self._hook_url = hook_url

    def sender(self, sign_name: str) -> SentFrom:
        """Return what a signature is sent from. Raises NoSuchResource for one that is not configured."""
        try:
            return self._settings.senders[sign_name]
        except KeyError:
            raise NoSuchResource(
                "The channel has no Twilio sender for this signature.", code="UNKNOWN_SIGNATURE"
            ) from None

    def sender_fault(self, template: DigitalTemplate) -> str:
        """Look for the sender of a digital template. Returns why none could send it, or ""."""
        name = bare_sign(template.sign_name)
        if not name:
            return ""
        sender = self._settings.senders.get(name)
        if sender is None:
            return "The channel has no Twilio sender for this signature."
        return "" if sender.carries_mms else _NO_MMS

    def items(self, batch: Batch) -> list[Item]:
        """Return a request for each message, or why it cannot be sent; VendorRejected for the whole batch."""
        sender = self.sender(batch.sign_name)
        common = {"validity_period": self._settings.validity_s, **_origin(sender)}
        content = self._content(batch.template, sender)
        return [self._item(batch, message, sender, {**common, **content}) for message in batch.messages]

    def text(self, batch: Batch, message: Message) -> str:
        """Return the text as Twilio gets it."""
        if self.sender(batch.sign_name).shows_sign_in_text:
            return signed(batch.sign_name, message.text, batch.template.type)
        return message.text

    def address(self, batch: Batch, message: Message) -> str:
        """Return the recipient as Twilio writes it."""
        prefix = "whatsapp:" if self.sender(batch.sign_name).kind is SenderKind.WHATSAPP else ""
        return prefix + message.phone.e164

    def by_content(self, template: Template) -> bool:
        """Return True when Twilio renders the text itself."""
        return self._settings.template_mode != "local" and not isinstance(template, DigitalTemplate)

    def _content(self, template: Template, sender: SentFrom) -> Mapping[str, Any]:
        if isinstance(template, DigitalTemplate):
            if not sender.carries_mms:
                raise VendorRejected(_NO_MMS, code="NO_MMS_SENDER")
            return {"media_url": [part.url for part in template.parts if part.suffix != "txt"]}
        if not self.by_content(template):
            return {}
        if not template.vendor_code:
            raise NoSuchResource(
                "The template was never published at Twilio; save it again.", code="NO_CONTENT"
            )
        return {"content_sid": template.vendor_code}

    def _item(self, batch: Batch, message: Message, sender: SentFrom, fields: Mapping[str, Any]) -> Item:
        own: dict[str, Any] = {**fields, "to": self.address(batch, message)}
        if self._hook_url:
            own["status_callback"] = self._callback(batch.ref, message.ref)
        template = batch.template
        if isinstance(template, DigitalTemplate):
            refusal = self._mms_refusal(message)
            if refusal is not None:
                return refusal
        if self.by_content(template):
            values = {name: message.params.get(name, "") for name in template.variables}
            for name, value in values.items():
                if _REFUSED_VALUE.search(value):
                    return rejected(
                        "21656",
                        f"The value of {name} is empty or holds a line break, a tab or a run of blanks.",
                    )
            own["content_variables"] = json.dumps(
                {str(number): value for number, value in enumerate(values.values(), 1)}, ensure_ascii=False
            )
        elif text := self.text(batch, message):
            own["body"] = text
        return Request(own, message.segments)

    def _mms_refusal(self, message: Message) -> SubmitResult | None:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(message.phone.e164))
        if region in self._settings.mms_countries:
            return None
        return rejected("MMS_COUNTRY", "Twilio carries no digital messages to the recipient's country.")

    def _callback(self, batch_ref: str, message_ref: str) -> str:
        # Twilio keeps the part behind "#" for itself: how often to repeat a failed callback
        # (twilio.com/docs/usage/webhooks/webhooks-connection-overrides, read 2026-11).
        overrides = self._settings.callback_overrides
        url = f"{self._hook_url}/status?m={message_ref}&b={batch_ref}"
        return f"{url}#{overrides}" if overrides else url


def _origin(sender: SentFrom) -> Mapping[str, str]:
    origin = {}
    if sender.messaging_service_sid:
        origin["messaging_service_sid"] = sender.messaging_service_sid
    if sender.from_:
        origin["from_"] = sender.from_
    return origin
