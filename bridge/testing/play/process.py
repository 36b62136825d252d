"""Finds what a plugin changes of the process it shares: every other channel lives in it."""

import atexit
import builtins
import decimal
import email.utils
import gc
import hashlib
import http.client
import importlib
import json
import locale
import logging
import logging.config
import os
import random
import resource
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import requests
import urllib3

from .swapping import rebound, swapped
from .watch import Watch

_MODULES: tuple[ModuleType, ...] = (
    *(requests, requests.adapters, requests.sessions, requests.api, urllib3, urllib3.connection),
    *(urllib3.util.connection, email.utils, hashlib, uuid, urllib.request, urllib.parse),
    *(urllib3.connectionpool, urllib3.util.retry, urllib3.util.ssl_, socket, ssl, http.client, json, time),
    *(
        builtins,
        logging,
        threading,
        random,
        importlib.import_module("hmac"),
        importlib.import_module("select"),
    ),
)
_CLASSES: tuple[type, ...] = (
    *(requests.Session, requests.adapters.HTTPAdapter, requests.Response, requests.PreparedRequest),
    *(urllib3.HTTPConnectionPool, urllib3.connection.HTTPConnection, urllib3.Retry, urllib3.PoolManager),
    *(socket.socket, ssl.SSLContext, http.client.HTTPConnection, http.client.HTTPResponse),
    *(logging.Logger, logging.Handler, logging.LogRecord, json.JSONEncoder, threading.Thread),
)
_CLIENTS = ("requests", "urllib3", "http.client")
_OURS = ("", "bridge", "bridge.plugin", "urllib3", "requests")
"""Loggers that are not the plugin's to set; "" is the root."""
_LIMITS = [name for name in dir(resource) if name.startswith("RLIMIT_")]
_SIGNALS = sorted(map(int, signal.valid_signals()))
_getsignal: Callable[[int], Any] = importlib.import_module("_signal").getsignal
"""Without the names that the module makes of handlers, which takes its time."""
_SEEDED = "random numbers were seeded: those of the whole process can be foretold now"
_OPENER = "an opener was installed for the whole process (install_opener): keep it in the vendor object"
_LOGGING = "logging was set up for the whole process: that is the operator's, in the bridge's configuration"
_NOTED = {
    "random.seed": _SEEDED,
    "urllib.request.install_opener": _OPENER,
    "logging.basicConfig": _LOGGING,
    "logging.captureWarnings": _LOGGING,
    "logging.config.dictConfig": _LOGGING,
    "logging.config.fileConfig": _LOGGING,
}
"""Functions that change what is everybody's, and cannot be told by a look before and after."""

Settings = Mapping[str, tuple[Any, Callable[[Any], object] | None]]
"""What the process is set to, by its name in a sentence, with the function that sets it back."""


@contextmanager
def guarded_process(watch: Watch) -> Iterator[None]:
    """Note what of the process is another at the end of the block, and set it back."""
    before, patched = _settings(), _attributes()
    with ExitStack() as stack:
        for name, sentence in _NOTED.items():
            stack.enter_context(_noted(watch, name, sentence))
        stack.enter_context(_left_for_the_end(watch))
        yield
    after = _settings()
    for name, (value, restore) in before.items():
        if after[name][0] != value:
            watch.fault(f"{name} was changed: it is everybody's, leave it as it is")
            if restore is not None:
                restore(value)
    _put_back(watch, patched)


@contextmanager
def _left_for_the_end(watch: Watch) -> Iterator[None]:
    """Note what modules of the plugin leave for the end of the process; it is not done then."""
    register = atexit.register

    def noted(function: Any, *args: Any, **kwargs: Any) -> Any:
        asked = str(sys._getframe(1).f_globals.get("__name__")).partition(".")[0]
        if watch.module and asked == watch.module:
            watch.fault(
                "something was left for the end of the process (atexit): `close` is the end of a channel"
            )
            return function
        return register(function, *args, **kwargs)

    with swapped(atexit, "register", noted), rebound(watch.names, register, noted):
        yield


@contextmanager
def _noted(watch: Watch, name: str, sentence: str) -> Iterator[None]:
    place, _, attribute = name.rpartition(".")
    module = importlib.import_module(place)
    function: Any = getattr(module, attribute)

    def noted(*args: Any, **kwargs: Any) -> Any:
        watch.fault(sentence)
        return function(*args, **kwargs)

    with rebound(watch.names, function, noted), swapped(module, attribute, noted):
        yield


