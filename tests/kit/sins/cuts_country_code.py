"""The first two digits are cut off, whatever country they are of: somebody else gets the message."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Vendor, hookimpl


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        messages = [
            {"to": f"86{message.phone.digits[2:]}", "vars": message.params} for message in batch.messages
        ]
        return {"ref": batch.ref, "template": batch.template.vendor_code, "messages": messages}


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
