"""Volcengine, as volcengine.com/docs/6361 and the examples of volc-sdk-python tell (read 2026-11-28)."""

import hashlib
import hmac
import json
import re
from typing import Any

from bridge.plugin import Message, WebhookRequest

from .frame import Call, Emulator, Refused, Taken, need, pushed


class Volcengine(Emulator):
    """A signature over the whole request; an id for each of up to 200 numbers."""

    recipe = "volcengine"
    secrets = {"key": "AKLTtest", "secret": "sk-test"}
    values = {"account": "acct1234"}
    mainland = True
    most = 200

    def answer(self, call: Call) -> Any:
        """Take the whole call or nothing; what befalls one number comes by report."""
        if call.headers["authorization"] != self.signed(call):
            raise _refusal("RE:0000")
        assert (call.method, call.path) == ("POST", "/")
        assert call.query == {"Action": "SendBatchSms", "Version": "2021-01-01"}
        body = call.json
        need(
            body,
            "SmsAccount",
            "Sign",
            "TemplateID",
            "Messages",
            optional=["Tag"],
            refused=_refusal("RE:0009"),
        )
        if body["SmsAccount"] != "acct1234":
            raise _refusal("RE:0003")
        messages = body["Messages"]
        if len(messages) > self.most or len(body["Tag"].encode()) > 512:
            raise _refusal("RE:0009")
        if not all(re.fullmatch(r"\+[1-9]\d{6,14}|1\d{10}", each["PhoneNumber"]) for each in messages):
            raise _refusal("RE:0006")
        self.sizes.append(len(messages))
        ids = [self.take(m["PhoneNumber"], json.loads(m["TemplateParam"]), body["Tag"]) for m in messages]
        return {"ResponseMetadata": {"RequestId": "1"}, "Result": {"MessageID": ids}}

    def signed(self, call: Call) -> str:
        """Return the header as it must be."""
        digest = hashlib.sha256(call.body).hexdigest()
        stamp = call.headers["x-date"]
        head = f"content-type:{call.headers['content-type']}\nhost:{call.host}\n"
        head += f"x-content-sha256:{digest}\nx-date:{stamp}\n"
        names = "content-type;host;x-content-sha256;x-date"
        canonical = f"POST\n/\nAction=SendBatchSms&Version=2021-01-01\n{head}\n{names}\n{digest}"
        scope = f"{stamp[:8]}/cn-north-1/volcSMS/request"
        text = f"HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = b"sk-test"
        for part in [*scope.split("/"), text]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        credential = f"HMAC-SHA256 Credential=AKLTtest/{scope}"
        return f"{credential}, SignedHeaders={names}, Signature={key.hex()}"

    def wanted(self, message: Message) -> Any:
        """Return the values by name."""
        return dict(message.params)

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Return a list of one."""
        row = {"status_code": "0" if delivered else "20001", "description": "x", "mobile": taken.number[3:]}
        return pushed("/receipt", json_body=[{**row, "message_id": taken.vendor_id, "ext": taken.ref}])

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return a list of one."""
        row = {"mobile": number[3:], "content": content, "recv_time": 1_793_500_060_000, "ext": "b1"}
        return pushed("/reply", json_body=[row])


def _refusal(code: str) -> Refused:
    return Refused(200, {"ResponseMetadata": {"RequestId": "1", "Error": {"Code": code, "Message": "no"}}})
