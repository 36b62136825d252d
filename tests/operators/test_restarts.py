"""Logs that are cut, and a reload while the database takes nothing."""

import contextlib
import errno
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from bridge.ledger import LedgerUnavailable, upgrade
from bridge.web import assembly
from tests.campaign.carriers import SandboxCarrier
from tests.campaign.rig import Rig
from tests.databases import SERVER
from tests.web.test_gunicorn import CONFIGURATION, Web
from tests.web.test_gunicorn import KEY as WEB_KEY

from .tools import run


@pytest.mark.slow
@pytest.mark.rehearsal
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_log_that_is_cut_goes_on(database_url: str, tmp_path: Path) -> None:
    """As logrotate's copytruncate does it: nothing is lost before, and what follows begins at the top."""
    with Rig(database_url, SandboxCarrier(tmp_path), tmp_path, workers=1) as rig:
        rig.template()
        [web], [worker] = rig.webs, rig.workers
        before = {program: program.log() for program in (web, worker)}
        assert "request answered" in before[web] and "worker started" in before[worker]
        for program in before:
            with program._log.open("r+") as log:
                log.truncate(0)
        rig.fronts[0].query_sign(rig.carrier.sign)
        assert worker.stop() == 0
        rig.await_(lambda: "request answered" in web.log(), 120, "the web's next line")
        assert "worker stopped" in worker.log()
        for program, old in before.items():
            assert "\0" not in program.log()
            assert len(program.log()) < len(old)


ROLE = "sms_bridge_limited"
PATH = "/promo/sms/smsSign/Acme%2FUK"


@pytest.fixture
def limited(postgres: Engine, database_url: str, tmp_path: Path) -> Iterator[Path]:
    """Yield a configuration whose database has no room for another connection once it is told so."""
    name = database_url.rpartition("/")[2]
    with postgres.connect() as connection:
        connection.execute(text(f"DROP ROLE IF EXISTS {ROLE}"))
        connection.execute(text(f"CREATE ROLE {ROLE} LOGIN SUPERUSER"))
        connection.execute(text(f"ALTER ROLE {ROLE} NOSUPERUSER"))
        connection.execute(text(f"GRANT pg_read_all_data, pg_write_all_data TO {ROLE}"))
    config = CONFIGURATION.format(folder=tmp_path, key=WEB_KEY)
    own = SERVER.set(database=name, username=ROLE).render_as_string(hide_password=False)
    (tmp_path / "bridge.toml").write_text(config.replace(f"sqlite:///{tmp_path}/bridge.db", own))
    yield tmp_path
    with postgres.connect() as connection:
        connection.execute(text(_CUT_OFF), {"role": ROLE})
        connection.execute(text(f"DROP ROLE {ROLE}"))


@pytest.mark.slow
@pytest.mark.rehearsal
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_reload_while_the_database_is_full_ends_nothing(limited: Path, postgres: Engine) -> None:
    """gunicorn goes on with the processes that it has, and reloads once there is room again."""
    with socket.create_server(("127.0.0.1", 0)) as listening, postgres.connect() as server:
        web = Web(limited, listening)
        try:
            assert web.ask(PATH).json()["code"] == "OK"
            server.execute(text(f"ALTER ROLE {ROLE} CONNECTION LIMIT 0"))
            server.execute(text(_CUT_OFF), {"role": ROLE})
            web.process.send_signal(signal.SIGHUP)
            seen(web, "not reloaded", 1)
            server.execute(text(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1"))
            assert web.ask(PATH).json()["code"] == "OK"
            web.process.send_signal(signal.SIGHUP)
            seen(web, "Worker exiting", 2)
            assert web.ask(PATH).json()["code"] == "OK"
            web.process.send_signal(signal.SIGTERM)
            assert web.process.wait(60) == 0
        finally:
            web.process.kill()
            web.process.wait()


def seen(web: Web, event: str, times: int) -> None:
    """Wait until the log has an event so often; whoever ended meanwhile fails."""
    deadline = time.monotonic() + 120
    while web.log.read_text().count(event) < times:
        assert web.process.poll() is None and time.monotonic() < deadline, web.log.read_text()
        time.sleep(0.1)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of eight megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    folder = tmp_path / "small"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder)
    yield folder
    run("umount", "--lazy", folder)


def fill(folder: Path) -> Path:
    """Take all the room of a disk with one file; return it."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return path


@pytest.mark.slow
@pytest.mark.rehearsal
@pytest.mark.parametrize("logged", [False, True], ids=["log elsewhere", "log on it"])
def test_a_reload_while_the_disk_is_full_ends_nothing(small: Path, tmp_path: Path, logged: bool) -> None:
    """All is answered, one process that is killed has a successor, and a reload waits until there is room."""
    config = CONFIGURATION.format(folder=small, key=WEB_KEY)
    (tmp_path / "bridge.toml").write_text(config)
    (tmp_path / "log").symlink_to(small / "log") if logged else None
    with socket.create_server(("127.0.0.1", 0)) as listening:
        upgrade(f"sqlite:///{small}/bridge.db")
        web = Web(tmp_path, listening)
        try:
            assert web.ask(PATH).json()["code"] == "OK"
            filling = fill(small)
            web.process.send_signal(signal.SIGHUP)
            if not logged:
                seen(web, "not reloaded", 1)
            [killed, *_] = children(web)
            os.kill(killed, signal.SIGKILL)
            while killed in children(web) or len(children(web)) < 2:
                time.sleep(0.1)
            codes = {web.ask(PATH).json()["code"] for _ in range(20)}
            assert codes == {"INTERNAL_ERROR"}, "an answer as the contract has it: no nonce can be kept"
            filling.unlink()
            before = set(children(web))
            web.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 120
            while before & set(children(web)) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert not before & set(children(web))
            assert web.ask(PATH).json()["code"] == "OK"
            web.process.send_signal(signal.SIGTERM)
            assert web.process.wait(60) == 0
        finally:
            web.process.kill()
            web.process.wait()


def children(web: Web) -> list[int]:
    """Return gunicorn's processes by their ids."""
    path = Path(f"/proc/{web.process.pid}/task/{web.process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


_CUT_OFF = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = :role"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/var/metrics"), 1),
        (OSError(errno.EACCES, "Permission denied", "/var/metrics"), 3),
        (LedgerUnavailable("no driver"), 3),
    ],
    ids=["disk full", "not allowed", "no driver"],
)
def test_only_what_a_person_must_mend_ends_gunicorn(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends them all at status 3, and starts another process at any other."""

    def failing() -> None:
        raise error

    monkeypatch.setattr(assembly, "_assembled", failing)
    with pytest.raises(SystemExit) as ended:
        assembly.assemble()
    assert ended.value.code == status
