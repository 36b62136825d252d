"""From the configuration file to a running application; each gunicorn worker does it once, after its fork."""

import atexit
import errno
import threading
import time

import structlog
from flask import Flask

from bridge import logs, metrics, tracing
from bridge.channels import discover, open_channels
from bridge.channels.registry import close_channels
from bridge.channels.turnstile import EXTENSION, Turnstile
from bridge.ledger import LedgerUnavailable, open_ledger
from bridge.services import ChannelHistory, build
from bridge.services.awaiting import when_there
from bridge.settings import SettingsFaults, load

from .app import create_app

log = structlog.get_logger("bridge.web")

_THREADS = 8
"""Of a process that does not say: see `PromptWorker.load_wsgi`."""
_CANNOT_START = 3
"""gunicorn's own status for a process that would fail again: it then ends them all."""
_GIVES_WAY = 1
_PASSES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM})
"""What the machine lacks for a while: room on the disk, files, memory."""


def assemble() -> Flask:
    """Make the application of the configuration that SMS_BRIDGE_CONFIG names.

    With faults in it the process ends and says what to do. Without its database it starts all the same:
    /readyz and the log say why, and what needs the database is answered as a failure until it is there.
    """
    try:
        return _assembled()
    except (SettingsFaults, LedgerUnavailable) as fault:
        log.critical("the bridge cannot start", reason=str(fault))
        raise SystemExit(_CANNOT_START) from None
    except OSError as error:
        if error.errno in _PASSES:
            log.error("the machine lacks something, this process gives way to another", reason=error.strerror)
            raise SystemExit(_GIVES_WAY) from None
        if error.filename is None:
            raise
        log.critical("the bridge cannot start", reason=f"{error.filename}: {error.strerror}.")
        raise SystemExit(_CANNOT_START) from None


def _assembled() -> Flask:
    settings = load()
    logs.configure(level=settings.bridge.log_level, form=settings.bridge.log_format)
    logs.hide(settings.secrets())
    logs.adopt("gunicorn.error")
    logs.catch_uncaught()
    metrics.share(settings.bridge.metrics_dir, "web")
    tracing.start("sms-bridge-web")
    ledger = open_ledger(settings.bridge.database, pool_size=settings.bridge.pool_size, guarded=True)
    atexit.register(ledger.close)
    threading.Thread(target=when_there, args=(ledger.check,), name="database", daemon=True).start()
    channels = open_channels(settings, discover(), lambda name: ChannelHistory(ledger, name, time.time))
    atexit.register(close_channels, channels)
    app = create_app(settings, build(settings, channels, ledger, time.time), ledger)
    app.extensions[EXTENSION] = turnstile = Turnstile(_THREADS)
    for channel in channels.values():
        for account in channel.accounts.values():
            account.hooks.turnstile = turnstile
    return app
