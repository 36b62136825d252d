"""Nothing private is written to a log, whoever logs it and in whatever form."""

import base64
import errno
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from pydantic import SecretStr

from bridge import logs
from bridge.plugin import Message, Phone

SECRET = "s3cr/et+ключ=="
PHONE = Phone("13800138000", "+8613800138000")
NUMBERS = ("13800138000", "4155552671", "555 2671", "555-2671", "0138-0013", "0138 0013")


@pytest.fixture(params=["json", "text"])
def output(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Yield what is logged in each form, while SECRET is known to be one."""
    monkeypatch.setattr(logs, "_secrets", frozenset())
    monkeypatch.setattr(logs, "_secret_pattern", logs._secret_pattern)
    logs.hide([SECRET, "abc"])
    stream = io.StringIO()
    logs.configure(level="DEBUG", form=request.param, stream=stream)
    yield stream
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to 13800138000.", "to 138******00."),
        ("to +8613800138000", "to +86*********00"),
        ("to 008613800138000", "to 008**********00"),
        ("tel13800138000x", "tel138******00x"),
        ("13800138000,13900139000", "138******00,139******00"),
        ("138-0013-8000 138 0013 8000", "138********00 138********00"),
        ("+1 (415) 555-2671", "+1 ************71"),
        ("(415) 555-2671", "(41*********71"),
        ("415-555-2671", "415*******71"),
        ("To=%2B14155552671&x", "To=%2B*********71&x"),
        (r'{"to": "\u002b14155552671"}', r'{"to": "\u0************71"}'),
        ("5552671", "*******"),
        ("85212345678", "852******78"),
    ],
)
def test_numbers_are_masked(text: str, expected: str) -> None:
    """Every way of writing a number loses its middle."""
    assert logs.masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 08:01:02",
        "2026-11-23T08:01:02.123456+08:00",
        "k3j12345678901",
        "00112233445566778899aabbccddeeff",
        "900619746936498440^0",
        "took 0.12345678 s",
        "port 54321, 123456 recipients",
        "10.11.12.13:8080",
        "1,000,000",
    ],
)
def test_our_own_values_survive(text: str) -> None:
    """Times, references, counts and vendors' long ids stay readable."""
    assert logs.masked(text) == text


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.b64encode(f"us:{SECRET}:more".encode()).decode(),
        base64.urlsafe_b64encode(f"u:{SECRET}".encode()).decode(),
    ],
)
def test_every_form_of_a_secret_is_hidden(output: io.StringIO, form: str) -> None:
    """As itself, URL-encoded, in JSON and in base64 at any offset."""
    text = logs.masked(f"<{form}>")
    assert "[hidden]" in text
    assert form[4:-6] not in text


def test_short_secrets_are_left_alone(output: io.StringIO) -> None:
    """Hiding three letters would make every text unreadable."""
    assert logs.masked("abc") == "abc"


