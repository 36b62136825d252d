"""Processes that start before their database: they say what they lack, and work once it is there."""

import contextlib
import io
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine, text

from bridge import logs
from bridge.ledger import LedgerUnavailable, WrongSchema, open_ledger, upgrade
from bridge.services.awaiting import when_there
from tests.databases import SERVER
from tests.web.test_gunicorn import CONFIGURATION, Web
from tests.web.test_gunicorn import KEY as WEB_KEY

PATH = "/promo/sms/smsSign/Acme%2FUK"


@pytest.mark.parametrize(
    ("lacks", "asked", "told"),
    [
        ([], 1, []),
        ([LedgerUnavailable("away"), LedgerUnavailable("away")], 3, ["away"]),
        ([LedgerUnavailable("away"), WrongSchema("old")], 3, ["away", "old"]),
    ],
    ids=["there", "comes back", "has an old schema then"],
)
def test_each_reason_is_told_once(lacks: list[LedgerUnavailable], asked: int, told: list[str]) -> None:
    """Whoever waits for hours does not fill the log with it."""
    logged = io.StringIO()
    logs.configure(form="json", stream=logged)
    looked = []

    def look() -> None:
        looked.append(1)
        if len(looked) <= len(lacks):
            raise lacks[len(looked) - 1]

    assert when_there(look, lambda _: False)
    assert len(looked) == asked
    for reason in ("away", "old"):
        assert logged.getvalue().count(f'"reason": "{reason}"') == told.count(reason)


def test_who_is_told_to_end_waits_no_longer() -> None:
    """And does not take the database for one that is there."""

    def away() -> None:
        raise LedgerUnavailable("away")

    assert not when_there(away, lambda _: True)


@pytest.fixture(params=["sqlite", "postgresql"])
def missing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the address of a database that is not there, and what makes it, empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bridge.db", lambda: None
        return
    postgres: Engine = request.getfixturevalue("postgres")
    name = f"late_{secrets.token_hex(4)}"

    def make() -> None:
        with postgres.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))

    yield SERVER.set(database=name).render_as_string(hide_password=False), make
    with postgres.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


def test_nothing_is_written_into_another_schema(missing: tuple[str, Callable[[], None]]) -> None:
    """By whoever started before the database: each of its connections is asked first."""
    url, make = missing
    make()
    upgrade(url)
    ledger = open_ledger(url, guarded=True)
    ledger.check()
    ledger.close()
    plain = open_ledger(url)
    plain.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '0001'")))
    plain.close()
    for _ in range(2):
        with pytest.raises(WrongSchema, match="Run: sms-bridge db upgrade"):
            ledger.try_out()
    ledger.close()


@contextmanager
def started(web: Web) -> Iterator[Web]:
    """Whatever happens, no process stays."""
    try:
        yield web
    finally:
        web.process.kill()
        web.process.wait()


def state(web: Web) -> tuple[int, str, str]:
    """Return what the probes and a call of Quick Audience are answered."""
    assert requests.get(web.url + "/healthz", timeout=30).status_code == 200
    ready = requests.get(web.url + "/readyz", timeout=30)
    return ready.status_code, ready.json()["database"], web.ask(PATH).json()["code"]


def until(wanted: Callable[[], bool], *, within_s: float = 60) -> None:
    """Wait for something."""
    deadline = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_a_web_says_what_it_lacks_and_works_once_it_is_there(
    missing: tuple[str, Callable[[], None]], tmp_path: Path
) -> None:
    """No database, then one without the schema, then the whole: the same processes, no restart."""
    url, make = missing
    own = CONFIGURATION.format(folder=tmp_path, key=WEB_KEY)
    (tmp_path / "bridge.toml").write_text(own.replace(f"sqlite:///{tmp_path}/bridge.db", url))
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        started(Web(tmp_path, listening, upgraded=False)) as web,
    ):
        status, database, code = state(web)
        assert (status, code) == (503, "INTERNAL_ERROR")
        assert "There is no database" in database or "does not exist" in database
        assert web.shown("sms_bridge_database_up") == 0
        make()
        if not url.startswith("sqlite"):
            status, database, code = state(web)
            assert (status, code) == (503, "INTERNAL_ERROR")
            assert "Run: sms-bridge db upgrade" in database
        upgrade(url)
        assert state(web)[1:] == ("ok", "OK")
        until(lambda: "the database is there" in web.log.read_text())
        assert web.shown("sms_bridge_database_up") == 1
        web.process.send_signal(signal.SIGTERM)
        assert web.process.wait(60) == 0
    assert WEB_KEY not in web.log.read_text()