def _settings() -> Settings:
    context = decimal.getcontext()
    return {
        "the locale": (locale.setlocale(locale.LC_ALL), lambda value: locale.setlocale(locale.LC_ALL, value)),
        "the working directory": (str(Path.cwd()), os.chdir),
        "the mask of new files (umask)": (_umask(), os.umask),
        "the module search path (sys.path)": (list(sys.path), lambda value: setattr(sys, "path", value)),
        "the depth of recursion": (sys.getrecursionlimit(), sys.setrecursionlimit),
        "the pace of threads (setswitchinterval)": (sys.getswitchinterval(), sys.setswitchinterval),
        "sys.excepthook": (sys.excepthook, lambda value: setattr(sys, "excepthook", value)),
        "threading.excepthook": (threading.excepthook, lambda value: setattr(threading, "excepthook", value)),
        "the stack of threads": (threading.stack_size(), threading.stack_size),
        "the collection of garbage": (gc.isenabled(), lambda value: gc.enable() if value else gc.disable()),
        "the pace of the collection of garbage": (gc.get_threshold(), lambda value: gc.set_threshold(*value)),
        "the longest integer (set_int_max_str_digits)": (
            sys.get_int_max_str_digits(),
            sys.set_int_max_str_digits,
        ),
        "the arguments of the process (sys.argv)": (
            list(sys.argv),
            lambda value: setattr(sys, "argv", value),
        ),
        "the profiling of every function": (sys.getprofile(), sys.setprofile),
        "the tracing of every line": (sys.gettrace(), sys.settrace),
        "the limits of the process (setrlimit)": (_limits(), _set_limits),
        "the precision of decimals": ((context.prec, context.rounding), _set_decimals),
        "the handling of signals": (_signals(), _set_signals),
        "an alarm of the process": (signal.getitimer(signal.ITIMER_REAL)[1], None),
        "the filtering of warnings": (list(warnings.filters), _set_filters),
        "the factory of log records": (logging.getLogRecordFactory(), logging.setLogRecordFactory),
        "the class of loggers": (logging.getLoggerClass(), logging.setLoggerClass),
        **{f"the logging of {name or 'the root'}": (_logger(name), partial(_set, name)) for name in _OURS},
        "the logging of everybody (logging.disable)": (logging.root.manager.disable, logging.disable),
    }


def _set_decimals(value: tuple[int, str]) -> None:
    context = decimal.getcontext()
    context.prec, context.rounding = value


def _limits() -> dict[str, tuple[int, int]]:
    return {name: resource.getrlimit(getattr(resource, name)) for name in _LIMITS}


def _set_limits(limits: Mapping[str, tuple[int, int]]) -> None:
    for name, limit in limits.items():
        resource.setrlimit(getattr(resource, name), limit)


def _umask() -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="ignore")
        return int(status.partition("Umask:")[2].split()[0], 8)
    except (OSError, ValueError, IndexError):
        return 0  # another system than Linux


def _signals() -> dict[int, Any]:
    return {number: _getsignal(number) for number in _SIGNALS}


def _set_signals(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        if threading.current_thread() is threading.main_thread() and _getsignal(number) is not handler:
            signal.signal(number, handler)


def _set_filters(filters: list[Any]) -> None:
    warnings.filters[:] = filters  # type: ignore[index]


def _logger(name: str) -> tuple[Any, ...]:
    logger = logging.getLogger(name)
    return logger.level, list(logger.handlers), list(logger.filters), logger.propagate, logger.disabled


def _set(name: str, state: tuple[Any, ...]) -> None:
    logger = logging.getLogger(name)
    logger.setLevel(state[0])
    logger.handlers[:], logger.filters[:] = state[1], state[2]
    logger.propagate, logger.disabled = state[3], state[4]


@cache
def _names() -> Mapping[Any, Sequence[str]]:
    """Return the functions and classes of what every client is made of, by their owner."""
    return {
        owner: [name for name, value in vars(owner).items() if _is_everybodys(owner, name, value)]
        for owner in (*_MODULES, *_CLASSES)
    }


def _is_everybodys(owner: object, name: str, value: object) -> bool:
    if name == "_create_default_https_context":
        return False  # told by a sentence of its own
    if isinstance(owner, ModuleType) and owner.__name__.startswith(_CLIENTS) and name.isupper():
        return True  # what every new client begins with: DEFAULT_RETRIES and its like
    return callable(value) or (isinstance(owner, type) and not name.startswith("__"))


def _attributes() -> dict[Any, list[Any]]:
    return {owner: list(map(vars(owner).get, names)) for owner, names in _names().items()}


def _put_back(watch: Watch, before: Mapping[Any, list[Any]]) -> None:
    for owner, values in _attributes().items():
        if values == before[owner]:
            continue
        where = owner.__name__ if isinstance(owner, ModuleType) else f"{owner.__module__}.{owner.__name__}"
        for name, was, now in zip(_names()[owner], before[owner], values, strict=True):
            if now is not was:
                watch.fault(
                    f"{where}.{name} was replaced: every other plugin uses it too; derive a class of your own"
                )
                setattr(owner, name, was)
