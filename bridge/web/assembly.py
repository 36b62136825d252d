"""From the configuration file to a running application; each gunicorn worker does it once, after its fork."""

import atexit
import time

import structlog
from flask import Flask

from bridge import logs, metrics
from bridge.channels import discover, open_channels
from bridge.channels.registry import close_channels
from bridge.ledger import LedgerUnavailable, open_ledger
from bridge.services import ChannelRecords, build
from bridge.settings import SettingsFaults, load

from .app import create_app

log = structlog.get_logger("bridge.web")

_CANNOT_START = 3
"""gunicorn's own status for a process that would fail again: it then ends them all."""


def assemble() -> Flask:
    """The application of the configuration that SMS_BRIDGE_CONFIG names.

    With faults in it, or an old database schema, the process ends and says what to do.
    """
    try:
        return _assembled()
    except (SettingsFaults, LedgerUnavailable) as fault:
        log.critical("the bridge cannot start", reason=str(fault))
        raise SystemExit(_CANNOT_START) from None


def _assembled() -> Flask:
    settings = load()
    logs.configure(level=settings.bridge.log_level, form=settings.bridge.log_format)
    logs.hide(settings.secrets())
    logs.adopt("gunicorn.error")
    logs.catch_uncaught()
    metrics.share(settings.bridge.metrics_dir, "web")
    ledger = open_ledger(settings.bridge.database)
    atexit.register(ledger.close)
    ledger.check()
    channels = open_channels(settings, discover(), lambda name: ChannelRecords(ledger, name, time.time))
    atexit.register(close_channels, channels)
    return create_app(settings, build(settings, channels, ledger, time.time), ledger)
