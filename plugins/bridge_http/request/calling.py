"""Sending a built request: these bytes, this URL, nothing followed, nothing repeated."""

import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Protocol

import requests

from bridge.plugin import OutcomeUnknown
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = Session(threads=32, timeout=timeout, allow_private=allow_private)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if proxy:
            self._session.proxies = {"https": proxy, "http": proxy}
        self._verify: bool | str = ca_file or True
        self._session.cert = client
        # The environment has no say in it, so that what is merged is the same for every request.
        self._settings = self._session.merge_environment_settings("", {}, True, self._verify, client)
        self._prepared = Preparer(self._session)
        self._timeout = timeout
        self._clock = clock

    def __call__(self, built: Built) -> VendorAnswer:
        """Send exactly these bytes and read the whole answer."""
        with (
            translated(),
            self._session.send(
                self._prepared(built), timeout=self._timeout, allow_redirects=False, **self._settings
            ) as response,
        ):
            content = self._content(response)
        return VendorAnswer(
            response.status_code, {k.lower(): v for k, v in response.headers.items()}, content
        )

    def _content(self, response: requests.Response) -> bytes:
        deadline = self._clock() + 2 * self._timeout[1]
        content = bytearray()
        for piece in response.iter_content(65536):
            content += piece
            if len(content) > MAX_ANSWER or self._clock() > deadline:
                raise OutcomeUnknown("The vendor's answer does not end.", code="ENDLESS_ANSWER")
        return bytes(content)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()
