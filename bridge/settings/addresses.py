"""The form of web addresses in settings."""

from urllib.parse import urlsplit


def web_address(url: str) -> str:
    """Return an address without a slash at its end; raises ValueError for what is none."""
    url = url.rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("a web address starts with https:// and has no query")
    return url
