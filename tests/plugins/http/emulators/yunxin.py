"""NetEase Yunxin, as its documentation text 短信接口 of 2025-11 tells (read 2026-11-28)."""

import hashlib
import json
import re
from dataclasses import replace
from typing import Any

from bridge.plugin import Message, WebhookRequest

from .frame import Call, Emulator, Taken, need, pushed
from .frame import Refused as Refusal


class Yunxin(Emulator):
    """A checksum of secret, nonce and time; one id a call."""

    recipe = "yunxin"
    secrets = {"key": "app-key", "secret": "app-secret"}
    mainland = True
    blocked = "13900139000"

    def answer(self, call: Call) -> Any:
        """Take the whole call or nothing; every answer is HTTP 200."""
        headers = call.headers
        wanted = hashlib.sha1(f"app-secret{headers['nonce']}{headers['curtime']}".encode()).hexdigest()
        if headers["appkey"] != "app-key" or headers["checksum"] != wanted or len(headers["nonce"]) > 128:
            raise _refusal(403)
        assert (call.method, call.path) == ("POST", "/sms/sendtemplate.action")
        form = call.form
        need(form, "templateid", "mobiles", optional=["paramMap", "params", "needUp"], refused=_refusal(414))
        numbers = json.loads(form["mobiles"])
        values = json.loads(form["paramMap"])
        if not 1 <= len(numbers) <= 100 or not all(re.fullmatch(_NUMBER, number) for number in numbers):
            raise _refusal(414)
        if any(number.endswith(self.blocked) for number in numbers):
            raise _refusal(412)
        self.sizes.append(len(numbers))
        sendid = str(1000 + len(self.sizes))
        self.taken += [Taken(number, values, sendid, "") for number in numbers]
        return {"code": 200, "msg": "sendid", "obj": int(sendid)}

    def wanted(self, message: Message) -> Any:
        """Return the values by name."""
        return dict(message.params)

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Return a copy of the receipt."""
        result = "DELIVRD" if delivered else "MK:0001"
        row = {"mobile": taken.number, "sendid": int(taken.vendor_id), "result": result}
        return self.copied("11", row)

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return a copy of the reply."""
        return self.copied("12", {"mobile": number.removeprefix("+86"), "content": content})

    def copied(self, kind: str, row: dict[str, Any], secret: str = "app-secret") -> WebhookRequest:
        """Return a push, signed."""
        body = json.dumps({"eventType": kind, "objects": [row]}, ensure_ascii=False)
        md5 = hashlib.md5(body.encode()).hexdigest()
        checksum = hashlib.sha1(f"{secret}{md5}1793500000".encode()).hexdigest()
        headers = {"CurTime": "1793500000", "MD5": md5, "CheckSum": checksum}
        return pushed("/copy", text=body, headers=headers)

    def forged(self, genuine: WebhookRequest) -> list[WebhookRequest]:
        """Another body, its MD5 renewed; another time; another secret; no checksum."""
        other = genuine.body.replace(b"DELIVRD", b"MK:0001")
        md5 = hashlib.md5(other).hexdigest()
        bare = {name: value for name, value in genuine.headers.items() if name != "checksum"}
        return [
            replace(genuine, body=other, headers={**genuine.headers, "md5": md5}),
            replace(genuine, headers={**genuine.headers, "curtime": "1793500001"}),
            replace(genuine, headers=bare),
            self.copied("11", {"mobile": "13800138000", "sendid": 1, "result": "DELIVRD"}, "other"),
        ]


_NUMBER = r"1\d{10}|\+[1-9]\d{0,2}-\d{5,14}"


def _refusal(code: int) -> Refusal:
    return Refusal(200, {"code": code, "desc": "no"})
