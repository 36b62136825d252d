"""Simple Message Queue as the emulator keeps it: messages stay until they are deleted by their handle."""

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACE = "http://mns.aliyuncs.com/doc/v1/"
TOKEN = ("queueAK", "queueSK", "queue-token")


@dataclass
class Queued:
    """One message; `visible_at` moves on with every receive, `handle` is that of the latest."""

    body: str
    visible_at: float = 0.0
    handle: str = ""
    received: int = 0


class Queues:
    """The queues of one account."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, visibility_s: float = 30.0) -> None:
        self.clock = clock
        self.visibility_s = visibility_s
        self.queues: dict[str, list[Queued]] = {}
        self._handles = itertools.count(1)

    def put(self, name: str, item: Mapping[str, object], *, encoded: bool = True) -> None:
        """Queue one report, in base64 unless told otherwise."""
        text = json.dumps(item, ensure_ascii=False)
        body = base64.b64encode(text.encode()).decode() if encoded else text
        self.queues.setdefault(name, []).append(Queued(body))

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Answer one request: status and XML."""
        if not _signed(method, target, headers, body):
            return 403, _error("AccessDenied")
        name = target.split("/")[2]
        if name not in self.queues:
            return 404, _error("QueueNotExist")
        if method == "DELETE":
            return self._delete(name, body)
        return self._receive(name, int(target.partition("numOfMessages=")[2].partition("&")[0]))

    def _receive(self, name: str, most: int) -> tuple[int, bytes]:
        now = self.clock()
        visible = [message for message in self.queues[name] if message.visible_at <= now][:most]
        if not visible:
            return 404, _error("MessageNotExist")
        for message in visible:
            message.visible_at = now + self.visibility_s
            message.handle = f"handle-{next(self._handles)}"
            message.received += 1
        return 200, f'<Messages xmlns="{NAMESPACE}">{"".join(map(_message, visible))}</Messages>'.encode()

    def _delete(self, name: str, body: bytes) -> tuple[int, bytes]:
        handles = {element.text for element in ElementTree.fromstring(body).iter() if element.text}
        known = {message.handle for message in self.queues[name] if message.visible_at > self.clock()}
        gone = handles & known
        self.queues[name] = [message for message in self.queues[name] if message.handle not in gone]
        return (204, b"") if gone else (404, _error("MessageNotExist"))


def _signed(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bool:
    key_id, secret, token = TOKEN
    if (
        body
        and headers.get("content-md5") != base64.b64encode(hashlib.md5(body).hexdigest().encode()).decode()
    ):
        return False
    extra = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-mns-"))
    text = "\n".join(
        (method, headers.get("content-md5", ""), headers.get("content-type", ""), headers.get("date", ""), "")
    )
    mac = hmac.new(secret.encode(), (text + extra + target).encode(), hashlib.sha1).digest()
    expected = f"MNS {key_id}:{base64.b64encode(mac).decode()}"
    return headers.get("authorization") == expected and headers.get("security-token") == token


def _message(message: Queued) -> str:
    digest = hashlib.md5(message.body.encode()).hexdigest().upper()
    fields = {
        "MessageId": digest,
        "MessageBodyMD5": digest,
        "MessageBody": message.body,
        "ReceiptHandle": message.handle,
        "EnqueueTime": "0",
        "FirstDequeueTime": "0",
        "NextVisibleTime": "0",
        "DequeueCount": str(message.received),
        "Priority": "8",
    }
    return f"<Message>{''.join(f'<{key}>{escape(value)}</{key}>' for key, value in fields.items())}</Message>"


def _error(code: str) -> bytes:
    fields = {"Code": code, "Message": code, "RequestId": "Q-1", "HostId": "emulator"}
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    return f'<Error xmlns="{NAMESPACE}">{inside}</Error>'.encode()
