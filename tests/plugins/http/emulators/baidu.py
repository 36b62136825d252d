"""Baidu Cloud, as cloud.baidu.com/doc/SMS and bce-python-sdk 0.9.79 tell (read 2026-11-28)."""

import hashlib
import hmac
import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from bridge.plugin import Message, WebhookRequest

from .frame import Call, Emulator, Refused, Taken, need, pushed


class Baidu(Emulator):
    """A signature over host and time; a result for each number; pushes signed with a token."""

    recipe = "baidu"
    secrets = {"key": "ak-test", "secret": "sk-test", "token": "token-test"}
    open_secrets = ["token"]
    values = {"sign_ids": {"Acme": "sms-sign-1"}}
    mainland = True
    most = 200

    def answer(self, call: Call) -> Any:
        """Return a result for each number."""
        if call.headers["authorization"] != self.signed(call):
            raise Refused(403, {"requestId": "1", "code": "AccessDenied", "message": "no"})
        assert (call.method, call.path) == ("POST", "/api/v3/sendSms")
        assert re.fullmatch(r"\S{1,64}", call.query["clientToken"])
        body = call.json
        wrong = Refused(400, {"requestId": "1", "code": "x", "message": "no"})
        names = ["mobile", "template", "signatureId", "contentVar"]
        need(body, *names, optional=["custom", "userExtId", "merchantUrlId"], refused=wrong)
        numbers = body["mobile"].split(",")
        if len(numbers) > self.most or not all(re.fullmatch(r"1\d{10}|\+[1-9]\d+", n) for n in numbers):
            raise wrong
        assert body["signatureId"] == "sms-sign-1"
        self.sizes.append(len(numbers))
        data = [
            {"code": "1000", "mobile": n, "messageId": self.take(n, body["contentVar"], body["custom"])}
            for n in numbers
        ]
        return {"requestId": "1", "code": "1000", "message": "成功", "data": data}

    def signed(self, call: Call) -> str:
        """Return the header as it must be."""
        stamp = call.headers["x-bce-date"]
        prefix = f"bce-auth-v1/ak-test/{stamp}/1800"
        token = quote(call.query["clientToken"], safe="")
        text = f"POST\n{call.path}\nclientToken={token}\nhost:{call.host}\nx-bce-date:{quote(stamp, safe='')}"
        key = hmac.new(b"sk-test", prefix.encode(), hashlib.sha256).hexdigest()
        signature = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
        return f"{prefix}/host;x-bce-date/{signature}"

    def wanted(self, message: Message) -> Any:
        """Return the values by name."""
        return dict(message.params)

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Return one object."""
        body = {"code": "0" if delivered else "2", "messageId": taken.vendor_id, "mobile": taken.number}
        return self.signed_push("/receipt", {**body, "custom": taken.ref, "carrierCode": "x"})

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return one object."""
        return self.signed_push("/reply", {"mobile": number.removeprefix("+86"), "content": content})

    def signed_push(self, tail: str, body: dict[str, Any], token: str = "token-test") -> WebhookRequest:
        """Return a push with the digest of token, time and body."""
        text = json.dumps(body, ensure_ascii=False)
        signature = hashlib.md5(f"{token}1793500005000{text}".encode()).hexdigest()
        headers = {"requestId": "r-1", "timestamp": "1793500005000", "signature": signature}
        return pushed(tail, text=text, headers=headers)

    def forged(self, genuine: WebhookRequest) -> list[WebhookRequest]:
        """Another body, another time, another token, no signature."""
        bare = {name: value for name, value in genuine.headers.items() if name != "signature"}
        return [
            replace(genuine, body=genuine.body.replace(b'"0"', b'"2"')),
            replace(genuine, headers={**genuine.headers, "timestamp": "1793500005001"}),
            replace(genuine, headers=bare),
            self.signed_push("/receipt", json.loads(genuine.body), "other"),
        ]
