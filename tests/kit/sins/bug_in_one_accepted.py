"""A bug in the reading of one entry of the answer becomes a success."""

from collections.abc import Mapping

from acme_sms import Acme

from bridge.plugin import BridgeError, SubmitResult, Vendor, accepted, hookimpl


class Sin(Acme):
    def _result(self, each: Mapping[str, str]) -> SubmitResult:
        try:
            return super()._result(each)
        except (BridgeError, KeyError, TypeError):
            raise
        except Exception:
            return accepted("a1")


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
