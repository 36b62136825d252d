"""Whoever the answer does not name was refused, it is said."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl, rejected


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        answer = self._call("POST", "/send", self._body(batch))
        results = [self._result(each) for each in answer["results"]]
        rest = len(batch.messages) - len(results)
        return [*results, *[rejected("NONE", "Acme said nothing of the message.")] * rest]
