"""What the bridge tells Quick Audience of its own accord: delivery receipts and replies.

Both calls are POST requests with JSON, signed like Quick Audience's own, with a marked nonce
(`bridge.contract.signing.fresh_callback`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from bridge.plugin import MessageStatus
from bridge.plugin.masking import mask_sentence

from . import dates, replies
from .wording import Language, say

CallbackKind = Literal["receipts", "replies"]

presets = {
    "zhangbei": "https://quicka.aliyun.com",
    "shanghai": "https://quicka-shanghai.aliyun.com",
}
"""Quick Audience's own environments, by the names a channel's `callback_url` may use."""

_PATHS = {
    "receipts": "/restapi/marketing2/third/sms/callback/send/details",
    "replies": "/restapi/marketing2/third/sms/callback/send/reply",
}
_LISTS = {"receipts": "thirdSmsSendDetailModelList", "replies": "thirdSmsSendReplyModelList"}
_REFUSED = frozenset({"400", "413", "422"})


def path(kind: CallbackKind) -> str:
    """Return the path behind the environment prefix."""
    return _PATHS[kind]


def list_name(kind: CallbackKind) -> str:
    """Return the name of the only field of the body."""
    return _LISTS[kind]


def url(callback_url: str, kind: CallbackKind) -> str:
    """Return the whole address; `callback_url` is a preset's name or a prefix."""
    return presets.get(callback_url, callback_url).rstrip("/") + _PATHS[kind]


class EndedMessage(NamedTuple):
    """A message at its end, as its receipt tells of it; `phone` is the number as Quick Audience wrote it.

    One that never left (`sent_at` None) bears the time of its failure twice. `reason` is what the marketer
    reads; an empty one is made from the code.
    """

    out_id: str
    phone: str
    status: MessageStatus
    sent_at: datetime | None
    received_at: datetime
    code: str
    reason: str


class Spelling(NamedTuple):
    """How a channel spells its receipts; `language` is that of reasons that are the bridge's own."""

    send_status: Literal["string", "integer"] = "string"
    language: Language = "en"


AS_DOCUMENTED = Spelling()


def receipt_entry(message: EndedMessage, spelling: Spelling = AS_DOCUMENTED) -> dict[str, Any]:
    """Write one delivery receipt. Raises ValueError for a message that is not at its end."""
    number, err_code = replies.delivery(message.status, message.code)
    reason = message.reason
    if message.status is MessageStatus.DELIVERED:
        reason = ""  # some vendors send words of a failure that was overcome
    elif not reason:
        reason = f"The message was not delivered ({err_code})."
    return {
        "outId": message.out_id,
        "phoneNum": message.phone,
        "sendStatus": str(number) if spelling.send_status == "string" else number,
        "sendDate": dates.emit(message.sent_at or message.received_at),
        "receiveDate": dates.emit(message.received_at),
        "errCode": err_code,
        "message": say(reason, spelling.language),
    }


def reply_entry(out_id: str, phone: str, at: datetime, content: str) -> dict[str, Any]:
    """Write one reply of a recipient."""
    return {"outId": out_id, "phoneNum": phone, "sendTime": dates.emit(at), "content": content}


def body(kind: CallbackKind, entries: Sequence[dict[str, Any]]) -> bytes:
    """Write the body of a call; all entries of a receipts call must have the same outId."""
    return replies.encode({_LISTS[kind]: list(entries)})


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What Quick Audience made of a call: taken, refused for its signature, or failed.

    `detail` is a short text for logs and the operator. `refused`: it failed for what it holds, not by chance.
    """

    outcome: Literal["ok", "auth", "failed"]
    detail: str
    refused: bool = False


def read_answer(status: int, raw: bytes) -> CallbackAnswer:
    """Judge an answer by its HTTP status first, then by the `code` in its body.

    A 2xx without a body is success; with an unreadable body (a login page, say) it is not.
    """
    if status in (401, 403):
        return CallbackAnswer("auth", f"HTTP {status}")
    if not 200 <= status < 300:
        return CallbackAnswer("failed", f"HTTP {status}", refused=str(status) in _REFUSED)
    if not raw.strip():
        return CallbackAnswer("ok", f"HTTP {status}")
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        return CallbackAnswer("failed", f"HTTP {status}, the answer is not JSON")
    return _judge(answer)


def _judge(answer: Any) -> CallbackAnswer:
    if not isinstance(answer, dict) or answer.get("code") is None:
        return CallbackAnswer("failed", "the answer has no code")
    code = str(answer["code"]).strip().upper()
    if code in ("200", "OK"):
        return CallbackAnswer("ok", f"code {code}")
    detail = mask_sentence(f"code {code}: {answer.get('message') or ''}")[:200]
    return CallbackAnswer("auth" if code in ("401", "403") else "failed", detail, refused=code in _REFUSED)
