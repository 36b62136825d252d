"""`sms-bridge serve` and `sms-bridge worker`: the processes that do the work."""

import os
import signal
import sys
import sysconfig
from pathlib import Path

import click

import bridge
from bridge import logs
from bridge.services.setup.trying import trials
from bridge.services.upkeep import channels_of, create_schema, ledger_of
from bridge.settings import DEFAULT_PATH, PATH_VARIABLE, Settings, SettingsFaults, obstacles, warn
from bridge.worker import LoopFailed, run

from ..terminal.opening import Trouble, settings_of_bridge
from .supervisor import Child, Supervisor

_GRACE_S = 75.0
_LOOKED = "SMS_BRIDGE_SERVED"
"""Tells gunicorn that somebody has looked before it is asked to reload."""


@click.command()
@click.option("--bind", help="Where the web listens. [default: SMS_BRIDGE_BIND or 127.0.0.1:8000]")
@click.option("--web-workers", type=click.IntRange(1), help="Web processes. [default: one a core, at most 4]")
def serve(bind: str | None, web_workers: int | None) -> None:
    """Run the whole bridge: gunicorn and one worker, started again when it dies.

    An empty database gets its schema; an old one is refused. SIGTERM and SIGINT finish what is in flight,
    SIGHUP reads the configuration anew.
    """
    settings = settings_of_bridge()
    _log(settings)
    create_schema(settings)
    _check(settings)
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

    SIGTERM, SIGINT and SIGHUP finish what is in flight and end it. Exit status 1 when it could not go on.
    """
    settings = settings_of_bridge()
    _log(settings)
    warn(settings)
    with (
        ledger_of(settings, pool_size=settings.bridge.pool_size) as ledger,
        channels_of(settings, ledger) as opened,
    ):
        try:
            run(settings, opened, ledger)
        except LoopFailed:
            raise SystemExit(1) from None


def _log(settings: Settings) -> None:
    logs.configure(level=settings.bridge.log_level, form=settings.bridge.log_format)


def _check(settings: Settings) -> None:
    """Raise SettingsFaults or LedgerUnavailable here, before any process meets them."""
    with ledger_of(settings) as ledger, channels_of(settings, ledger):
        faults = list(trials(settings, ledger))
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
