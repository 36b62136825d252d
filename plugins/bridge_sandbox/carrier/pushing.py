"""Pushes receipts, replies and reviews to an account's webhook until each is acknowledged.

What is left to push is read from the record, so a restart continues where the last process stopped; a page
whose acknowledgement was lost is pushed again.
"""

import hmac
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import requests

from .faults import FaultyDay
from .record import CarrierAccount, CarrierStore
from .rules import OPT_OUT

PAGE = 500
ROUND = 4 * PAGE
_TIMEOUT_S = (5.0, 30.0)
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0
_IDLE_S = 1.0
_GATHER_S = 0.02  # reports come call by call; a moment's wait fills a page

Entry = tuple[str, dict[str, Any]]
logger = logging.getLogger(__name__)


def receipt(row: sqlite3.Row) -> dict[str, Any]:
    """Return a delivery receipt as the carrier writes it."""
    return {
        "id": str(row["id"]),
        "ref": row["ref"],
        "batch_ref": row["batch_ref"],
        "to": row["number"],
        "code": row["code"],
        "at": row["due_at"],
    }


def reply(row: sqlite3.Row) -> dict[str, Any]:
    """Return a reply as the carrier writes it."""
    return {
        "id": f"R{row['id']}",
        "ref": row["ref"],
        "batch_ref": row["batch_ref"],
        "from": row["number"],
        "sign": row["sign"],
        "text": row["reply"],
        "opted_out": row["reply"] in OPT_OUT,
        "at": row["due_at"],
    }


def entries(rows: Iterable[sqlite3.Row]) -> list[Entry]:
    """Return every receipt and reply of these messages, each with the name of its list."""
    found: list[Entry] = []
    for row in rows:
        if row["code"]:
            found.append(("receipts", receipt(row)))
        if row["reply"]:
            found.append(("replies", reply(row)))
    return found


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Return HMAC-SHA256 over timestamp, full stop and body, in hex."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()


class WebhookPusher:
    """One thread per account that has a webhook."""

    def __init__(self, record: CarrierStore, day: FaultyDay, clock: Callable[[], float] = time.time) -> None:
        self._record = record
        self._day = day
        self._clock = clock
        self._news = threading.Condition()
        self._generation = 0
        self._threads: dict[str, threading.Thread] = {}
        self._stopped = False
        self._http = requests.Session()
        self._http.trust_env = False

    def start(self, account: CarrierAccount) -> None:
        """See to it that the account's reports are pushed from now on."""
        with self._news:
            if account.profile.webhook and account.name not in self._threads:
                thread = threading.Thread(target=self._run, args=(account.name,), daemon=True)
                self._threads[account.name] = thread
                thread.start()
        self.wake()

    def wake(self) -> None:
        """Look for what has become due."""
        with self._news:
            self._generation += 1
            self._news.notify_all()

    def stop(self) -> None:
        """Stop after the page in flight."""
        self._stopped = True
        self.wake()
        for thread in self._threads.values():
            thread.join(_FIRST_WAIT_S + _LONGEST_WAIT_S)
        self._http.close()

    def wait_until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait until `done`, at most `seconds`. Returns True if it is."""
        with self._news:
            return self._news.wait_for(done, seconds)

    def _run(self, name: str) -> None:
        failures = 0
        while not self._stopped:
            account = self._record.account(name)
            if account is None or not account.profile.webhook:
                del self._threads[name]
                return
            generation = self._generation
            try:
                size = self.push_round(account)
            except (requests.RequestException, ValueError) as error:
                failures += 1
                logger.warning("webhook of %s failed (%s), attempt %d", name, type(error).__name__, failures)
                self._pause(min(_FIRST_WAIT_S * 2 ** (failures - 1), _LONGEST_WAIT_S))
                continue
            failures = 0
            if size < PAGE:
                self._rest(account, generation)

    def _pause(self, seconds: float) -> None:
        with self._news:
            self._news.wait_for(lambda: self._stopped, seconds)

    def _rest(self, account: CarrierAccount, generation: int) -> None:
        due = self._record.next_due(account)
        seconds = _IDLE_S if due is None else max(0.0, min(due - self._clock(), _IDLE_S))
        with self._news:
            self._news.wait_for(lambda: self._stopped or self._generation != generation, seconds)
        self._pause(_GATHER_S)

    def push_round(self, account: CarrierAccount) -> int:
        """Push what is due now, a few pages at most. Returns the number of entries pushed.

        Raises requests.RequestException or ValueError when a page was not acknowledged; everything of the
        round is then still to be pushed.
        """
        now = self._clock()
        calls = self._record.due_calls(account, now, ROUND)
        templates = self._record.unannounced(account, now)
        if not calls and not templates:
            return 0
        items: list[Entry] = [
            ("reviews", {"template": str(row["id"]), "kind": row["kind"], **row["review"]})
            for row in templates
            if row["review"]["status"] != "pending"
        ]
        items += entries(self._record.reports(calls)) if calls else []
        if self._day.strikes("receipts_shuffled"):
            items = self._day.shuffled(items)
        for start in range(0, len(items), PAGE):
            self._push_page(account, items[start : start + PAGE])
        self._record.announced([row["id"] for row in templates])
        self._record.reported(calls)
        with self._news:
            self._news.notify_all()
        return len(items)

    def _push_page(self, account: CarrierAccount, items: Sequence[Entry]) -> None:
        body: dict[str, list[dict[str, Any]]] = {"receipts": [], "replies": [], "reviews": []}
        for kind, entry in items:
            body[kind].append(entry)
        data = json.dumps(body, ensure_ascii=False).encode()
        for _ in range(1 + self._day.strikes("receipts_twice")):
            self._post(account, data)

    def _post(self, account: CarrierAccount, data: bytes) -> None:
        timestamp = str(int(time.time()))
        response = self._http.post(
            account.profile.webhook,
            data=data,
            headers={
                "Content-Type": "application/json",
                "X-Carrier-Timestamp": timestamp,
                "X-Carrier-Signature": signature(account.key, timestamp, data),
            },
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        )
        response.raise_for_status()
        if response.json() != {"received": True}:
            raise ValueError("the webhook did not acknowledge the page")
