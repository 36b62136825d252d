"""Requests made ready for the wire, with what is the same for all of a vendor made once."""

import requests
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from requests.utils import check_header_validity

from bridge.plugin.http import Session

from .building import Built

USER_AGENT = "qa-sms-bridge"
_SCHEME = len("https://")
_MOST = 64
"""Addresses that are remembered; a vendor has one, or a few where webhooks name some."""


class Preparer:
    """Does for a finished request what `Session.prepare_request` does, a tenth as dear.

    `requests` looks at the address, merges the headers of session and request, and asks the cookies anew for
    each. Here that is done once for an address; each request brings its method, URL, headers and body.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, CaseInsensitiveDict[str]] = {}

    def __call__(self, built: Built) -> requests.PreparedRequest:
        """Return the request of exactly these bytes. Raises what `requests` does for a wrong one."""
        common = self._common(built.url)
        headers = common.copy()
        for header in built.headers.items():
            check_header_validity(header)
        headers.update(built.headers)
        if "Authorization" in common:  # of a user named in the address, as `requests` would have it
            headers["Authorization"] = common["Authorization"]
        if built.body or built.method not in ("GET", "HEAD"):
            headers["Content-Length"] = str(len(built.body))
        ready = requests.PreparedRequest()
        ready.method, ready.url, ready.body = built.method, built.url, built.body or None
        ready.headers, ready.hooks = headers, default_hooks()
        return ready

    def _common(self, url: str) -> CaseInsensitiveDict[str]:
        """Return the headers of every request to the URL's address, which is looked at the first time."""
        end = url.find("/", _SCHEME)
        address = url if end < 0 else url[:end]
        found = self._known.get(address)
        if found is None:
            first = requests.Request("GET", address, headers={"User-Agent": USER_AGENT, "Accept": "*/*"})
            found = self._session.prepare_request(first).headers
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[address] = found
        return found
