"""Sending a built request: these bytes, this URL, nothing followed, nothing repeated."""

from http.cookiejar import DefaultCookiePolicy
from typing import Protocol

from bridge.plugin.http import Session, translated

from ..answer.errors import VendorAnswer
from .building import Built
from .preparing import Preparer

MAX_ANSWER = 16 << 20
"""Bytes of an answer that are read; a longer one is no answer."""


class Caller(Protocol):
    """Something that carries a request to the vendor and brings the answer."""

    def __call__(self, built: Built) -> VendorAnswer:
        """Call the vendor. Raises VendorUnavailable when nothing reached the vendor, else OutcomeUnknown."""

    def close(self) -> None:
        """Close the connections."""


class HttpCaller:
    """Calls over one pooled session of `bridge.plugin.http`.

    `client` are the files of the certificate and the key that prove to the vendor who calls.
    """

    def __init__(
        self,
        *,
        timeout: tuple[float, float],
        allow_private: bool,
        proxy: str = "",
        ca_file: str = "",
        client: tuple[str, str] | None = None,
    ) -> None:
        self._session = Session(threads=32, timeout=timeout, allow_private=allow_private)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if proxy:
            self._session.proxies = {"https": proxy, "http": proxy}
        self._session.verify = self._verify = ca_file or True
        self._session.cert = client
        self._prepared = Preparer(self._session)

    def __call__(self, built: Built) -> VendorAnswer:
        """Send exactly these bytes and read the whole answer."""
        with translated():
            answer = self._session.ask(self._prepared(built), most=MAX_ANSWER)
        return VendorAnswer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.content
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()
