"""Hosts that a recipe lets the bridge call on a webhook's word."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from bridge.plugin.addresses import AddressRefused, check_prepared, prepared_url

from ..faults import RecipeFault

_PATTERN = re.compile(r"(?:[a-z0-9*-]+\.)*[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def compile_hosts(hosts: Sequence[str], key: str, faults: list[RecipeFault]) -> Callable[[str], bool]:
    """Compile names such as `sns.*.amazonaws.com`, where a star stands for one part of the name.

    Returns what tells if an https address lies at one of them, at the usual port.
    """
    patterns = []
    for index, host in enumerate(hosts):
        if not _PATTERN.fullmatch(host):
            reason = "is no host such as sns.*.amazonaws.com: small letters, no star in its last two parts"
            faults.append(RecipeFault(f"{key}[{index}]", reason))
        elif any("*" in part and part != "*" for part in host.split(".")):
            faults.append(
                RecipeFault(f"{key}[{index}]", "has a star beside letters: it stands for one whole part")
            )
        else:
            patterns.append(re.compile(re.escape(host).replace(r"\*", "[a-z0-9-]+")))

    def allowed(url: str) -> bool:
        try:
            prepared = prepared_url(url)
            check_prepared(url, prepared, allow_private=False)
        except AddressRefused:
            return False
        parts = urlsplit(prepared)
        host = parts.hostname or ""
        return parts.port in (None, 443) and any(pattern.fullmatch(host) for pattern in patterns)

    return allowed
