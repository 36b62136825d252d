"""One account that is refused, and no account is called any more."""

from typing import Any, ClassVar

from acme_sms import Acme

from bridge.plugin import CredentialsRejected, Vendor, hookimpl


class Sin(Acme):
    blocked: ClassVar[list[str]] = []

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        if self.blocked:
            raise CredentialsRejected("Acme refuses us.", code=self.blocked[0])
        try:
            return super()._call(method, path, body)
        except CredentialsRejected as error:
            self.blocked.append(error.code)
            raise


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
