"""46elks, as 46elks.com/docs/send-sms and 46elks.se/docs/sms-delivery-reports tell (read 2026-11-28)."""

import base64
import re
from typing import Any

from bridge.plugin import Message, WebhookRequest

from .frame import HOOK, Call, Emulator, Refused, Taken, need, pushed


class Elks46(Emulator):
    """Basic authentication, one number a call, our reference in the address of the report."""

    recipe = "46elks"
    secrets = {"username": "u123", "password": "p456"}
    blocked = "2025550199"
    blocked_is = "rejected"

    def answer(self, call: Call) -> Any:
        """Take one message."""
        wanted = base64.b64encode(b"u123:p456").decode()
        if call.headers.get("authorization") != f"Basic {wanted}":
            raise Refused(401, "API access requires Basic HTTP authentication")
        if (call.method, call.path) == ("GET", "/a1/sms"):
            return {"data": []}
        assert (call.method, call.path) == ("POST", "/a1/sms")
        form = call.form
        need(form, "from", "to", "message", optional=["whendelivered"], refused=Refused(400, "Missing key"))
        if not re.fullmatch(r"\+[1-9]\d{6,14}", form["to"]) or form["to"].endswith(self.blocked):
            raise Refused(400, "Invalid to number")
        ref = form.get("whendelivered", "").removeprefix(f"{HOOK}/receipt?ref=")
        vendor_id = self.take(form["to"], form["message"], ref)
        self.sizes.append(1)
        return {"id": vendor_id, "status": "created", "parts": 1, "cost": 3500, "to": form["to"]}

    def wanted(self, message: Message) -> Any:
        """Return the text; the signature is the sender."""
        return message.text

    def report(self, taken: Taken, *, delivered: bool) -> WebhookRequest:
        """Return the form at the address of the call."""
        form = {"id": taken.vendor_id, "status": "delivered" if delivered else "failed"}
        return pushed(f"/receipt?ref={taken.ref}", form=form)

    def reply(self, number: str, content: str) -> WebhookRequest:
        """Return a reply to a number of the account."""
        form = {"id": "r1", "from": number, "to": "+46706861004", "message": content, "direction": "incoming"}
        return pushed("/reply", form=form)
