"""Finds secrets and full phone numbers in texts that people and logs will see."""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote_plus

from pydantic import BaseModel, SecretStr

from bridge.plugin import Phone

# A digit, then at least six more with the separators people write between them.
_GROUPED = re.compile(r"\d(?:[\s().-]{0,2}\d){6,}")
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HIDING_HEADERS = re.compile(r"auth|signature|token|key|cookie|secret|wsse", re.IGNORECASE)


class Leaks:
    """What must not be seen: `secrets` of the channel's settings, and the numbers written to."""

    def __init__(self, secrets: Iterable[str], phones: Iterable[Phone]) -> None:
        self._secrets = sorted({secret for secret in secrets if len(secret) > 3}, key=len, reverse=True)
        self._numbers = sorted({phone.national for phone in phones})

    def find(self, text: str) -> list[str]:
        """What the text gives away; the finding itself quotes nothing."""
        plain = f"{text}\n{unquote_plus(text)}"
        found = []
        if any(
            secret in plain or secret in decoded for decoded in _decoded(text) for secret in self._secrets
        ):
            found.append("a secret of the settings")
        runs = [re.sub(r"\D", "", run) for run in _GROUPED.findall(plain)]
        if any(number in run for number in self._numbers for run in runs):
            found.append("a full phone number")
        return found

    def redact(self, text: str) -> str:
        """The text with every secret as `<secret>` and every number as `<number>`."""
        for secret in self._secrets:
            for form in {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}:
                text = text.replace(form, "<secret>")
        for number in self._numbers:
            text = re.sub(rf"(?:\+|%2B|00)?(?:86)?{number}", "<number>", text)
        return text

    def header(self, name: str, value: str) -> str:
        """A header's value for a record: hidden whole where it carries credentials."""
        return "<hidden>" if _HIDING_HEADERS.search(name) else self.redact(value)


def _decoded(text: str) -> Iterable[str]:
    yield text
    for token in _TOKEN.findall(text):
        try:
            yield base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_").decode("utf-8", "ignore")
            yield bytes.fromhex(token).decode("utf-8", "ignore")
        except (binascii.Error, ValueError):
            continue


def secrets_of(settings: BaseModel) -> list[str]:
    """The values of every SecretStr in a settings model, however deep."""
    return [value.get_secret_value() for value in _walk(settings) if isinstance(value, SecretStr)]


def _walk(value: object) -> Iterable[object]:
    yield value
    if isinstance(value, BaseModel):
        children: Iterable[object] = [getattr(value, name) for name in type(value).model_fields]
    elif isinstance(value, dict):
        children = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        children = value
    else:
        return
    for child in children:
        yield from _walk(child)
