"""HTTP Basic (RFC 7617)."""

import base64
from collections.abc import Mapping
from typing import Any, Literal

from .base import Auth, RequestDraft, SchemePlace, Signer


class Basic(Auth):
    """HTTP Basic: user and password as base64 of UTF-8."""

    scheme: Literal["basic"]
    user: str
    password: str

    def texts(self) -> dict[str, str]:
        """Name user and password."""
        return {"user": self.user, "password": self.password}

    def signer(self, place: SchemePlace) -> Signer:
        """Sign with one header."""
        return Signer(_apply)


def _apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
    pair = base64.b64encode(f"{texts['user']}:{texts['password']}".encode()).decode()
    draft.headers["Authorization"] = f"Basic {pair}"
