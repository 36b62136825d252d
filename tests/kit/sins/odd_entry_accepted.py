"""An entry of the answer that cannot be read becomes a success."""

from collections.abc import Mapping

from acme_sms import Acme

from bridge.plugin import SubmitResult, Vendor, accepted, hookimpl


class Sin(Acme):
    def _result(self, each: Mapping[str, str]) -> SubmitResult:
        try:
            return super()._result(each)
        except TypeError:
            return accepted("a1")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
