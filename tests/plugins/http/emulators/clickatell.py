"""Clickatell's One API, as its PHP client and the crate clickatell-api 0.3.0 use it (read 2026-11-28)."""

import re
from typing import Any

from bridge.plugin import Message, WebhookRequest

from .frame import Call, Emulator, Refused, need, pushed


class Clickatell(Emulator):
    """A bare key, up to 100 messages, a result for each."""

    recipe = "clickatell"
    secrets = {"key": "apikey=="}
    most = 100
    blocked = "2025550199"

    def answer(self, call: Call) -> Any:
        """Take what can be taken: 202, or 207 when some are refused."""
        if call.headers.get("authorization") != "apikey==":
            raise _refusal(401, 1)
        if call.method == "GET":
            return self.state(call.path.removeprefix("/v1/message/"))
        assert (call.method, call.path) == ("POST", "/v1/message")
        messages = call.json["messages"]
        if len(messages) > self.most:
            raise _refusal(400, 21)
        self.sizes.append(len(messages))
        results = [self.one(message) for message in messages]
        return (202 if all(each["accepted"] for each in results) else 207), {
            "messages": results,
            "error": None,
        }

    def one(self, message: dict[str, str]) -> dict[str, Any]:
        """Return the result of one message."""
        need(
            message,
            "channel",
            "to",
            "content",
            optional=["from", "clientMessageId"],
            refused=_refusal(400, 21),
        )
        assert message["channel"] == "sms"
        if not re.fullmatch(r"[1-9]\d{6,14}", message["to"]):
            return _result(message["to"], 25)
        if message["to"].endswith(self.blocked):
            return _result(message["to"], 26)
        vendor_id = self.take(message["to"], message["content"], message.get("clientMessageId", ""))
        return {"apiMessageId": vendor_id, "accepted": True, "to": message["to"], "error": None}

    def state(self, vendor_id: str) -> Any:
        """Return what became of a message."""
        if vendor_id not in [each.vendor_id for each in self.taken]:
            raise _refusal(404, 999)
        return {"channel": "sms", "status": "DEVICE_ACK", "timestamp": 1_793_500_005_000}

    def wanted(self, message: Message) -> Any:
        """Return the text behind the signature."""
        return "[Acme]" + message.text

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return a reply in the One API's form."""
        text = {"channel": "sms", "messageId": "r-1", "from": number[1:], "content": content}
        return pushed("/event", json_body={"event": {"moText": [text]}})


def _result(number: str, code: int) -> dict[str, Any]:
    return {
        "apiMessageId": None,
        "accepted": False,
        "to": number,
        "error": {"code": code, "description": "no"},
    }


def _refusal(status: int, code: int) -> Refused:
    return Refused(status, {"messages": [], "error": {"code": code, "description": "no"}})
