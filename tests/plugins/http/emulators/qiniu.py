"""Qiniu, as developer.qiniu.com/sms 5897, 5849, 5910 and 5852 tell (read 2026-11-28)."""

import base64
import hashlib
import hmac
import re
from typing import Any

from bridge.plugin import Message, WebhookRequest

from .frame import Call, Emulator, Refused, Taken, need, pushed


class Qiniu(Emulator):
    """A signature over the whole request, one number a call, our reference in the report."""

    recipe = "qiniu"
    secrets = {"key": "ak-test", "secret": "sk-test"}
    values = {"sign_ids": {"Acme": "sig-1"}}
    mainland = True

    def answer(self, call: Call) -> Any:
        """Take one message."""
        head = f"{call.method} {call.path}\nHost: {call.host}\nContent-Type: {call.headers['content-type']}\n"
        head += f"X-Qiniu-Date: {call.headers['x-qiniu-date']}\n\n"
        mac = hmac.new(b"sk-test", head.encode() + call.body, hashlib.sha1).digest()
        if call.headers["authorization"] != f"Qiniu ak-test:{base64.urlsafe_b64encode(mac).decode()}":
            raise Refused(401, {"error": "BadToken", "message": "bad token", "request_id": "r1"})
        assert (call.method, call.path) == ("POST", "/v1/message/single")
        body = call.json
        wrong = Refused(400, {"error": "InvalidQueryValue", "message": "no", "request_id": "r1"})
        need(body, "template_id", "mobile", optional=["signature_id", "parameters", "seq"], refused=wrong)
        if body["signature_id"] != "sig-1" or not re.fullmatch(r"1\d{10}|\+[1-9]\d+", body["mobile"]):
            raise wrong
        self.sizes.append(1)
        return {"message_id": self.take(body["mobile"], body["parameters"], body["seq"])}

    def wanted(self, message: Message) -> Any:
        """Return the values by name."""
        return dict(message.params)

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Return a list of one."""
        row = {"mobile": taken.number, "message_id": taken.vendor_id, "seq": taken.ref, "error": ""}
        row["status"] = "DELIVRD" if delivered else "FAILED"
        return pushed("/receipt", json_body={"items": [row]})

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return a list of one."""
        row = {"mobile": number.removeprefix("+86"), "content": content, "time": 1_793_500_060}
        return pushed("/reply", json_body={"items": [row]})
