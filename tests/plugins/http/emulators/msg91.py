"""MSG91's Flow, as its pages of the call and of webhooks and its Node client 2.2.8 tell (read 2026-11-28)."""

import json
import re
from typing import Any

from bridge.plugin import Message, WebhookRequest

from .frame import Call, Emulator, Refused, Taken, need, pushed


class Msg91(Emulator):
    """A key in a header, one request id for the whole call."""

    recipe = "msg91"
    secrets = {"key": "authkey-1"}
    most = 100

    def answer(self, call: Call) -> Any:
        """Take the whole call or nothing."""
        assert (call.method, call.path) == ("POST", "/api/v5/flow")
        if call.headers.get("authkey") != "authkey-1":
            raise Refused(401, {"type": "error", "message": "Unauthorized"})
        body = call.json
        wrong = Refused(400, {"type": "error", "message": "wrong field"})
        need(body, "template_id", "recipients", optional=["short_url", "sender"], refused=wrong)
        assert all(re.fullmatch(r"[1-9]\d{6,14}", each["mobiles"]) for each in body["recipients"])
        self.sizes.append(len(body["recipients"]))
        request_id = f"request-{len(self.sizes)}"
        for each in body["recipients"]:
            values = {name: value for name, value in each.items() if name != "mobiles"}
            self.taken.append(Taken(each["mobiles"], values, request_id, ""))
        return {"type": "success", "message": request_id}

    def wanted(self, message: Message) -> Any:
        """Return the values by name."""
        return dict(message.params)

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Version 2 of the webhook."""
        row = {"date": "2026-11-01 08:00:00", "number": taken.number, "status": "1" if delivered else "2"}
        data = [{"requestId": taken.vendor_id, "senderId": "ACMEIN", "report": [row]}]
        return pushed("/receipt", form={"data": json.dumps(data)})
