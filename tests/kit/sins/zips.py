"""Fewer results than messages."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        answer = self._call("POST", "/send", self._body(batch))
        try:
            return [self._result(each) for _, each in zip(batch.messages, answer["results"], strict=False)]
        except KeyError:
            raise OutcomeUnknown("Acme's answer is incomplete.") from None


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
