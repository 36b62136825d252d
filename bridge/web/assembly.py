"""From the configuration file to a running application; each gunicorn worker does it once, after its fork."""

import atexit
import time

from flask import Flask

from bridge import logs, metrics
from bridge.channels import discover, open_channels
from bridge.channels.registry import close_channels
from bridge.ledger import open_ledger
from bridge.services import ChannelRecords, build
from bridge.settings import load

from .app import create_app


def assemble() -> Flask:
    """The application of the configuration that SMS_BRIDGE_CONFIG names.

    Raises SettingsFaults or LedgerUnavailable; an old database schema is refused with the command to run.
    """
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
