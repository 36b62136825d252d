"""The answer to a look-up is believed, whatever its status; a send's is not."""

from collections.abc import Sequence

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, accepted, hookimpl, unknown
from bridge.plugin.http import raise_for_status, translated


class Sin(Acme):
    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with translated():
            response = self._http.request("GET", f"{self._base}/sent?ref={batch.ref}")
            if response.status_code != 502:
                return self._found(response.json(), batch)
            raise_for_status(response)
        raise AssertionError

    def _found(self, answer: dict[str, dict[str, str]], batch: Batch) -> Sequence[SubmitResult]:
        found, absent = answer["found"], unknown("Acme does not show the message.")
        digits = [each.phone.digits for each in batch.messages]
        return [accepted(found[each]) if each in found else absent for each in digits]
