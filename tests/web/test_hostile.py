"""What an outsider may try: it ends in a plain refusal, an ordinary log line, and no call of a service."""

import io
import json
from typing import Any

import pytest

from bridge import logs

from .world import TOKEN, World

DEEP = 100_000
# Path, body of a signed POST (None: a GET), the status and the `code` of the envelope.
ROWS: dict[str, tuple[str, bytes | None, int, str]] = {
    "NUL in a name": ("/promo/sms/smsSign/Acme%00", None, 404, "404"),
    "a name that is no UTF-8": ("/promo/sms/smsSign/Acme%ff", None, 404, "404"),
    "a name without end": ("/promo/sms/smsSign/" + "A" * 5000, None, 404, "404"),
    "no operation": ("/promo/sms/%2e%2e/healthz", None, 404, "404"),
    "dots": ("/promo/sms/../../healthz", None, 404, "404"),
    "an encoded slash before sms": ("/promo%2Fsms/smsSign/Acme", None, 404, ""),
    "a channel that is no UTF-8": ("/%ff/sms/smsSign/Acme", None, 404, "404"),
    "a channel without end": ("/" + "a" * 5000 + "/sms/smsSign/Acme", None, 404, "404"),
    "out of the documentation's folder": ("/docs/..%2f..%2fapp.py", None, 404, ""),
    "a file of the package": ("/docs/README.md", None, 404, ""),
    "lists in lists": ("/promo/sms/sendBatchList", b'{"a":' + b"[" * DEEP, 200, "UNREADABLE_BODY"),
    "objects in objects": ("/promo/sms/sendBatchList", b'{"a":' * DEEP, 200, "UNREADABLE_BODY"),
    "lists in a text": (
        "/promo/sms/sendBatchList",
        json.dumps({"outId": "o", "phoneNumberJson": "[" * DEEP}).encode(),
        200,
        "INVALID_FIELD",
    ),
    "a number without end": (
        "/promo/sms/sendBatchList",
        b'{"limit":' + b"9" * 100_000 + b"}",
        200,
        "MISSING_FIELD",
    ),
    "a name twice": ("/promo/sms/sendBatchList", b'{"outId":"a","outId":["b"]}', 200, "MISSING_FIELD"),
    "no JSON number": ("/promo/sms/sendBatchList", b'{"limit":NaN}', 200, "UNREADABLE_BODY"),
    "a list": ("/promo/sms/sendBatchList", b"[]", 200, "UNREADABLE_BODY"),
    "UTF-16": ("/promo/sms/sendBatchList", "{}".encode("utf-16"), 200, "UNREADABLE_BODY"),
    "nothing": ("/promo/sms/sendBatchList", b"", 200, "UNREADABLE_BODY"),
}


@pytest.mark.parametrize(("path", "body", "status", "code"), ROWS.values(), ids=ROWS)
def test_it_is_refused(
    world: World, logged: io.StringIO, path: str, body: bytes | None, status: int, code: str
) -> None:
    raw = {"RAW_URI": path, "REQUEST_URI": path}
    answer = world.call("GET" if body is None else "POST", path, body, environ_overrides=raw)
    found: Any = answer.get_json()
    assert (answer.status_code, found.get("code", "")) == (status, code)
    assert world.vendor().signs == []
    assert "Traceback" not in logged.getvalue()
    assert max(map(len, logged.getvalue().splitlines()), default=0) < 1500


CONTROL = ["%1b[31m", "%07", "%0afake", "%0dfake", "%c2%9b31m", "%e2%80%a8fake", "%e2%80%aeekaf", "%00"]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("tail", CONTROL)
def test_nobody_writes_into_the_log(world: World, tail: str, form: str) -> None:
    """One request is one line, and a terminal that shows it obeys nothing in it."""
    stream = io.StringIO()
    logs.configure(form=form, stream=stream)
    path = f"/promo/sms/x{tail}"
    world.client.get(path, environ_overrides={"RAW_URI": path, "REQUEST_URI": path})
    [line] = stream.getvalue().splitlines()
    assert "unknown route" in line
    assert all(character.isprintable() for character in line)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PATCH", "DELETE", "PROPFIND", "X" * 20])
@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/docs", "/promo/sms/sendBatchList", f"/hooks/promo/{TOKEN}"]
)
def test_other_methods_reach_nothing(world: World, method: str, path: str) -> None:
    world.vendor().webhook = lambda request: pytest.fail("the plugin was called")
    assert world.client.open(path, method=method).status_code in (404, 405)
