"""A platform that pushes to the simulated Quick Audience, right or wrong on purpose."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import requests

KEY = "qa-secret"
RECEIPTS = "/restapi/marketing2/third/sms/callback/send/details"
REPLIES = "/restapi/marketing2/third/sms/callback/send/reply"


def java_signature(key: str, timestamp: str, nonce: str) -> str:
    """The contract's Java, a second time and for ASCII only: the bridge's own code is not trusted here."""
    text = "".join(sorted([key, timestamp, nonce]))
    return hmac.new(key.encode(), "".join(text.split()).encode(), hashlib.sha256).hexdigest()


def signed(key: str = KEY, timestamp: str = "", nonce: str = "") -> tuple[str, str]:
    """Return a query string and its signature, fresh unless given."""
    timestamp = timestamp or str(int(time.time()))
    nonce = nonce or secrets.token_hex(16)
    return f"timestamp={timestamp}&nonce={nonce}", java_signature(key, timestamp, nonce)


def receipt(phone: str = "15400000001", **changes: Any) -> dict[str, Any]:
    """Return a receipt as the contract shows it: a success unless changed."""
    entry: dict[str, Any] = {
        "outId": "task-1",
        "phoneNum": phone,
        "sendStatus": "2",
        "sendDate": "2026-11-20 10:00:00",
        "receiveDate": "2026-11-20 10:00:03",
        "errCode": "DELIVERED",
        "message": "",
    }
    return entry | changes


def reply(phone: str = "15400000001", **changes: Any) -> dict[str, Any]:
    """Return a reply as the contract shows it."""
    entry = {"outId": "task-1", "phoneNum": phone, "sendTime": "2026-11-20 10:05:00", "content": "好的"}
    return entry | changes


def receipts_body(*entries: Any) -> bytes:
    """Return the body of a receipt push."""
    return json.dumps({"thirdSmsSendDetailModelList": list(entries)}).encode()


def replies_body(*entries: Any) -> bytes:
    """Return the body of a reply push."""
    return json.dumps({"thirdSmsSendReplyModelList": list(entries)}).encode()


def push(
    session: requests.Session,
    base: str,
    body: bytes,
    *,
    path: str = RECEIPTS,
    key: str = KEY,
    proof: tuple[str, str] | None = None,
    timeout: float = 10,
) -> requests.Response:
    """Push a body; `proof` is a query string with its signature, made fresh by default."""
    query, signature = proof or signed(key)
    headers = {"X-QA-Hmac-Signature": signature, "Content-Type": "application/json"}
    return session.post(f"{base}{path}?{query}", data=body, headers=headers, timeout=timeout)
