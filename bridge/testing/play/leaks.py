"""Finds secrets, phone numbers, values and texts in what people and logs will see."""

import base64
import binascii
import hashlib
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from urllib.parse import quote, unquote_plus

from pydantic import BaseModel, SecretBytes, SecretStr

from bridge.plugin import Batch, Message, Phone

# A digit, then at least five more with what people and programs write between them: "1, 3, 8", "['1', '3']".
_GROUPED = re.compile(r"[0-9](?:[\W_]{0,4}[0-9]){5,}")
# Both ends of a number with a mask between them.
_STARRED = re.compile(r"([0-9]{2,})[*xX#•…._-]+([0-9]{2,})")
_MOST_OF_BOTH_ENDS = 7
# Where an object lies in memory: digits of nobody.
_ADDRESS = re.compile(r"\b0x[0-9a-f]+")
_HEXADECIMAL = re.compile(r"[0-9a-f]{8,}")
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HIDING_HEADERS = re.compile(r"auth|signature|token|key|cookie|secret|wsse", re.IGNORECASE)
_MASKED_DIGITS = 6
"""A mask leaves fewer digits of a number together than this."""
_SHORTEST_VALUE = 4
_DIGESTS = (*("md5", "sha1", "sha224", "sha256", "sha384", "sha512"), "blake2b", "blake2s", "sha3_256")
_SECRETS = (SecretStr, SecretBytes)
_SHORTEST_PART = 8
"""Letters of a secret, or of a digest in base64, that give it away."""