LEAKS: list[Callable[[Any], object]] = [
    lambda log: log.info("to 13800138000 " + SECRET),
    lambda log: log.info("to %s", "+14155552671"),
    lambda log: log.info("x", phone=PHONE, phones=[PHONE], by={"+14155552671": SECRET}),
    lambda log: log.info("x", number=13800138000),
    lambda log: log.info("x", number=13800138000.0),
    lambda log: log.info("x", message=Message("m1", PHONE, {"name": SECRET}, "13800138000")),
    lambda log: log.info("x", body=b"13800138000 " + SECRET.encode(), secret=SecretStr(SECRET)),
    lambda log: log.info("x", nested=({"a": ["13800138000", (SECRET,)]},)),
    lambda log: logging.getLogger("third").warning("to %s %s", "138 0013 8000", SECRET),
    lambda log: logging.getLogger("third").warning({"to": "13800138000"}),
    lambda log: logging.getLogger("urllib3.connectionpool").warning("GET /?To=%2B14155552671"),
    lambda log: warnings.warn(f"13800138000 {SECRET}", UserWarning, stacklevel=1),
]


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.filterwarnings("default")
def test_nothing_private_is_written(output: io.StringIO, leak: Callable[[Any], object]) -> None:
    """Events, arguments, keys, nested values, third-party loggers and warnings are all masked."""
    logging.captureWarnings(False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        leak(structlog.get_logger("bridge.test"))
        logging.captureWarnings(False)
    assert_clean(output.getvalue())


@pytest.mark.parametrize("name", ["bridge.test", "third"])
def test_tracebacks_are_masked(output: io.StringIO, name: str) -> None:
    """The texts of an exception, of its cause and of its notes are masked, and no local is shown."""
    secret_local = SECRET
    try:
        try:
            raise ValueError("number " + "13800" + "138000")
        except ValueError as cause:
            error = RuntimeError(secret_local)
            error.add_note("+1" + "4155552671")
            raise error from cause
    except RuntimeError:
        structlog.get_logger(name).exception("failed")
    text = output.getvalue()
    assert_clean(text)
    assert "ValueError: number 138******00" in text
    assert "RuntimeError: [hidden]" in text


def test_uncaught_exceptions_are_logged_masked(output: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own reports of uncaught exceptions, in threads too, go through the log."""
    for module, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, hook, getattr(module, hook))
    logs.catch_uncaught()

    def fail() -> None:
        raise ValueError("number " + "13800" + "138000 " + SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError:
        sys.excepthook(*sys.exc_info())
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    text = output.getvalue()
    assert_clean(text)
    assert text.count("uncaught exception") == 2


def test_an_event_that_cannot_be_written_leaks_nothing(
    output: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """logging's own report would show the arguments."""
    record = logging.LogRecord("third", logging.WARNING, "x.py", 1, "%d messages", ("13800138000",), None)
    logging.getLogger().handlers[0].handle(record)
    assert capsys.readouterr().err == "an event of third could not be logged (TypeError)\n"


class Full(io.StringIO):
    """A log on a disk without room."""

    def write(self, text: str, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_ends_nothing_that_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call to a vendor goes on though nothing can be written about it."""
    monkeypatch.setattr(sys, "stderr", Full())
    logs.configure(stream=Full())
    structlog.get_logger("bridge").info("calling")


def test_an_event_tells_its_context() -> None:
    """Request, channel and batch come from the context; the values we make stay as they are."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    request_id = "0013800138000aaaaaaaaaaaaaaaaaaa"
    named = {"channel": "13800138000", "worker": "web-13800138000-1234567", "account": "20261101"}
    with logs.bound_contextvars(request_id=request_id, batch="b1", **named):
        structlog.get_logger("bridge.test").info("sent", count=3, at=datetime(2026, 11, 1, tzinfo=UTC))
    event = json.loads(stream.getvalue())
    assert event.pop("timestamp").startswith("20")
    assert event == {
        "event": "sent",
        "level": "info",
        "logger": "bridge.test",
        "request_id": request_id,
        **named,
        "batch": "b1",
        "count": 3,
        "at": "2026-11-01T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("urllib3.connectionpool", False),
        ("twilio.http_client", False),
        ("darabonba-core", False),
        ("bridge", True),
    ],
)
def test_chatty_libraries_are_quiet(output: io.StringIO, name: str, written: bool) -> None:
    """Libraries that log each request are heard from WARNING upwards."""
    logging.getLogger(name).info("GET")
    assert bool(output.getvalue()) is written


def test_adopted_loggers_write_through_ours(output: io.StringIO) -> None:
    """gunicorn's loggers have handlers of their own until they are adopted."""
    logger = logging.getLogger("test.adopted")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    logs.adopt("test.adopted")
    logger.warning("to 13800138000")
    assert "138******00" in output.getvalue()


def assert_clean(text: str) -> None:
    assert text
    assert SECRET not in text
    assert not [number for number in NUMBERS if number in text]
