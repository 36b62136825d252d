"""Which addresses third parties may send us to: never into a private network, whatever way it is written."""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

import requests

from .errors import BridgeError

# What `ipaddress` counts as global in some version of Python, or carries another address inside
# (IANA's special-purpose registries and RFC 3056, 4380, 5214, 6052, 8215, read 2026-11).
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
]
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_ISATAP = (0x00005EFE, 0x02005EFE)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_AUTHORITY_END = re.compile(r"[/?#]")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NUMERIC_LABEL = re.compile(r"(?i)[0-9]+|0x[0-9a-f]*")


class AddressRefused(BridgeError):
    """The URL is not https, its host is not allowed, or it leads into a private network."""

    default_code = "ADDRESS_REFUSED"


def is_public(address: str) -> bool:
    """Return True for an address of the public Internet that carries no other address inside."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif found not in _GLOBAL_UNICAST or (int(found) >> 32) & 0xFFFFFFFF in _ISATAP:
            return False
    special = any(found in network for network in _SPECIAL if network.version == found.version)
    return found.is_global and not special


def check_url(url: str, *, allow_private: bool, hosts: Collection[str] = ()) -> None:
    """Raise AddressRefused unless the URL is https and its host ends with one of `hosts` (empty: any).

    `allow_private` also admits http.
    """
    check_prepared(url, prepared_url(url), allow_private=allow_private, hosts=hosts)


def prepared_url(url: str) -> str:
    """Return the URL as `requests` will call it. Raises AddressRefused when it is none."""
    try:
        return requests.Request("GET", url).prepare().url or ""
    except (requests.RequestException, ValueError):
        raise AddressRefused("The file's address is not a URL.") from None


def check_prepared(url: str, prepared: str, *, allow_private: bool, hosts: Collection[str] = ()) -> None:
    """Check as `check_url` does, with the host as `requests` reads it when it connects."""
    try:
        parts = urlsplit(prepared)
    except ValueError:
        raise AddressRefused("The file's address is not a URL.") from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in (("https", "http") if allow_private else ("https",)) or not host:
        raise AddressRefused("The file's address is not an https URL.")
    if _UNPRINTABLE.search(url):
        raise AddressRefused("The file's address holds a blank, a backslash or a control character.")
    if "@" in parts.netloc or "@" in _AUTHORITY_END.split(url.partition("//")[2], maxsplit=1)[0]:
        raise AddressRefused("The file's address carries a user name.")
    name = host.removesuffix(".")
    if not _is_plain(name):
        raise AddressRefused("The file's host is neither a name nor an address in its usual form.")
    if hosts and not any(_within(name, known) for known in hosts):
        raise AddressRefused("The file's host is not on the list of allowed hosts.")


def _is_plain(host: str) -> bool:
    """Return False for what only some readers take for a host: 127.1, 0x7f000001, a%2fb, ::1%25.a."""
    if "%" in host:
        return False
    if ":" in host or _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True
    return _NAME.fullmatch(host) is not None


def _within(host: str, known: str) -> bool:
    known = known.strip(".").lower()
    return host == known or (host.endswith("." + known) and known != "")
