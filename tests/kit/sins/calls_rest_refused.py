"""Messages the answer leaves out are called refused."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, Vendor, hookimpl, rejected


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        answer = self._call("POST", "/send", self._body(batch))
        try:
            results = [self._result(each) for each in answer["results"]]
        except (KeyError, TypeError):
            raise OutcomeUnknown("Acme's answer is incomplete.") from None
        return results + [rejected("X", "Not told.")] * (len(batch.messages) - len(results))


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
