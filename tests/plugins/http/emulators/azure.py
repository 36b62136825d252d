"""Azure Communication Services, as azure-rest-api-specs 2026-01-23 and Event Grid tell (2026-11-28)."""

import base64
import hashlib
import hmac
import re
from typing import Any
from uuid import UUID

from bridge.plugin import Message, WebhookRequest

from .frame import Call, Emulator, Refused, Taken, need, pushed

_KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


class Azure(Emulator):
    """A signature with a key in base64; one text for up to 100 numbers, a result for each."""

    recipe = "azure"
    secrets = {"key": _KEY}
    values = {"sender": "+12025550100"}
    base_url = "https://acme.communication.azure.com"
    most = 100
    blocked = "2025550199"
    blocked_is = "rejected"

    def answer(self, call: Call) -> Any:
        """Return a result for each number."""
        digest = base64.b64encode(hashlib.sha256(call.body).digest()).decode()
        text = f"POST\n/sms?api-version=2026-01-23\n{call.headers['x-ms-date']};{call.host};{digest}"
        mac = hmac.new(b"0123456789abcdef0123456789abcdef", text.encode(), hashlib.sha256).digest()
        head = "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature="
        if call.headers["authorization"] != head + base64.b64encode(mac).decode():
            raise Refused(401, {"error": {"code": "Denied", "message": "Denied by the resource provider."}})
        body = call.json
        wrong = Refused(400, {"error": {"code": "BadRequest", "message": "no"}})
        need(body, "from", "message", "smsRecipients", optional=["smsSendOptions"], refused=wrong)
        recipients = body["smsRecipients"]
        assert body["smsSendOptions"]["enableDeliveryReport"] is True
        assert len({UUID(each["repeatabilityRequestId"]) for each in recipients}) == len(recipients)
        assert len({each["repeatabilityFirstSent"] for each in recipients}) == 1
        if not 1 <= len(recipients) <= self.most or len(body["message"]) > 2048:
            raise wrong
        self.sizes.append(len(recipients))
        tag = body["smsSendOptions"]["tag"]
        return 202, {"value": [self.one(each["to"], body["message"], tag) for each in recipients]}

    def one(self, number: str, text: str, tag: str) -> dict[str, Any]:
        """Return the result for a number."""
        if number.endswith(self.blocked) or not re.fullmatch(r"\+[1-9]\d{6,14}", number):
            failed = {"httpStatusCode": 400, "errorMessage": "no", "successful": False}
            return {"to": number, "messageId": None, "repeatabilityResult": "accepted", **failed}
        vendor_id = self.take(number, text, tag)
        taken = {"httpStatusCode": 202, "successful": True, "repeatabilityResult": "accepted"}
        return {"to": number, "messageId": vendor_id, **taken}

    def wanted(self, message: Message) -> Any:
        """Return the text."""
        return message.text

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Return an event of Event Grid."""
        data = {"messageId": taken.vendor_id, "from": "12025550100", "to": taken.number[1:], "tag": taken.ref}
        data["deliveryStatus"] = "Delivered" if delivered else "Failed"
        return _event("/receipt", "SMSDeliveryReportReceived", data)

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return an event of Event Grid; its numbers have no plus."""
        return _event("/reply", "SMSReceived", {"messageId": "in", "from": number[1:], "message": content})


def _event(tail: str, kind: str, data: dict[str, Any]) -> WebhookRequest:
    event = {"id": "1", "eventType": f"Microsoft.Communication.{kind}", "data": data}
    return pushed(tail, json_body=[event], headers={"aeg-event-type": "Notification"})
