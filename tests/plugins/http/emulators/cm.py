"""CM.com, as its Python client 2.0.4 writes and its pages of answers and reports tell (read 2026-11-28)."""

import re
from typing import Any

from bridge.plugin import Message, WebhookRequest

from .frame import Call, Emulator, Refused, Taken, need, pushed


class Cm(Emulator):
    """The token in the body, up to 100 messages, a result for each by reference."""

    recipe = "cm"
    secrets = {"token": "product-token"}
    most = 100
    blocked = "2025550199"

    def answer(self, call: Call) -> Any:
        """200 when one message was taken, 400 when none was."""
        assert (call.method, call.path) == ("POST", "/v1.0/message")
        messages = call.json["messages"]
        if messages["authentication"]["producttoken"] != "product-token":
            raise _refusal(401, 103)
        if not 1 <= len(messages["msg"]) <= self.most:
            raise _refusal(400, 202)
        self.sizes.append(len(messages["msg"]))
        results = [self.one(message) for message in messages["msg"]]
        taken = [each for each in results if each["status"] == "Accepted"]
        return (200 if taken else 400), {
            "details": f"Created {len(taken)} message(s)",
            "errorCode": 0 if len(taken) == len(results) else 201,
            "messages": results,
        }

    def one(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the result of one message."""
        parts = ["minimumNumberOfMessageParts", "maximumNumberOfMessageParts"]
        need(
            message,
            *("from", "to", "body"),
            optional=["allowedChannels", "reference", *parts],
            refused=_refusal(400, 203),
        )
        ((number,),) = [[each["number"] for each in message["to"]]]
        code = 0
        if len(message["from"]) > 11:
            code = 301
        if not re.fullmatch(r"00[1-9]\d{6,14}", number):
            code = 303
        if number.endswith(self.blocked):
            code = 402
        if not code:
            assert message["body"]["type"] == "auto"
            self.take(number, message["body"]["content"], message["reference"])
        return {
            "to": number,
            "status": "Rejected" if code else "Accepted",
            "reference": message["reference"],
            "parts": 1,
            "messageDetails": None,
            "messageErrorCode": code,
        }

    def wanted(self, message: Message) -> Any:
        """Return the text; the signature is the sender."""
        return message.text

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Return one object a push."""
        status = {"code": "2" if delivered else "3", "errorCode": "", "errorDescription": ""}
        report = {"received": "2026-11-01T02:26:45", "to": taken.number, "reference": taken.ref}
        return pushed("/receipt", json_body={"messages": {"msg": {**report, "status": status}}})

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return a reply as a public client reads it."""
        return pushed(
            "/reply", json_body={"from": {"number": "00" + number[1:]}, "message": {"text": content}}
        )


def _refusal(status: int, code: int) -> Refused:
    return Refused(status, {"details": "no", "errorCode": code, "messages": None})
