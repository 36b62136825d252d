"""What an operator rehearses: PostgreSQL restarted, failed over, restored; each under a small campaign."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.ledger import open_ledger, upgrade
from tests.campaign.carriers import SandboxCarrier
from tests.campaign.rig import Rig
from tests.ledger.making import accept, claim, phones, send

from .clusters import Cluster, as_postgres, await_, binary, ended, room

pytestmark = [pytest.mark.slow, pytest.mark.rehearsal]
NAME = "sms_bridge"
OUT_ID = "task-1"
_UNARCHIVED = "SELECT count(*) FROM pg_ls_dir('pg_wal/archive_status') AS name WHERE name LIKE '%.ready'"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield where servers keep their data."""
    with room() as folder:
        yield folder


class Campaign:
    """Sends of a hundred recipients each, until it is enough; all of them must arrive once."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._code = rig.template()
        self._enough = threading.Event()
        self.phones: list[str] = []
        self._thread = threading.Thread(target=self._send, daemon=True)

    def start(self) -> "Campaign":
        """Begin to send."""
        self._thread.start()
        return self

    def _send(self) -> None:
        while not self._enough.wait(0.05) and len(self.phones) < 20_000:
            part = [f"138{len(self.phones) + index:08d}" for index in range(100)]
            values = [{"name": phone[-4:]} for phone in part]
            self._rig.fronts[0].send_list(OUT_ID, part, values, self._rig.carrier.sign, self._code)
            self.phones += part

    def goes_on(self, more: int = 500) -> None:
        """Wait until so many more recipients were accepted by the bridge and got their receipts."""
        sent, received = len(self.phones), self._rig.callbacks.inbox.received(OUT_ID)
        self._rig.await_(lambda: len(self.phones) >= sent + more, 120, "an accepted send")
        inbox = self._rig.callbacks.inbox
        self._rig.await_(lambda: inbox.received(OUT_ID) >= received + more, 120, "receipts")

    def check(self) -> None:
        """Nothing lost, nothing twice: by the carrier's record and by Quick Audience's receipts."""
        self._enough.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), self._rig.logs()
        count, inbox = len(self.phones), self._rig.callbacks.inbox
        self._rig.await_(lambda: inbox.received(OUT_ID) == count and self._rig.idle(), 240, "the end")
        assert self._rig.carrier.accepted() == Counter(self.phones)
        assert set(self._rig.receipts(OUT_ID)) == set(self.phones)
        assert not inbox.contradictions
        assert self._rig.ledger.tallies.differences() == []


def test_postgresql_restarted_and_failed_over_to_a_synchronous_standby(folder: Path, tmp_path: Path) -> None:
    """Web and worker find the new primary by themselves: both hosts stand in the database's address."""
    first, second = Cluster(folder, "first").make(), Cluster(folder, "second")
    with ended(first, second):
        first.start()
        first.sql(f"CREATE DATABASE {NAME}")
        first.copy_to(second, "-R")
        second.start()
        first.stop("fast")
        first.start("-c synchronous_standby_names=*")
        await_(lambda: first.sql("SELECT sync_state FROM pg_stat_replication") == "sync", "the standby")
        hosts = f"host=127.0.0.1:{first.port}&host=127.0.0.1:{second.port}"
        url = f"postgresql+psycopg://postgres@/{NAME}?{hosts}&target_session_attrs=read-write"
        upgrade(url)
        with Rig(url, SandboxCarrier(tmp_path, per_call=50, latency_s=0.02), tmp_path) as rig:
            campaign = Campaign(rig).start()
            campaign.goes_on()
            first.stop("fast")
            first.start("-c synchronous_standby_names=*")
            campaign.goes_on()
            first.stop("immediate")
            second.promote()
            campaign.goes_on()
            campaign.check()


def test_a_base_backup_and_its_wal_hold_the_last_commit(folder: Path) -> None:
    """Continuous archiving, as the guide says; a dump has what was there when it was taken."""
    archive = folder / "archive"
    live, restored = Cluster(folder, "live"), Cluster(folder, "restored")
    live.make(f"archive_mode = on\narchive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'\n")
    as_postgres("mkdir", archive)
    with ended(live, restored):
        live.start()
        live.sql(f"CREATE DATABASE {NAME}")
        upgrade(live.url(NAME))
        ledger = open_ledger(live.url(NAME))
        accept(ledger, send(phones(3), out_id="before"))
        live.copy_to(restored)
        as_postgres(binary("pg_dump"), "-Fc", "-f", folder / "copy.dump", "-d", _plain(live))
        accept(ledger, send(phones(3, 10), out_id="after", digest=b"2"))
        live.sql("SELECT pg_switch_wal()")
        await_(
            lambda: (
                live.sql(
                    "SELECT count(*) FROM pg_ls_dir('pg_wal/archive_status') name WHERE name LIKE '%.ready'"
                )
                == "0"
            ),
            "the archive",
        )
        ledger.close()
        live.stop("immediate")
        restored.configure(f"archive_mode = off\nrestore_command = 'cp {archive}/%f %p'\n")
        as_postgres("touch", restored.data / "recovery.signal")
        restored.start()
        await_(lambda: restored.sql("SELECT pg_is_in_recovery()") == "f", "the end of the recovery")
        assert _waiting(restored.url(NAME)) == {"before", "after"}
        restored.sql("CREATE DATABASE copy")
        as_postgres(binary("pg_restore"), "-d", _plain(restored, "copy"), folder / "copy.dump")
        assert _waiting(restored.url("copy")) == {"before"}


def _plain(cluster: Cluster, database: str = NAME) -> str:
    return cluster.url(database).replace("+psycopg", "")


def _waiting(url: str) -> set[str]:
    """Return the sends whose messages a worker would send now; the database passes the bridge's check."""
    ledger = open_ledger(url)
    try:
        ledger.check()
        return {ledger.info(batch).out_id for batch in claim(ledger, lease_ms=3_600_000)}
    finally:
        ledger.close()
