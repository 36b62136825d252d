"""Secrets in printed requests are replaced by their names, in every form they may take."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

_BASIC = re.compile(r"(Basic )([A-Za-z0-9+/]+={0,2})")


def masked(text: str, secrets: Mapping[str, str]) -> str:
    """Return the text with each secret shown as `<secret.NAME>`, and Basic credentials as `<basic>`."""
    text = _BASIC.sub(r"\1<basic>", text)
    forms = {form: name for name, value in secrets.items() if value for form in _forms(value)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, f"<secret.{forms[form]}>")
    return text


def _forms(value: str) -> Iterator[str]:
    raw = value.encode()
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield quote(quote(value, safe=""), safe="")
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield base64.b64encode(raw).decode()
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    digest = hashlib.md5(raw).hexdigest()  # noqa: S324 - vendors send it
    yield digest
    yield digest.upper()
