"""A urllib client whose own bug becomes a success."""

from collections.abc import Sequence

from acme_plain import PlainAcme

from bridge.plugin import Batch, BridgeError, Channel, SubmitResult, Vendor, accepted, hookimpl


class Sin(PlainAcme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        try:
            return super().send_batch(channel, batch)
        except BridgeError:
            raise
        except Exception:
            return [accepted("a1"), accepted("a2")][: len(batch.messages)]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
