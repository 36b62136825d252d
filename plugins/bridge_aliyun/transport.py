"""The SDK's exchanges under our rules: they end, their answers are bounded, nothing is redirected."""

import threading
from typing import Any, NamedTuple

import requests

from bridge.plugin.http import Session, retry_after

MOST_BYTES = 65_536
"""Of an answer: a page of 25 records with the longest texts has 45 kB."""


class Answered(NamedTuple):
    """The head of an answer: what stays known when its body is no JSON; status 0 before any answer."""

    status: int = 0
    retry_after: float | None = None


class SdkSession(Session):
    """Takes the place of the SDK's own session. Knows for each thread what was last answered."""

    def __init__(self, connections: int) -> None:
        super().__init__(threads=connections, max_answer=MOST_BYTES)
        self._answers = threading.local()

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send as the session does, without a proxy; the answer's head is noted before its body is read."""
        # The SDK hands over the environment's proxies for every address; a channel asked for none.
        kwargs["proxies"] = {}
        request.register_hook("response", self._note)  # type: ignore[no-untyped-call]
        return super().send(request, **kwargs)

    @property
    def last(self) -> Answered:
        """Return the head of the last answer to this thread."""
        return getattr(self._answers, "last", Answered())

    def forget(self) -> None:
        """Begin an exchange of this thread: nothing is answered yet."""
        self._answers.last = Answered()

    def _note(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        self._answers.last = Answered(response.status_code, retry_after(response.headers.get("Retry-After")))
