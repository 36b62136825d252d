"""A campaign over two accounts while everything that can die is killed and one carrier comes and goes.

The suite runs one seed, small. The whole property, a hundred seeds of 20,000 recipients and 20 kills on each
database: SMS_BRIDGE_SEEDS=100 SMS_BRIDGE_CAMPAIGN=20000 pytest tests/campaign/test_failover.py
"""

import os
import threading
from pathlib import Path

import pytest

from .carriers import TwoCarriers
from .processes import Killer
from .rig import Rig
from .test_kill import OUT_ID, check, numbers, send

SEEDS = range(int(os.environ.get("SMS_BRIDGE_SEEDS", "1")))
COUNT = int(os.environ.get("SMS_BRIDGE_CAMPAIGN", "1500"))
KILLS = max(4, COUNT // 1000)
DATABASES = ["sqlite", "postgresql"] if len(SEEDS) > 1 else ["postgresql"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
def test_nobody_gets_it_twice_over_both_carriers(database_url: str, tmp_path: Path, seed: int) -> None:
    """Everyone has one message and one final status, whichever carrier took it."""
    phones = numbers(COUNT)
    pace = threading.Event()
    carriers = TwoCarriers(tmp_path, seed=seed)
    with Rig(database_url, carriers, tmp_path, webs=2, workers=2) as rig:
        sender = threading.Thread(target=send, args=(rig, phones, COUNT // 10, pace), daemon=True)
        sender.start()
        rig.await_(lambda: rig.carrier.accepted().total() > 0, 90, "a start")
        with Killer([*rig.webs, *rig.workers], kills=KILLS, seed=seed, lifetime_s=(0.5, 2.5)) as killer:
            assert killer.wait(300), rig.logs()
            pace.set()
            sender.join(120)
        assert not sender.is_alive(), rig.logs()
        rig.await_(lambda: rig.callbacks.inbox.received(OUT_ID) == COUNT and rig.idle(), 300, "the end")
        shares = {name: getattr(carriers, name).accepted().total() for name in ("main", "spare")}
        print(f"seed {seed}, kills {killer.killed}, outages {carriers.outages}, shares {shares}")
        assert carriers.outages >= 1
        assert shares["spare"] > 0, "nothing went to the other account: the test means nothing"
        check(rig, phones)
