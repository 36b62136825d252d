"""Pushes SmsReport and SmsUp as the console's receipt address would get them."""

import itertools
import json
import random
import threading
import time
from collections import deque
from dataclasses import dataclass

import requests

from .account import Account, Message, stamp

RETRIES_S = (60.0, 300.0, 600.0)
_MOST_PER_PUSH = 500


@dataclass
class PushSettings:
    """Where and when to push. Rates are shares between 0 and 1; `hurry` divides the vendor's retry waits."""

    url: str = ""
    delay_s: float = 0.2
    failure_rate: float = 0.0
    reply_rate: float = 0.0
    duplicate_rate: float = 0.0
    hurry: float = 1.0


@dataclass
class _Push:
    items: list[dict[str, object]]
    due_at: float
    attempts: int = 0


class Pusher(threading.Thread):
    """Ends accepted messages after a delay and pushes their receipts until they are acknowledged."""

    def __init__(self, account: Account, settings: PushSettings, seed: int = 1) -> None:
        super().__init__(daemon=True, name="pusher")
        self.settings = settings
        self.pushed = self.acknowledged = self.abandoned = 0
        self._account = account
        self._random = random.Random(seed)
        self._seen = 0
        self._waiting: deque[tuple[float, Message]] = deque()
        self._pushes: list[_Push] = []
        self._sequence = itertools.count(1)
        self._stopping = threading.Event()
        self._session = requests.Session()
        self._session.trust_env = False

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopping.set()
        self.join()
        self._session.close()

    def waiting(self) -> int:
        """Return how many messages or reports still have to be pushed."""
        fresh = len(self._account.messages) - self._seen
        return fresh + len(self._waiting) + sum(len(push.items) for push in self._pushes)

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping.wait(0.02):
            if self.settings.url:
                self.step(time.monotonic())

    def step(self, now: float) -> None:
        """Fetch new messages, end those that are due, and push what waits for its turn."""
        messages = self._account.messages
        fresh = messages[self._seen :]
        self._seen += len(fresh)
        self._waiting.extend((now + self.settings.delay_s, message) for message in fresh)
        items: list[dict[str, object]] = []
        while self._waiting and self._waiting[0][0] <= now:
            items += self._ended(self._waiting.popleft()[1])
        for start in range(0, len(items), _MOST_PER_PUSH):
            self._pushes.append(_Push(items[start : start + _MOST_PER_PUSH], now))
        due = [push for push in self._pushes if push.due_at <= now]
        for push in due:
            self._deliver(push, now)

    def _ended(self, message: Message) -> list[dict[str, object]]:
        failed = self._random.random() < self.settings.failure_rate
        report = self._account.settle(message, "MOBILE_NOT_ON_SERVICE" if failed else "DELIVERED")
        items = [report]
        if self._random.random() < self.settings.duplicate_rate:
            items.append(report)
        if self._random.random() < self.settings.reply_rate:
            items.append(reply(message.phone, "收到", stamp(message.sent_at), next(self._sequence)))
        return items

    def _deliver(self, push: _Push, now: float) -> None:
        self.pushed += 1
        if self._acknowledged(push):
            self.acknowledged += 1
            self._pushes.remove(push)
        elif push.attempts >= len(RETRIES_S):
            self.abandoned += 1
            self._pushes.remove(push)
        else:
            push.due_at = now + RETRIES_S[push.attempts] / self.settings.hurry
            push.attempts += 1

    def _acknowledged(self, push: _Push) -> bool:
        body = json.dumps(push.items, ensure_ascii=False).encode()
        try:
            answer = self._session.post(
                self.settings.url, data=body, headers={"Content-Type": "application/json"}, timeout=5
            )
            return answer.status_code == 200 and isinstance(answer.json()["code"], int)
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return False


def reply(phone: str, content: str, at: str, sequence: int) -> dict[str, object]:
    """Return one SmsUp item."""
    return {
        "phone_number": phone,
        "send_time": at,
        "content": content,
        "dest_code": "8888",
        "sequence_id": str(sequence),
    }
