"""Logging for every process: structured, with request id, channel and batch, and nothing private in it.

One formatter serves our events and those of third-party libraries. Before it writes, it masks everything
that looks like a phone number and every known secret, in events, values, exception texts and tracebacks.
"""

import base64
import json
import logging
import re
import sys
import threading
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import Processor

from bridge.plugin import Phone
from bridge.plugin.masking import mask_numbers

__all__ = ["adopt", "bound_contextvars", "catch_uncaught", "configure", "hide", "masked"]

HIDDEN = "[hidden]"
_QUIET = (
    "twilio.http_client",
    "urllib3",
    "requests",
    "darabonba-core",
    "alibabacloud-tea",
    "sqlalchemy",
    "alembic",
)
_OUR_OWN = frozenset({"timestamp", "level", "logger", "request_id", "worker", "channel", "account", "plugin"})
"""Keys whose values we or the operator make: a random request id, a process id or the name of a channel or an
account may be or hold a run of digits."""

# Beside line ends, which tracebacks need: what moves a cursor, colours or rings, and Unicode's own line ends.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LEAST_SECRET = 4
_nothing = re.compile(r"(?!)")
_secrets: frozenset[str] = frozenset()
_secret_pattern = _nothing


def hide(secrets: Iterable[str]) -> None:
    """Hide these values from now on, and their URL-encoded, JSON and base64 forms.

    Values shorter than 4 characters are ignored: hiding them would make every text unreadable.
    """
    global _secrets, _secret_pattern
    _secrets |= {secret for secret in secrets if len(secret) >= _LEAST_SECRET}
    forms = sorted({form for secret in _secrets for form in _forms(secret)}, key=len, reverse=True)
    _secret_pattern = re.compile("|".join(map(re.escape, forms))) if forms else _nothing


def _forms(secret: str) -> Iterable[str]:
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield from (json.dumps(secret)[1:-1], repr(secret)[1:-1])
    # Base64 of a text that contains the secret (Basic authentication) shows it at one of three offsets; the
    # characters that mix in neighbouring bytes are cut.
    data = secret.encode()
    if len(data) < 6:
        return
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + data).decode().rstrip("=")
        part = whole[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        yield from (part, part.replace("+", "-").replace("/", "_"))


def masked(text: str) -> str:
    """Return the text with secrets hidden, phone numbers masked, and nothing that a terminal would obey."""
    # Numbers first: the letters of an escape before a number would make it a part of a longer word.
    text = mask_numbers(_secret_pattern.sub(HIDDEN, text))
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _safe(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {masked(str(key)): _safe(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return [_safe(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < 10**10 else _shorter(value)
    return masked(_text(value))


def _shorter(number: float) -> float | str:
    text = masked(str(number))
    return number if text == str(number) else text


def _text(value: object) -> str:
    if isinstance(value, str | Phone):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return repr(value)


def _mask_event(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the structlog processor that makes every value safe, whoever logged it."""
    return {
        masked(key): value if key in _OUR_OWN and isinstance(value, str) else _safe(value)
        for key, value in event.items()
    }


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        # The standard one prints the event's arguments as they are.
        kind = sys.exc_info()[0]
        name = kind.__name__ if kind else "unknown error"
        with suppress(OSError):  # a full disk must not end what was being done
            sys.stderr.write(f"an event of {record.name} could not be logged ({name})\n")


def configure(*, level: str = "INFO", form: str = "json", stream: TextIO | None = None) -> None:
    """Send every event of this process, ours and others', to `stream` (standard error).

    `form` is "json" or "text". Calling it again replaces the earlier configuration.
    """
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _mask_event,
                _renderer(form),
            ],
            foreign_pre_chain=_shared(),
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared() -> list[Processor]:
    """Return what is added to every event, ours and third-party libraries'."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _renderer(form: str) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )


def adopt(*names: str) -> None:
    """Let loggers that write by themselves (gunicorn's) pass their events on to ours."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


def catch_uncaught() -> None:
    """Log exceptions that nothing caught, masked, instead of letting Python print them as they are."""
    log = structlog.get_logger("bridge")

    def report(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt | SystemExit):
            return
        log.critical("uncaught exception", exc_info=(kind, error or kind(), trace))

    sys.excepthook = report
    threading.excepthook = lambda args: report(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: report(args.exc_type, args.exc_value, args.exc_traceback)
