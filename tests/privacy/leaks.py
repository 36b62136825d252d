"""Finds phone numbers in any spelling, and secrets in any dress, in what was printed."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

_BETWEEN = r"[\s().\-]{0,2}"
_AROUND = 40


def leaks(texts: Mapping[str, str], numbers: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """Where each number (national digits) and secret stands, with what surrounds it; [] when nowhere."""
    numbers, secrets = sorted(set(numbers)), sorted(set(secrets))
    spelt = [re.compile(_BETWEEN.join(number)) for number in numbers]
    dressed = [re.compile("|".join(map(re.escape, _dresses(secret)))) for secret in secrets]
    return [
        f"{name}: {text[max(0, found.start() - _AROUND) : found.end() + _AROUND]!r}"
        for name, text in texts.items()
        for pattern in (*spelt, *dressed)
        for found in pattern.finditer(text)
    ]


def _dresses(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), raw.hex())
    for before in ("", "x", "xx"):  # base64 shows a secret at one of three offsets
        whole = base64.b64encode(before.encode() + raw).decode().rstrip("=")
        yield whole[4 if before else 0 : -4]
