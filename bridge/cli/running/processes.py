"""`sms-bridge serve` and `sms-bridge worker`: the processes that do the work."""

import os
import signal
import sys
import sysconfig
import threading
from contextlib import closing
from pathlib import Path

import click
import structlog

import bridge
from bridge import logs
from bridge.services.awaiting import when_there
from bridge.services.setup.trying import trials
from bridge.services.upkeep import (
    Ledger,
    LedgerUnavailable,
    channels_of,
    create_schema,
    ledger_of,
    open_ledger,
)
from bridge.settings import DEFAULT_PATH, PATH_VARIABLE, Settings, SettingsFaults, obstacles, warn
from bridge.settings.listening import BIND, require_addresses, web_of
from bridge.worker import LoopFailed, run

from ..terminal.opening import Trouble, settings_of_bridge
from .supervisor import Child, Supervisor

log = structlog.get_logger("bridge.serve")

_GRACE_S = 75.0
_LOOKED = "SMS_BRIDGE_SERVED"
"""Tells gunicorn that somebody has looked before it is asked to reload."""


@click.command()
@click.option("--bind", help="Where the web listens. [default: SMS_BRIDGE_BIND or 127.0.0.1:8000]")
@click.option("--web-workers", type=click.IntRange(1), help="Web processes. [default: one a core, at most 4]")
def serve(bind: str | None, web_workers: int | None) -> None:
    """Run the whole bridge: gunicorn and one worker, started again when it dies.

    An empty database gets its schema; an old one waits for `db upgrade`. While the database is away the web
    says so, and all goes on once it is there. SIGTERM and SIGINT finish what is in flight, SIGHUP reads the
    configuration anew.
    """
    settings = settings_of_bridge()
    _log(settings)
    try:
        named = web_of(os.environ).bind
        require_addresses("--bind" if bind else BIND, bind or named, os.environ)
    except SettingsFaults as error:
        raise Trouble(f"The web cannot be started.\n{error}") from None
    _check(settings, there=_made(settings))
    web = [sys.executable, "-m", "gunicorn", "-c", str(gunicorn_file())]
    web += ["--bind", bind] if bind else []
    web += ["--workers", str(web_workers)] if web_workers else []
    supervisor = Supervisor(
        [
            Child("web", [*web, "bridge.web:assemble()"], vital=True, reload=signal.SIGHUP),
            Child("worker", [sys.executable, "-m", "bridge.cli", "worker"]),
        ],
        obstacles=obstacles,
        environ={**os.environ, _LOOKED: "1"},
        grace_s=max(_GRACE_S, settings.bridge.lease_s),  # the worker itself ends within a lease
    )
    raise SystemExit(supervisor.run())


@click.command()
def worker() -> None:
    """Run one worker: it sends, polls, pushes and cleans up. Any number may run, on any machines.

    It waits for a database that is away or lacks this version's schema, and says why. SIGTERM, SIGINT and
    SIGHUP finish what is in flight and end it. Exit status 1 when it could not go on.
    """
    settings = settings_of_bridge()
    _log(settings)
    warn(settings)
    with (
        closing(_ledger(settings)) as ledger,
        channels_of(settings, ledger) as opened,
    ):
        if not _there(settings, ledger):
            return
        try:
            run(settings, opened, ledger)
        except LoopFailed:
            raise SystemExit(1) from None


def _log(settings: Settings) -> None:
    logs.configure(level=settings.bridge.log_level, form=settings.bridge.log_format)


def _ledger(settings: Settings) -> Ledger:
    return open_ledger(settings.bridge.database, pool_size=settings.bridge.pool_size, guarded=True)


def _there(settings: Settings, ledger: Ledger) -> bool:
    """Wait until the ledger can be worked with. Returns False when told to end first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())

    def look() -> None:
        if _LOOKED in os.environ:  # of `serve`, which may have started before its database
            create_schema(settings)
        ledger.check()

    return when_there(look, stop.wait)


def _made(settings: Settings) -> bool:
    """Give an empty database its schema. Returns False, and says why, where it cannot be worked with."""
    try:
        create_schema(settings)
        with ledger_of(settings) as ledger:
            ledger.try_out()
    except LedgerUnavailable as away:
        log.error("the database cannot be worked with, the web says so until it can", reason=str(away))
        return False
    return True


def _check(settings: Settings, *, there: bool) -> None:
    """Raise SettingsFaults here, before any process meets them; `there`: the database can be worked with."""
    with closing(_ledger(settings)) as ledger, channels_of(settings, ledger):
        faults = list(trials(settings, ledger if there else None))
    if faults:
        raise SettingsFaults(faults)


def gunicorn_file() -> Path:
    """Return gunicorn.py beside the configuration, else the one that came with the bridge."""
    beside = Path(os.environ.get(PATH_VARIABLE) or DEFAULT_PATH).parent
    checkout = Path(bridge.__file__).parents[1] / "config"
    installed = Path(sysconfig.get_path("data")) / "share" / "qa-sms-bridge" / "config"
    for folder in (beside, checkout, installed):
        if (folder / "gunicorn.py").is_file():
            return folder / "gunicorn.py"
    raise Trouble("gunicorn.py was not found; put the bridge's config/gunicorn.py beside your configuration.")
