"""A gentle end: what is in flight is finished and recorded, and the rest waits for the next start."""

from collections import Counter
from pathlib import Path

import pytest

from .carriers import SandboxCarrier
from .rig import Rig
from .test_kill import numbers

COUNT, PER_CALL = 400, 50
OUT_ID = "task-3"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_is_asked_to_end_leaves_nothing_in_doubt(database_url: str, tmp_path: Path) -> None:
    """The calls it has begun take a second; none of them is lost, and none of the others is made."""
    phones = numbers(COUNT)
    carrier = SandboxCarrier(tmp_path, per_call=PER_CALL, latency_s=1.0)
    with Rig(database_url, carrier, tmp_path, workers=1) as rig:
        [worker] = rig.workers
        code = rig.template()
        values = [{"name": phone[-4:]} for phone in phones]
        rig.fronts[0].send_list(OUT_ID, phones, values, carrier.sign, code)
        rig.await_(lambda: waiting(rig, "calling") > 0, 120, "a call")
        assert worker.stop() == 0
        assert "worker stopped" in worker.log()
        assert waiting(rig, "calling") == waiting(rig, "unknown") == 0
        assert 0 < waiting(rig, "ready") < COUNT
        assert carrier.accepted().total() == COUNT - waiting(rig, "ready")
        worker.start()
        rig.await_(lambda: rig.callbacks.inbox.received(OUT_ID) == COUNT and rig.idle(), 240, "the end")
        assert carrier.accepted() == Counter(phones)


def waiting(rig: Rig, state: str) -> int:
    """Recipients in a state of the queue."""
    return rig.ledger.gauges().get(("promo", state), 0)
