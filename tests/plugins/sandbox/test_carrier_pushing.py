"""How the sandbox carrier pushes its reports, and how it and its connections fail when told to."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.plugin.http import Session
from bridge_sandbox.carrier.faults import AFTER, FaultRates, FaultyDay
from bridge_sandbox.carrier.pushing import WebhookPusher, signature
from bridge_sandbox.carrier.record import Call, CarrierAccount, CarrierStore, Posting
from bridge_sandbox.carrier.rules import Fate, Profile

from .carrying import AUTH, KEY, CarrierProcess, Clock, Webhook, serving

TEXT = {"kind": "text", "type": "promotion", "name": "sale", "sign": "Acme", "content": "Hi ${name}"}


class Desk:
    """A record and a pusher whose rounds the test calls itself."""

    def __init__(self, database: Path, webhook: Webhook) -> None:
        self.clock = Clock()
        self.record = CarrierStore(str(database))
        self.day = FaultyDay(FaultRates())
        self.pusher = WebhookPusher(self.record, self.day, self.clock)
        profile = Profile(webhook=webhook.url, receipt_delay_s=5, review_delay_s=5)
        self.account: CarrierAccount = self.record.register("promo", KEY, profile, self.clock())

    def accept(self, count: int, ref: str, fate: Fate = Fate("DELIVRD")) -> None:  # noqa: B008 (a constant)
        """Take one call of `count` messages."""
        now = self.clock()
        postings = [Posting(f"{ref}-{i}", f"86138{i:08d}", "text", fate) for i in range(count)]
        self.record.accept(self.account, Call(ref, "Acme", 1, now, now + 5), postings)

    def push(self) -> int:
        """Return one round of the pusher."""
        return self.pusher.push_round(self.account)

    def close(self) -> None:
        """Close both."""
        self.pusher.stop()
        self.record.close()


@pytest.fixture
def desk(tmp_path: Path, webhook: Webhook) -> Iterator[Desk]:
    desk = Desk(tmp_path / "carrier.db", webhook)
    yield desk
    desk.close()


def test_nothing_is_pushed_before_it_is_due(desk: Desk, webhook: Webhook) -> None:
    desk.accept(3, "b1")
    assert desk.push() == 0
    desk.clock.now += 5
    assert desk.push() == 3
    assert desk.push() == 0
    assert [entry["ref"] for entry in webhook.entries("receipts")] == ["b1-0", "b1-1", "b1-2"]


def test_a_page_holds_500_entries_of_several_calls(desk: Desk, webhook: Webhook) -> None:
    for index in range(3):
        desk.accept(400, f"b{index}")
    desk.clock.now += 5
    assert desk.push() == 1200
    assert [len(page["receipts"]) for page in webhook.pages] == [500, 500, 200]


def test_a_page_is_signed_with_the_account_s_key(desk: Desk, webhook: Webhook) -> None:
    desk.accept(1, "b1")
    desk.clock.now += 5
    desk.push()
    headers, body = webhook.requests[0]
    assert headers["x-carrier-signature"] == signature(KEY, headers["x-carrier-timestamp"], body)
    assert headers["content-type"] == "application/json"


def test_replies_and_reviews_travel_with_the_receipts(desk: Desk, webhook: Webhook) -> None:
    desk.record.write_template(desk.account, TEXT | {"media": "[]"}, desk.clock())
    desk.record.write_template(desk.account, TEXT | {"media": "[]", "name": "pending"}, desk.clock())
    desk.accept(1, "b1", Fate("DELIVRD", "T"))
    desk.accept(1, "b2", Fate(""))
    desk.clock.now += 5
    desk.push()
    (page,) = webhook.pages
    assert [(entry["template"], entry["status"], entry["kind"]) for entry in page["reviews"]] == [
        ("1", "approved", "text")
    ]
    assert [(entry["text"], entry["opted_out"], entry["ref"]) for entry in page["replies"]] == [
        ("T", True, "b1-0")
    ]
    assert [entry["ref"] for entry in page["receipts"]] == ["b1-0"]
    assert desk.push() == 0


@pytest.mark.parametrize(
    "answer", [(500, b"oops"), (200, b""), (200, b'{"received": false}'), (403, b"{}"), (302, b"")]
)
def test_what_is_not_acknowledged_is_pushed_again(
    desk: Desk, webhook: Webhook, answer: tuple[int, bytes]
) -> None:
    desk.accept(2, "b1")
    desk.clock.now += 5
    webhook.answers = [answer]
    with pytest.raises((requests.RequestException, ValueError)):
        desk.push()
    assert desk.push() == 2
    assert len(webhook.requests) == 2


def test_pages_come_twice_when_told_to(desk: Desk, webhook: Webhook) -> None:
    desk.day.change(FaultRates(receipts_twice=1))
    desk.accept(600, "b1")
    desk.clock.now += 5
    desk.push()
    assert [len(page["receipts"]) for page in webhook.pages] == [500, 500, 100, 100]


def test_rounds_come_out_of_order_when_told_to(desk: Desk, webhook: Webhook) -> None:
    desk.day.change(FaultRates(receipts_shuffled=1))
    desk.accept(600, "b1")
    desk.clock.now += 5
    desk.push()
    refs = [entry["ref"] for entry in webhook.entries("receipts")]
    assert refs != sorted(refs, key=lambda ref: int(ref.partition("-")[2]))
    assert len(set(refs)) == len(refs) == 600


def _open(session: Session, url: str, **profile: Any) -> None:
    session.headers.update(AUTH)
    assert session.put(f"{url}/accounts/promo", json=profile).ok
    assert session.post(f"{url}/accounts/promo/templates", json=TEXT).ok


def _send(session: Session, url: str, ref: str = "b1", count: int = 3) -> requests.Response:
    messages = [{"ref": f"{ref}-{i}", "to": f"86138{i:08d}", "params": {"name": "Li"}} for i in range(count)]
    body = {"batch_ref": ref, "sign": "Acme", "template": "1", "messages": messages}
    return session.post(f"{url}/accounts/promo/messages", json=body)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("lost_answer", requests.ConnectionError),
        ("hang", requests.ReadTimeout),
        ("reset_after", requests.ConnectionError),
        ("error_after", 502),
        ("garbled_after", requests.JSONDecodeError),
        ("reset_before", requests.ConnectionError),
        ("error_before", 503),
        ("throttle", 429),
    ],
)
def test_a_fault_on_a_real_connection(tmp_path: Path, fault: str, seen: Any) -> None:
    """What the caller sees says nothing about acceptance; the record does."""
    with serving(tmp_path / "carrier.db", Clock()) as server, Session() as session:
        session.timeout = (5, 1 if fault == "hang" else 20)
        _open(session, server.url)
        session.put(f"{server.url}/faults", json={fault: 1})
        if isinstance(seen, int):
            assert _send(session, server.url).status_code == seen
        else:
            with pytest.raises(seen):
                _send(session, server.url).json()
        accepted = session.get(f"{server.url}/record/summary").json()["accepted"]
        assert accepted == (3 if fault in AFTER else 0)


def test_early_receipts_arrive_before_the_answer(tmp_path: Path, webhook: Webhook) -> None:
    with serving(tmp_path / "carrier.db", Clock(), {"receipts_early": 1}) as server, Session() as session:
        _open(session, server.url, webhook=webhook.url, receipt_delay_s=3600)
        assert _send(session, server.url).ok
        assert len(webhook.entries("receipts")) == 3


def test_a_webhook_that_comes_back_gets_everything_in_the_end(tmp_path: Path, webhook: Webhook) -> None:
    webhook.answers = [(503, b""), (500, b"")]
    with serving(tmp_path / "carrier.db", Clock()) as server, Session() as session:
        _open(session, server.url, webhook=webhook.url)
        assert _send(session, server.url).ok
        assert len(webhook.wait_for("receipts", 3)) == 3
    assert len(webhook.requests) >= 3


def test_what_was_accepted_survives_a_kill_and_is_pushed_by_the_next_process(
    tmp_path: Path, webhook: Webhook
) -> None:
    database = tmp_path / "carrier.db"
    webhook.answers = [(503, b"")] * 1000
    first = CarrierProcess(database)
    with Session() as session:
        _open(session, first.url, webhook=webhook.url)
        assert _send(session, first.url, count=700).ok
    first.kill()
    webhook.answers.clear()
    second = CarrierProcess(database)
    receipts = webhook.wait_for("receipts", 700)
    with Session() as session:
        session.headers.update(AUTH)
        assert _send(session, second.url, ref="b2").json()["results"][0] == {"id": "701"}
    assert {entry["ref"] for entry in receipts} == {f"b1-{i}" for i in range(700)}
    status, errors = second.terminate()
    assert (status, errors) == (0, "")


def test_the_record_is_one_file_that_anyone_may_open(tmp_path: Path) -> None:
    database = tmp_path / "carrier.db"
    with serving(database, Clock()) as server, Session() as session:
        _open(session, server.url)
        _send(session, server.url)
        reader = sqlite3.connect(database)
        assert reader.execute("select count(*) from message").fetchone() == (3,)
        reader.close()
