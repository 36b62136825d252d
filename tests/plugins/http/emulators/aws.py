"""AWS End User Messaging, as botocore's model and the pages of events and SNS tell (read 2026-11-28)."""

import hashlib
import hmac
import json
import re
from dataclasses import replace
from typing import Any

from bridge.plugin import Message, WebhookRequest

from ..test_proofs import aws
from .frame import Call, Emulator, Refused, Taken, need, pushed

_TOPIC = "arn:aws:sns:eu-west-1:111122223333:sms"
_REPLIES = "arn:aws:sns:eu-west-1:111122223333:replies"


class AwsMessaging(Emulator):
    """Signature version 4; one number a call; events in signed notifications of SNS."""

    recipe = "aws"
    secrets = {"key": "AKIDTEST", "secret": "sk-test", "session": ""}
    open_secrets = ["session"]
    values = {"region": "eu-west-1", "topic": _TOPIC, "reply_topic": _REPLIES}
    base_url = "https://sms-voice.eu-west-1.amazonaws.com"
    blocked = "2025550199"

    def answer(self, call: Call) -> Any:
        """Take one message, or give the certificate of SNS."""
        if call.host == "sns.us-west-2.amazonaws.com":
            return aws().pem.decode()
        if call.headers["authorization"] != self.signed(call):
            raise Refused(400, {"__type": "InvalidSignatureException", "message": "no"})
        assert call.headers["x-amz-target"] == "PinpointSMSVoiceV2.SendTextMessage"
        body = json.loads(call.body)
        wrong = Refused(
            400, {"__type": "ValidationException", "Message": "no", "Reason": "INVALID_PARAMETER"}
        )
        optional = ["OriginationIdentity", "MessageType", "Context", "ConfigurationSetName"]
        need(body, "DestinationPhoneNumber", "MessageBody", optional=optional, refused=wrong)
        number, text = body["DestinationPhoneNumber"], body["MessageBody"]
        if not re.fullmatch(r"\+[1-9]\d{6,14}", number) or len(text) > 1600:
            raise wrong
        assert body["MessageType"] in ("TRANSACTIONAL", "PROMOTIONAL")
        if number.endswith(self.blocked):
            reason = "DESTINATION_PHONE_NUMBER_OPTED_OUT"
            raise Refused(400, {"__type": "ConflictException", "Message": "no", "Reason": reason})
        self.sizes.append(1)
        return {"MessageId": self.take(number, text, body["Context"]["ref"])}

    def signed(self, call: Call) -> str:
        """Return the header as it must be."""
        headers = {name: call.headers[name] for name in ("content-type", "x-amz-date", "x-amz-target")}
        headers["host"] = call.host
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(call.body).hexdigest()}"
        stamp = headers["x-amz-date"]
        scope = f"{stamp[:8]}/eu-west-1/sms-voice/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = b"AWS4sk-test"
        for part in [*scope.split("/"), text]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        credential = f"AWS4-HMAC-SHA256 Credential=AKIDTEST/{scope}"
        return f"{credential}, SignedHeaders={names}, Signature={key.hex()}"

    def wanted(self, message: Message) -> Any:
        """Return the text."""
        return message.text

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Return an event in a notification."""
        event = {
            "eventType": "TEXT_DELIVERED" if delivered else "TEXT_CARRIER_BLOCKED",
            "eventTimestamp": 1_793_500_005_000,
            "isFinal": True,
            "destinationPhoneNumber": taken.number,
            "messageId": taken.vendor_id,
            "messageStatus": "x",
            "context": {"ref": taken.ref},
        }
        return _notified("/event", _TOPIC, event)

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return a reply in a notification."""
        event = {"originationNumber": number, "messageBody": content, "inboundMessageId": "r-1"}
        return _notified("/reply", _REPLIES, event)

    def forged(self, genuine: WebhookRequest) -> list[WebhookRequest]:
        """Another event, another topic, no signature."""
        message = json.loads(genuine.body)
        other = message["Message"].replace("TEXT_DELIVERED", "TEXT_SPAM")
        return [
            replace(genuine, body=json.dumps({**message, "Message": other}).encode()),
            replace(genuine, body=json.dumps({**message, "Signature": ""}).encode()),
            _notified("/event", _REPLIES, json.loads(message["Message"])),
        ]


def _notified(tail: str, topic: str, event: dict[str, Any]) -> WebhookRequest:
    text = json.dumps(event, ensure_ascii=False)
    return pushed(
        tail, json_body=aws().signed(TopicArn=topic, Message=text), headers={"content-type": "text/plain"}
    )
