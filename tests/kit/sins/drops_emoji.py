"""Letters outside of GBK are dropped without a word."""

from typing import Any

from acme_sms import Acme

from bridge.plugin import Batch, Vendor, hookimpl


class Sin(Acme):
    def _body(self, batch: Batch) -> dict[str, Any]:
        body = super()._body(batch)
        for message in body["messages"]:
            message["vars"] = {
                name: value.encode("gbk", "ignore").decode("gbk") for name, value in message["vars"].items()
            }
        return body


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
