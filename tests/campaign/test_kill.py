"""A campaign while everything that can die is killed, answers are lost and receipts come as they like."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.simulator.faults import FaultMode

from .carriers import AliyunCarrier, CarrierProcess, SandboxCarrier, TwilioCarrier
from .processes import Killer
from .rig import Rig

Carriers = Callable[[Path], CarrierProcess]
OUT_ID = "task-4711"


def numbers(count: int) -> list[str]:
    """Distinct mainland numbers."""
    return [f"138{index:08d}" for index in range(count)]


def send(rig: Rig, phones: list[str], size: int, pace: threading.Event) -> None:
    """Send in batches, one at a time, each repeated until it is answered; `pace` set means hurry."""
    code = rig.template()
    rig.carrier.worsen()
    for start in range(0, len(phones), size):
        part = phones[start : start + size]
        params = [{"name": f"客户{phone[-4:]}", "points": "1.10"} for phone in part]
        rig.fronts[0].send_list(OUT_ID, part, params, rig.carrier.sign, code)
        pace.wait(1.0)


CALLBACK_FAULTS = 12
"""The first callbacks all go wrong."""

CAMPAIGNS = [
    pytest.param("sqlite", SandboxCarrier, 20_000, 1000, 20, id="sandbox-sqlite"),
    pytest.param("postgresql", SandboxCarrier, 20_000, 1000, 20, id="sandbox-postgresql"),
    pytest.param("postgresql", AliyunCarrier, 4_000, 400, 8, id="aliyun-postgresql"),
    pytest.param("sqlite", TwilioCarrier, 900, 90, 8, id="twilio-sqlite"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database_url", "carrier", "count", "size", "kills"), CAMPAIGNS, indirect=["database_url"]
)
def test_nothing_is_lost_and_nothing_is_sent_twice(
    database_url: str, tmp_path: Path, carrier: Carriers, count: int, size: int, kills: int
) -> None:
    """Whatever dies and whatever is lost, each number is accepted once and has one receipt."""
    phones = numbers(count)
    pace = threading.Event()
    with Rig(database_url, carrier(tmp_path), tmp_path) as rig:
        rig.callbacks.faults.set(
            FaultMode.ERROR_500, FaultMode.RESET, FaultMode.TIMEOUT, count=CALLBACK_FAULTS, taken=None
        )
        sender = threading.Thread(target=send, args=(rig, phones, size, pace), daemon=True)
        sender.start()
        rig.await_(
            lambda: rig.callbacks.inbox.total() > 0 or rig.carrier.accepted().total() > 0, 90, "a start"
        )
        with Killer([*rig.webs, *rig.workers], kills=kills, seed=1, lifetime_s=(0.5, 2.5)) as killer:
            assert killer.wait(240), rig.logs()
            pace.set()
            sender.join(120)
        assert not sender.is_alive(), rig.logs()
        rig.await_(lambda: rig.callbacks.inbox.received(OUT_ID) == count and rig.idle(), 240, "the end")
        happened = rig.carrier.happened()
        print(f"kills {killer.killed}, faults {happened}, callbacks faulted {CALLBACK_FAULTS}")
        assert sum(happened.values()) > 20, "the carrier was too kind for this test to mean anything"
        assert rig.callbacks.inbox.faulted == CALLBACK_FAULTS
        check(rig, phones)


def check(rig: Rig, phones: list[str]) -> None:
    """The carrier's own record, Quick Audience's inbox and the ledger agree."""
    accepted = rig.carrier.accepted()
    twice = Counter({phone: times for phone, times in accepted.items() if times > 1})
    assert not twice, f"{len(twice)} numbers were accepted twice"
    receipts = rig.receipts(OUT_ID)
    assert set(receipts) == set(phones)
    assert not rig.callbacks.inbox.contradictions
    assert rig.ledger.tallies.differences() == [], "the tally differs from a count"
    words = {"OUTCOME_UNKNOWN", "NOT_SENT_IN_TIME"}
    closed = {phone for phone, code in receipts.items() if code in words}
    assert set(accepted) == set(phones) - closed
    assert not closed or not rig.carrier.proves_absence
    print(f"closed without a receipt {len(closed)}")
