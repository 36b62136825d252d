"""What Twilio sends by itself: signed status callbacks and inbound messages, from threads of their own."""

import base64
import hashlib
import heapq
import hmac
import http.client
import itertools
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit

from .account import Account, Message

_TIMEOUT_S = 15


def signature(token: str, url: str, form: Mapping[str, str], algorithm: str = "sha1") -> str:
    """Return the value of X-Twilio-Signature, written from the documentation and not with the SDK."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), algorithm).digest()).decode()


def status_form(account: Account, message: Message) -> dict[str, str]:
    """Return the fields of a status callback."""
    form = {
        "AccountSid": account.sid,
        "ApiVersion": "2010-04-01",
        "From": message.from_ or "+14155550199",
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if message.service_sid:
        form["MessagingServiceSid"] = message.service_sid
    if message.error_code:
        form["ErrorCode"] = str(message.error_code)
    if message.status in ("delivered", "undelivered"):
        form["RawDlrDoneDate"] = message.updated.strftime("%y%m%d%H%M")
    return form


@dataclass
class Fates:
    """What becomes of messages nobody ordered otherwise: after `sent`, the final status after `delay_s`."""

    delivered: float = 1.0
    error_code: int = 30005
    delay_s: float = 0.0
    lost_callbacks: float = 0.0
    automatic: bool = True
    seed: int = 2


@dataclass(order=True)
class _Due:
    at: float
    number: int
    sid: str = field(compare=False)
    status: str = field(compare=False)


class Callbacks:
    """Moves messages through their statuses and tells each change to the message's StatusCallback."""

    def __init__(self, account: Account, threads: int = 4) -> None:
        self.fates = Fates()
        self.failures: list[str] = []
        self.proxies: dict[str, str] = {}
        """Public origins, and where the proxy there passes requests on to."""
        self._account = account
        self._random = random.Random(self.fates.seed)
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._condition = threading.Condition()
        self._busy = 0
        self._open = True
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def begin(self, message: Message) -> None:
        """Start a message's life."""
        if not self.fates.automatic:
            return
        final = self._account.rules.get(message.to, {}).get("final")
        if final is None:
            final = "delivered" if self._random.random() < self.fates.delivered else "undelivered"
        self.order(message.sid, "sent", 0)
        self.order(message.sid, final, self.fates.delay_s)

    def order(self, sid: str, status: str, delay_s: float) -> None:
        """Have a message reach a status after a while."""
        with self._condition:
            heapq.heappush(self._due, _Due(time.monotonic() + delay_s, next(self._numbers), sid, status))
            self._condition.notify()

    def quiet(self, timeout_s: float = 10) -> bool:
        """Wait until nothing is due or being sent."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._due and not self._busy, timeout_s)

    def close(self) -> None:
        """Stop the threads."""
        with self._condition:
            self._open = False
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                while self._open and (not self._due or self._due[0].at > time.monotonic()):
                    self._condition.wait(self._due[0].at - time.monotonic() if self._due else None)
                if not self._open:
                    return
                due = heapq.heappop(self._due)
                self._busy += 1
            try:
                self.reach(due.sid, due.status)
            finally:
                with self._condition:
                    self._busy -= 1
                    self._condition.notify_all()

    def reach(self, sid: str, status: str, error_code: int | None = None) -> None:
        """Put a message into a status now and call back about it."""
        with self._account.lock:
            message = self._account.messages[sid]
            message.status = status
            message.updated = self._account.now()
            if status in ("undelivered", "failed"):
                rule = self._account.rules.get(message.to, {}).get("final_code")
                message.error_code = error_code or rule or self.fates.error_code
            form = status_form(self._account, message)
        if message.callback and self._random.random() >= self.fates.lost_callbacks:
            self.post(message.callback, form)

    def post(self, url: str, form: Mapping[str, str], extra: Mapping[str, str] | None = None) -> int | None:
        """Sign and send a webhook, as often as the URL's overrides say; the status of the last answer."""
        target, overrides = urldefrag(url)
        options = parse_qs(overrides)
        attempts = 1 + int(options.get("rc", ["1"])[0])
        every = options.get("rp", ["ct"])[0] == "all"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature(self._account.auth_token, target, form),
            "I-Twilio-Idempotency-Token": hashlib.md5(target.encode()).hexdigest(),
            **(extra or {}),
        }
        for attempt in range(attempts):
            status = _post(self._behind_proxy(target), urlencode(form), headers)
            if status is not None and (status < 400 or not every):
                break
            time.sleep(0.05 * attempt)
        if status is None or status >= 400:
            self.failures.append(f"{urlsplit(target).path}: {status}")
        return status

    def _behind_proxy(self, url: str) -> str:
        for origin, inner in self.proxies.items():
            if url.startswith(origin):
                return inner + url.removeprefix(origin)
        return url


def _post(url: str, body: str, headers: Mapping[str, Any]) -> int | None:
    parts = urlsplit(url)
    https = parts.scheme == "https"
    kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("POST", target, body, dict(headers))
        response = connection.getresponse()
        response.read()
        return response.status
    except OSError:
        return None
    finally:
        connection.close()
