"""A token that is fetched and kept."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ..language.values import Names
from .base import Auth, RequestDraft, SchemePlace, Signer

FetchToken = Callable[[Names], tuple[str, float]]
"""Asks the vendor for a token: the token, and the seconds it is good for."""


class Token(Auth):
    """A token fetched with a request of its own and kept until shortly before it expires.

    `token` and `expires` are paths in the answer (expires in seconds); in `value` the token is `token`.
    """

    adds: ClassVar[Sequence[str]] = ("token",)

    scheme: Literal["token"]
    path: str
    form: dict[str, str] | None = None
    json_: dict[str, str] | None = Field(None, alias="json")
    basic: list[str] = []
    token: str = "body.access_token"  # noqa: S105 - a path
    expires: str = "body.expires_in"
    header: str = "Authorization"
    value: str = "Bearer {{ token }}"
    early_s: Annotated[float, Field(ge=0)] = 60

    def texts(self) -> dict[str, str]:
        """Name the header and its value."""
        return {"header": self.header, "value": self.value}

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with a header; the vendor object puts the token among the names."""
        return Signer(_apply)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    draft.headers[texts["header"]] = texts["value"]


class TokenCache:
    """One fetched token, renewed shortly before it expires or when the vendor refuses it."""

    def __init__(self, fetch: FetchToken, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def get(self, names: Names) -> str:
        """Give the token; one is fetched when there is none that is still good."""
        with self._lock:
            if not self._token or self._clock() >= self._until:
                self._token, seconds = self._fetch(names)
                self._until = self._clock() + seconds
            return self._token

    def forget(self) -> None:
        """Fetch a new token next time."""
        with self._lock:
            self._token = ""
