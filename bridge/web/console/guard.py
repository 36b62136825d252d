"""What every request to the console must pass, and what every answer carries."""

import hmac
from urllib.parse import urlsplit

from flask import Request, Response

from .session import Sitting

TOKEN = "token"  # noqa: S105 - the field's name
SAFE = frozenset({"GET", "HEAD"})
_OWN = frozenset({"same-origin", "none"})

HEADERS = {
    # No inline script or style, nothing from another host, shown in no frame.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_own(request: Request, sitting: Sitting, host: str) -> bool:
    """Return True for a request that a page of this console made in this session.

    Every browser since 2023 says where a request comes from; one that does not say is not believed. `host`:
    the console's own as settings tell it, where a proxy does not hand on the port of the address.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in _OWN:
        return False
    if origin is not None and urlsplit(origin).netloc not in (request.host, host):
        return False
    if site is None and origin is None:
        return False
    return hmac.compare_digest(request.form.get(TOKEN, "").encode(), sitting.token.encode())


def protect(response: Response, *, keep: bool = False) -> Response:
    """Return an answer with its headers; only files are kept by browsers and proxies."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Vary", "Cookie, Accept-Language")
    if not keep:
        response.headers["Cache-Control"] = "no-store"
    return response