class Leaks:
    """What must not be seen: secrets of the channel's settings, numbers, and what the messages say."""

    def __init__(
        self,
        secrets: Iterable[str],
        phones: Iterable[Phone],
        messages: Iterable[Message] = (),
        own: str = "",
        replies: Iterable[str] = (),
    ) -> None:
        self._secrets = sorted({secret for secret in secrets if len(secret) > 3}, key=len, reverse=True)
        self._phones = sorted({phone.digits for phone in phones})
        self._numbers = sorted({phone.national for phone in phones})
        self._parts = {
            digits[start : start + _MASKED_DIGITS]
            for digits in self._phones
            for start in range(len(digits) - _MASKED_DIGITS + 1)
        }
        # Digits that stand in the settings too, a sender's number for example, give nobody away.
        self._parts = {part for part in self._parts if not any(part in run for run in _runs(own))}
        told = list(messages)
        values = {value for message in told for value in message.params.values()}
        self._values = [re.escape(value) for value in sorted(values) if len(value) >= _SHORTEST_VALUE]
        texts = {*(message.text for message in told), *replies}
        self._texts = sorted(text for text in texts if len(text) >= _SHORTEST_VALUE)

    def find(self, text: str) -> list[str]:
        """Look for everything in a text. Returns what it gives away, quoting nothing."""
        return [*self.find_secrets(text, parts=True), *self._numbers_in(text), *self._said(text)]

    def find_secrets(self, text: str, *, parts: bool = False) -> list[str]:
        """Look for secrets in a text, plain or encoded; with `parts` for more than half of one, too."""
        forms = [text, unquote_plus(text), *_decoded(text)]
        if any(secret in form for form in forms for secret in self._secrets):
            return ["a secret of the settings"]
        if parts and any(part in form for form in (text, text[::-1]) for part in self._halves):
            return ["a part of a secret of the settings"]
        return []

    @cached_property
    def _halves(self) -> list[str]:
        """Every piece of a secret that is more than half of it."""
        found = []
        for secret in self._secrets:
            length = max(_SHORTEST_PART, len(secret) // 2 + 1)
            found += [secret[start : start + length] for start in range(len(secret) - length + 1)]
        return found

    def find_numbers(self, text: str) -> list[str]:
        """Look for secrets and for numbers in a text."""
        return [*self.find_secrets(text), *self._numbers_in(text)]

    def _numbers_in(self, text: str) -> list[str]:
        plain = _ADDRESS.sub("", _ascii_digits(text))
        forms = [plain, unquote_plus(plain), *map(_ascii_digits, _decoded(text))]
        runs = [run for form in forms for run in _runs(form)]
        if any(number in each for number in self._numbers for run in runs for each in (run, run[::-1])):
            return ["a full phone number"]
        if any(part in each for part in self._parts for run in runs for each in (run, run[::-1])):
            return [
                f"{_MASKED_DIGITS} or more digits of a phone number: print the Phone itself, which is masked"
            ]
        if any(self._both_ends(*ends) for form in forms for ends in _STARRED.findall(form)):
            return [f"more than {_MOST_OF_BOTH_ENDS} digits of a phone number around a mask"]
        if self._digest_in(text):
            return ["the digest of a phone number, which anybody can try out"]
        return []

    def _both_ends(self, first: str, last: str) -> bool:
        known = [*self._phones, *self._numbers]
        return len(first + last) > _MOST_OF_BOTH_ENDS and any(
            number.startswith(first) and number.endswith(last) for number in known
        )

    def _digest_in(self, text: str) -> bool:
        # Cut short it is still one: eight letters are enough to find the number again.
        told = set(_HEXADECIMAL.findall(text.lower()))
        return any(
            any(each in digest for each in told) or any(each in text for each in beginnings)
            for digest, beginnings in self._digests
        )

    @cached_property
    def _digests(self) -> list[tuple[str, tuple[str, ...]]]:
        """Every digest of the numbers in hexadecimal, and how it begins in either base64."""
        found: list[tuple[str, tuple[str, ...]]] = []
        for digest in self._digested():
            encoded = base64.b64encode(digest).decode()[: _SHORTEST_PART * 2]
            found.append((digest.hex(), (encoded, encoded.replace("+", "-").replace("/", "_"))))
        return found

    def _digested(self) -> Iterable[bytes]:
        for digits in self._phones:
            for form in (digits, f"+{digits}", *(each for each in self._numbers if digits.endswith(each))):
                yield from (hashlib.new(name, form.encode()).digest() for name in _DIGESTS)
                yield zlib.crc32(form.encode()).to_bytes(4, "big")

    def _said(self, text: str) -> list[str]:
        if any(each in text for each in self._texts):
            return ["the text of a message"]
        if any(re.search(rf"(?<!\w){value}(?!\w)", text) for value in self._values):
            return ["a value of a message"]
        return []

    def redact(self, text: str) -> str:
        """Return the text with every secret as `<secret>` and every number as `<number>`."""
        for secret in self._secrets:
            for form in {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}:
                text = text.replace(form, "<secret>")
        for number in self._numbers:
            text = re.sub(rf"(?:\+|%2B|00)?(?:86)?{number}", "<number>", text)
        return text

    def header(self, name: str, value: str) -> str:
        """Return a header's value to be kept: hidden whole where it carries credentials."""
        return "<hidden>" if _HIDING_HEADERS.search(name) else self.redact(value)


def _runs(text: str) -> list[str]:
    return [re.sub(r"[^0-9]", "", run) for run in _GROUPED.findall(text)]


def _ascii_digits(text: str) -> str:
    """Return the text with full-width, Arabic and other digits as 0 to 9."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(each)) if unicodedata.decimal(each, None) is not None else each
        for each in text
    )


def _decoded(text: str) -> Iterable[str]:
    for token in _TOKEN.findall(text):
        with suppress(binascii.Error, ValueError):
            yield base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_").decode("utf-8", "ignore")
        with suppress(ValueError):
            yield bytes.fromhex(token).decode("utf-8", "ignore")


def messages_of(row: object) -> list[Message]:
    """Return the messages a row is about."""
    batch = getattr(row, "batch", None)
    return list(batch.messages) if isinstance(batch, Batch) else []


def replies_in(row: object) -> list[str]:
    """Return the texts of the replies that a row brings."""
    brought = [*getattr(row, "replies", ()), *getattr(getattr(row, "expect", None), "replies", ())]
    return [reply.content for reply in brought]


def secrets_of(settings: BaseModel) -> list[str]:
    """Return the values of every SecretStr and SecretBytes in a settings model, however deep."""
    found = [value.get_secret_value() for value in _walk(settings) if isinstance(value, _SECRETS)]
    return [each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in found]


def _walk(value: object) -> Iterable[object]:
    yield value
    if isinstance(value, BaseModel):
        children: Iterable[object] = [getattr(value, name) for name in type(value).model_fields]
    elif isinstance(value, Mapping):
        children = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        children = value
    else:
        return
    for child in children:
        yield from _walk(child)
