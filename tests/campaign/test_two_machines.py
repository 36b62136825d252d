"""Two webs and two workers on one database, as on two machines: no batch is sent by both."""

import threading
from collections import Counter
from pathlib import Path

import pytest

from .carriers import SandboxCarrier
from .rig import Rig

COUNT, SIZE = 6_000, 500
OUT_ID = "task-2"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_workers_share_the_work_and_send_nothing_twice(database_url: str, tmp_path: Path) -> None:
    """Both webs accept, both workers send, and the carrier gets each number once."""
    phones = [f"139{index:08d}" for index in range(COUNT)]
    parts = [phones[start : start + SIZE] for start in range(0, COUNT, SIZE)]
    with Rig(database_url, SandboxCarrier(tmp_path, latency_s=0.1), tmp_path, webs=2, workers=2) as rig:
        code = rig.template()
        rig.await_(
            lambda: rig.fronts[1].query_text_template(code)["templateStatus"] == 1, 120, "the second web"
        )
        rig.await_(lambda: len(rig.ledger.coordination.live_workers(since=0)) == 2, 120, "both workers")

        def send(front: int) -> None:
            for part in parts[front::2]:
                values = [{"name": phone[-4:]} for phone in part]
                # The same request through the other web is recognised as the same.
                first = rig.fronts[front].send_list(OUT_ID, part, values, rig.carrier.sign, code)
                again = rig.fronts[1 - front].send_list(OUT_ID, part, values, rig.carrier.sign, code)
                assert first == again

        threads = [threading.Thread(target=send, args=(front,)) for front in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rig.await_(lambda: rig.callbacks.inbox.received(OUT_ID) == COUNT and rig.idle(), 240, "the end")
        assert rig.carrier.accepted() == Counter(phones)
        for worker in rig.workers:
            assert worker.stop() == 0
            assert "worker stopped" in worker.log()
        called = [worker.log().count("batch called") for worker in rig.workers]
        assert min(called) > 0, f"only one worker worked: {called}"
