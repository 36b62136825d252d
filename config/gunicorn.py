"""The web processes: `gunicorn -c config/gunicorn.py wsgi:app`, or started for you by `sms-bridge serve`.

Three settings come from the environment; a command line option of gunicorn overrides anything here:

    SMS_BRIDGE_BIND          where to listen (127.0.0.1:8000)
    SMS_BRIDGE_WEB_WORKERS   processes (one per core, at most 4)
    SMS_BRIDGE_WEB_THREADS   requests that one process answers at a time (8)

The bridge's own configuration is the file that SMS_BRIDGE_CONFIG names (config/bridge.toml). SIGHUP reads it
anew; where it has faults, or the database takes nothing, the log says so and all goes on as before.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from gunicorn.glogging import Logger

from bridge import logs, metrics
from bridge.collecting import keep_what_is_loaded
from bridge.settings import SettingsFaults, load, obstacles, warn
from bridge.settings.listening import BIND, require_addresses, web_of

# Read here once, so that a fault is told before anything starts. Nothing else is built before the fork:
# connections and plugins must not be shared between processes.
try:
    _settings = load()
    _web = web_of(os.environ)
except SettingsFaults as faults:
    sys.exit(f"The bridge cannot start:\n{faults}")
_bridge = _settings.bridge

# Quick Audience speaks HTTP/1.1 through a proxy that ends TLS; bind to a public address only behind one.
bind = _web.bind

# Reading a large send keeps a core busy (0.3 s for 100,000 recipients), waiting for the database does not.
workers = _web.workers
worker_class = "bridge.web.threads.PromptWorker"  # gthread that ends without waiting for idle connections
threads = _web.threads

# Each process loads the application after its fork.
preload_app = False

# A process that shows no sign of life for so long is killed; requests themselves may take longer.
timeout = 60

# After SIGTERM a process has so long to finish what it is answering. What was answered is stored already;
# what was not answered is repeated by Quick Audience or the vendor.
graceful_timeout = 30

# Longer than the proxy keeps its own connections (nginx: 60 s), so that it never meets a closing one.
keepalive = 75

# Connections waiting to be taken, and kept open, per process.
backlog = 1024
worker_connections = 1000

# Request line and headers of Quick Audience and of vendors stay far below; bodies are limited by
# `max_request_bytes` in config/bridge.toml.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# Of a proxy's headers only X-Forwarded-For counts (see `trusted_proxies`). Others, which gunicorn would take
# from a caller on this machine, may disagree with each other, or stem from whoever calls the proxy.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

# Processes are not renewed: they keep their size.
max_requests = 0

# The sign of life is a file; on a disk under load, writing it may take longer than `timeout`.
# Some machines let no service write to their RAM disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - names there are random

# The bridge logs every request itself, with masked numbers; gunicorn's access log would show hook tokens.
accesslog = None
errorlog = "-"
loglevel = _bridge.log_level.lower()

# No remote control of the processes beside signals.
control_socket_disable = True


class _Logger(Logger):  # type: ignore[misc]
    """gunicorn's own messages in the bridge's form, with numbers and secrets masked."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logs.configure(level=_bridge.log_level, form=_bridge.log_format)
        logs.adopt("gunicorn.error")


logger_class = _Logger


def _careful(reload: Callable[[], None], log: Any) -> Callable[[], None]:
    """Look before a reload: one new process that cannot start would end them all."""

    def handle_hup() -> None:
        if faults := obstacles():
            log.error("not reloaded, all goes on as before: %s", " ".join(faults))
        else:
            reload()

    return handle_hup


def on_starting(server: Any) -> None:
    """Say what deserves a look, forget what earlier web processes counted, and look before each reload."""
    # Also what a command line says. gunicorn would try a wrong address for seconds, and say it five times.
    try:
        require_addresses(BIND, ",".join(server.cfg.bind), os.environ)
    except SettingsFaults as faults:
        sys.exit(f"The bridge cannot start:\n{faults}")
    if "SMS_BRIDGE_SERVED" not in os.environ:  # `sms-bridge serve` looks itself
        server.handle_hup = _careful(server.handle_hup, server.log)
    warn(_settings)
    metrics.clear(_bridge.metrics_dir, "web")


def post_worker_init(worker: Any) -> None:
    """Keep what a process has loaded out of garbage collection."""
    keep_what_is_loaded()


def child_exit(server: Any, worker: Any) -> None:
    """Forget the requests of a process that ended: those it was answering are no longer in flight."""
    metrics.forget(_bridge.metrics_dir, "web", worker.pid)
