"""The form of web addresses in settings."""

import ipaddress
from urllib.parse import urlsplit

_INSIDE = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Ends of names that no public name server knows."""


def web_address(url: str) -> str:
    """Return an address without a slash at its end; raises ValueError for what is none."""
    url = url.rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("a web address starts with https:// and has no query")
    return url


def is_open(url: str) -> bool:
    """Return whether an address leads over the Internet by plain http, for everybody on the way to read.

    On this machine, and inside a closed network, http may be right.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "http" or not host:
        return False
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "." in host and not host.endswith(_INSIDE)
    return found.is_global
