"""The RSA signature of AWS SNS (docs.aws.amazon.com/sns, "verifying the signatures", read 2026-11-28)."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Literal

from bridge.plugin import BridgeError, WebhookRejected, WebhookRequest

from ..faults import RecipeFault
from ..language.decoding import WebhookParts
from ..language.hosts import compile_hosts
from ..language.values import Names
from .base import FETCH, Check, Verify, compile_texts

_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_PATH = re.compile(r"https://[^/]+/[A-Za-z0-9._-]+\.pem")
_MOST_KEYS = 8
_REST_S = 5
"""Seconds without another attempt after a certificate could not be fetched."""


class Sns(Verify):
    """The body is an SNS message with an RSA signature, by a certificate from one of `hosts` only.

    `topic` is the ARN it must come from: anybody may have a topic of his own.
    """

    scheme: Literal["sns"]
    topic: str
    hosts: list[str] = ["sns.*.amazonaws.com", "sns.*.amazonaws.com.cn"]

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a check of topic and signature; certificates are fetched once and kept."""
        texts = compile_texts({"topic": self.topic}, names, key, faults)
        allowed = compile_hosts(self.hosts, f"{key}.hosts", faults)
        keys = _Keys()

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            if not isinstance(document, dict):
                return False
            message = {name: value for name, value in document.items() if isinstance(value, str)}
            url = message.get("SigningCertURL", "")
            if message.get("TopicArn") != texts(given)["topic"]:
                return False
            if not _PATH.fullmatch(url) or not allowed(url):
                return False
            return _holds(message, keys.of(url, given[FETCH], given["now"]))

        return check


class _Keys:
    """The public keys of the certificates that were fetched, by their address."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, tuple[Any, float, float]] = {}
        self._rest_until = 0.0

    def of(self, url: str, fetch: Callable[[str], bytes], now: float) -> Any:
        """Find the key of a certificate that is good now; raises WebhookRejected with 503.

        One thread fetches at a time, and none for a while after a failure: webhooks must not pile up.
        """
        key, begins, ends = self._known.get(url) or self._fetched(url, fetch, now)
        if not begins <= now <= ends:
            self._known.pop(url, None)
            raise _unknown("is not good now")
        return key

    def _fetched(self, url: str, fetch: Callable[[str], bytes], now: float) -> tuple[Any, float, float]:
        if now < self._rest_until or not self._lock.acquire(blocking=False):
            raise _unknown("is being fetched")
        try:
            found = _certificate(url, fetch)
        except WebhookRejected:
            self._rest_until = now + _REST_S
            raise
        finally:
            self._lock.release()
        if len(self._known) >= _MOST_KEYS:
            self._known.clear()
        self._known[url] = found
        return found


def _certificate(url: str, fetch: Callable[[str], bytes]) -> tuple[Any, float, float]:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    try:
        found = load_pem_x509_certificate(fetch(url))
    except (BridgeError, ValueError):
        raise _unknown("could not be fetched") from None
    key = found.public_key()
    if not isinstance(key, RSAPublicKey):
        raise _unknown("holds no RSA key")
    return key, found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()


def _unknown(why: str) -> WebhookRejected:
    """Return nothing is known of the webhook yet: 503 asks the vendor for it again."""
    return WebhookRejected(f"The certificate of the webhook's signature {why}.", status=503)


def _holds(message: Mapping[str, str], key: Any) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    fields = _SIGNED.get(message.get("Type", ""))
    versions = {"1": SHA1, "2": SHA256}
    version = versions.get(message.get("SignatureVersion", ""))
    if fields is None or version is None:
        return False
    text = "".join(f"{name}\n{message[name]}\n" for name in fields if name in message)
    try:
        signature = base64.b64decode(message.get("Signature", ""), validate=True)
        key.verify(signature, text.encode(), PKCS1v15(), version())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
