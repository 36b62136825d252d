"""Webhooks that ask for an address to be visited before the vendor sends others (AWS SNS and its like)."""

from collections.abc import Callable
from typing import Any

from bridge.plugin import BridgeError, WebhookRejected

from ..auth.base import FETCH
from ..faults import RecipeFault
from ..language.hosts import compile_hosts
from ..language.paths import as_text, compile_path
from ..language.values import Names
from ..schema import Confirm
from .conditions import compile_tests

_LONGEST = 2048


class Confirmer:
    """Compiles `confirm`."""

    def __init__(self, confirm: Confirm, key: str, faults: list[RecipeFault]) -> None:
        self._when = compile_tests(confirm.when, f"{key}.when", faults)
        self._url = compile_path(confirm.url, f"{key}.url", faults)
        self._allowed = compile_hosts(confirm.hosts, f"{key}.hosts", faults)
        if not confirm.url:
            faults.append(RecipeFault(f"{key}.url", "is missing: the path of the address"))

    def asked(self, document: Any, given: Names) -> Callable[[], None] | None:
        """Return what visits the address the webhook asks for, or None when it asks for none.

        Raises WebhookRejected, with the address for the operator, where the bridge may not visit it.
        """
        if not self._when(document):
            return None
        url = as_text(self._url(document))
        if not url.startswith("https://") or len(url) > _LONGEST or not url.isprintable():
            raise WebhookRejected("The webhook asks to confirm it, without an https address.")
        if not self._allowed(url):
            raise WebhookRejected(
                f"The vendor asks to confirm this webhook: open {url} yourself if you expect it."
            )

        def visit() -> None:
            try:
                given[FETCH](url)
            except BridgeError as problem:
                reason = f"The webhook could not be confirmed: {problem.reason}"
                raise WebhookRejected(reason, status=503) from None

        return visit
