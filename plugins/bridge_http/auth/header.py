"""A key in a header."""

from collections.abc import Mapping
from typing import Any, Literal

from .base import Auth, RequestDraft, SchemePlace, Signer


class Header(Auth):
    """One header with a literal prefix or an expression."""

    scheme: Literal["header"]
    name: str
    value: str

    def texts(self) -> dict[str, str]:
        """Name the header and its value."""
        return {"name": self.name, "value": self.value}

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with that header."""
        return Signer(_apply)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    draft.headers[texts["name"]] = texts["value"]
