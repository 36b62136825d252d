"""An answer without results counts as: all taken."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, OutcomeUnknown, SubmitResult, Vendor, accepted, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        answer = self._call("POST", "/send", self._body(batch))
        if not answer.get("results", [{}]):
            return [accepted(batch.ref) for _ in batch.messages]
        try:
            results = [self._result(each) for each in answer["results"]]
        except (KeyError, TypeError):
            raise OutcomeUnknown("Acme's answer is incomplete.") from None
        if len(results) < len(batch.messages):
            raise OutcomeUnknown("Acme's answer is incomplete.")
        return results


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
