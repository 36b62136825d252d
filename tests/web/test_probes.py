"""Probes: alive, ready, and what Prometheus reads."""

import re

import pytest

from bridge.ledger import LedgerUnavailable
from bridge.plugin import VendorUnavailable
from bridge.web.operations import SERVED_BY
from bridge.web.probes import WORKER_SILENCE_S

from .world import World


def unavailable() -> None:
    raise LedgerUnavailable("The database does not answer (OperationalError).")


def test_health_needs_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.ledger, "check", unavailable)
    answer = world.client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("seen", "status", "worker"),
    [
        (None, 503, f"No worker was heard of for {WORKER_SILENCE_S} seconds: start sms-bridge worker."),
        (0, 200, "ok"),
        (WORKER_SILENCE_S, 200, "ok"),
        (
            WORKER_SILENCE_S + 1,
            503,
            f"No worker was heard of for {WORKER_SILENCE_S} seconds: start sms-bridge worker.",
        ),
    ],
)
def test_ready_with_a_live_worker(world: World, seen: int | None, status: int, worker: str) -> None:
    if seen is not None:
        at = int((world.now - seen) * 1000)
        world.ledger.coordination.beat("w1", started=at, now=at)
    answer = world.client.get("/readyz")
    assert answer.status_code == status
    assert answer.get_json() == {
        "status": "ok" if status == 200 else "not ready",
        "database": "ok",
        "worker": worker,
    }


def test_not_ready_without_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.ledger, "check", unavailable)
    answer = world.client.get("/readyz")
    assert answer.status_code == 503
    assert "does not answer" in answer.get_json()["database"]


def metric(world: World, line: str) -> float:
    answer = world.client.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    found = re.search(rf"^{re.escape(line)} (\S+)$", answer.text, re.MULTILINE)
    assert found, f"{line} not in\n{answer.text}"
    return float(found[1])


def test_metrics_show_the_ledger(world: World) -> None:
    world.call("POST", "/sms/sendBatchList", world.send(world.template()))
    world.ledger.coordination.pause_until_resumed("mute", "no money")
    now = int(world.now * 1000)
    world.ledger.coordination.open_breaker("promo", "HTTP 401", now=now, base_ms=1000, longest_ms=1000)
    world.ledger.coordination.beat("w1", started=now, now=now)
    assert metric(world, 'sms_bridge_queue_depth{channel="promo",state="ready"}') == 2
    assert metric(world, 'sms_bridge_queue_depth{channel="promo",state="unknown"}') == 0
    assert metric(world, 'sms_bridge_push_breaker_open{channel="promo"}') == 1
    assert metric(world, 'sms_bridge_push_breaker_open{channel="mute"}') == 0
    assert metric(world, 'sms_bridge_channel_paused{channel="mute"}') == 1
    assert metric(world, 'sms_bridge_queue_overdue_seconds{channel="promo"}') == 0
    assert metric(world, 'sms_bridge_templates{channel="promo",status="approved"}') == 1
    assert metric(world, 'sms_bridge_templates{channel="promo",status="rejected"}') == 0
    assert metric(world, 'sms_bridge_push_waiting{channel="promo"}') == 0
    world.now += 120
    assert metric(world, 'sms_bridge_queue_overdue_seconds{channel="promo"}') == pytest.approx(120, abs=1)
    assert metric(world, 'sms_bridge_queue_overdue_seconds{channel="mute"}') == 0
    world.now -= 120
    assert metric(world, "sms_bridge_live_workers") == 1
    assert metric(world, "sms_bridge_database_up") == 1


def test_requests_are_counted_by_their_answer(world: World) -> None:
    world.client.get("/promo/sms/smsSign/Acme")
    world.call("GET", "/promo/sms/smsSign/Acme")
    before = metric(world, 'sms_bridge_requests_total{channel="promo",code="401",operation="querySign"}')
    world.client.get("/promo/sms/smsSign/Acme")
    after = metric(world, 'sms_bridge_requests_total{channel="promo",code="401",operation="querySign"}')
    assert after == before + 1
    assert metric(world, 'sms_bridge_request_seconds_count{channel="promo",operation="querySign"}') >= 3
    assert metric(world, 'sms_bridge_requests_in_flight{channel="promo"}') == 0


class Down(list[str]):
    """Stands where the vendor notes what it is asked: it cannot be reached."""

    def append(self, name: str) -> None:
        raise VendorUnavailable("The vendor refused the connection.", code="CONNECTION_REFUSED")


def told(world: World, name: str, labels: str) -> float:
    """Return the value of a series, 0 before its first."""
    found = re.search(
        rf"^{re.escape(f'{name}{{{labels}}}')} (\S+)$", world.client.get("/metrics").text, re.MULTILINE
    )
    return float(found[1]) if found else 0.0


def test_a_vendor_that_is_down_is_counted_while_quick_audience_asks(world: World) -> None:
    """As the alerts ask for it: one call, one failed call, one request refused with its code."""
    series = [
        ("sms_bridge_vendor_errors_total", 'channel="promo",code="CONNECTION_REFUSED",hook="query_sign"'),
        ("sms_bridge_vendor_call_seconds_count", 'channel="promo",hook="query_sign"'),
        ("sms_bridge_requests_total", 'channel="promo",code="CONNECTION_REFUSED",operation="querySign"'),
    ]
    before = [told(world, *one) for one in series]
    world.vendor().signs = Down()
    assert world.call("GET", "/promo/sms/smsSign/Acme").get_json()["code"] == "CONNECTION_REFUSED"
    assert [told(world, *one) for one in series] == [value + 1 for value in before]


def test_a_bug_is_counted_as_the_alert_asks_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the code of the answer's envelope."""
    code = 'channel="promo",code="INTERNAL_ERROR",operation="querySign"'
    before = told(world, "sms_bridge_requests_total", code)
    monkeypatch.delitem(SERVED_BY, "querySign")
    assert world.call("GET", "/promo/sms/smsSign/Acme").status_code == 500
    assert told(world, "sms_bridge_requests_total", code) == before + 1


def test_metrics_survive_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.ledger, "gauges", unavailable)
    assert metric(world, "sms_bridge_database_up") == 0