@contextmanager
def program(folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the bridge; its output goes to `log`."""
    environ = os.environ | {"SMS_BRIDGE_CONFIG": str(folder / "bridge.toml")}
    with (folder / "log").open("wb") as log:
        words = [sys.executable, "-m", "bridge.cli", *command]
        process = subprocess.Popen(words, env=environ, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_worker_waits_says_so_and_begins_by_itself(
    missing: tuple[str, Callable[[], None]], tmp_path: Path
) -> None:
    """It ends well when told to, before and after."""
    url, make = missing
    own = CONFIGURATION.format(folder=tmp_path, key=WEB_KEY)
    (tmp_path / "bridge.toml").write_text(own.replace(f"sqlite:///{tmp_path}/bridge.db", url))
    log = tmp_path / "log"
    for there in (False, True):
        with program(tmp_path, "worker") as worker:
            until(lambda: "waiting for it" in log.read_text())
            assert worker.poll() is None
            if there:
                make()
                upgrade(url)
                until(lambda: "worker started" in log.read_text())
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0, log.read_text()
    assert "worker stopped" in log.read_text()
    assert "Traceback" not in log.read_text()


@contextmanager
def led_to_the_server(port: int) -> Iterator[None]:
    """Let a port lead to the database's server, as if that had just been started there."""
    listening = socket.create_server(("127.0.0.1", port))

    def lead() -> None:
        with listening:
            while not ended.is_set():
                caller, _ = listening.accept()
                threading.Thread(target=pass_on, args=(caller,), daemon=True).start()

    ended = threading.Event()
    leading = threading.Thread(target=lead)
    leading.start()
    try:
        yield
    finally:
        ended.set()
        socket.create_connection(("127.0.0.1", port)).close()
        leading.join()


def pass_on(caller: socket.socket) -> None:
    """Hand what a caller and the server say to the other, until one of them ends."""
    server = socket.create_connection((SERVER.host or "127.0.0.1", SERVER.port or 5432))
    with caller, server, contextlib.suppress(OSError):
        ways = {caller: server, server: caller}
        while True:
            for one in select.select(list(ways), [], [])[0]:
                if not (data := one.recv(65_536)):
                    return
                ways[one].sendall(data)


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_serve_starts_before_its_server(database_url: str, tmp_path: Path) -> None:
    """One command: its web says that the server is away, and web and worker work once it is there."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        web_port = probe.getsockname()[1]
    own = CONFIGURATION.format(folder=tmp_path, key=WEB_KEY)
    away = SERVER.set(database=database_url.rpartition("/")[2], host="127.0.0.1", port=port)
    url = away.render_as_string(hide_password=False)
    (tmp_path / "bridge.toml").write_text(own.replace(f"sqlite:///{tmp_path}/bridge.db", url))

    def ready() -> tuple[int, str]:
        try:
            answer = requests.get(f"http://127.0.0.1:{web_port}/readyz", timeout=30)
        except requests.RequestException:
            return 0, ""
        return answer.status_code, answer.json()["database"]

    with program(tmp_path, "serve", "--bind", f"127.0.0.1:{web_port}", "--web-workers", "1") as serve:
        until(lambda: ready()[0] == 503)
        assert "Connection refused" in ready()[1]
        with led_to_the_server(port):
            until(lambda: ready()[0] == 200)
            serve.send_signal(signal.SIGTERM)
            assert serve.wait(60) == 0, (tmp_path / "log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("moved", [False, True], ids=["none yet", "moved away"])
def test_serve_begins_a_database_but_none_in_the_place_of_another(tmp_path: Path, moved: bool) -> None:
    """A log that is left tells of one: what it holds is nowhere else."""
    (tmp_path / "bridge.toml").write_text(CONFIGURATION.format(folder=tmp_path, key=WEB_KEY))
    file, log = tmp_path / "bridge.db", tmp_path / "log"
    left = tmp_path / "bridge.db-wal"
    if moved:
        left.write_bytes(b"what was accepted")
    with program(tmp_path, "serve", "--bind", "127.0.0.1:0", "--web-workers", "1") as serve:
        until(lambda: ("waiting for it" if moved else "worker started") in log.read_text())
        assert file.exists() is not moved
        assert not moved or "was moved or deleted" in log.read_text()
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(60) == 0, log.read_text()
    assert not moved or left.read_bytes() == b"what was accepted"
