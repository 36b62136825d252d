"""Large requests: 100,000 recipients in bounded memory, and a clear answer to what is too large."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from .conftest import Worlds
from .world import TEMPLATE, World


def test_a_hundred_thousand_recipients_in_bounded_memory(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.web.large", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    found = json.loads(run.stdout)
    assert found["code"] == "OK"
    assert found["size"] > 16_000_000
    # Measured at 7 times the body: the bytes, their text, the values and the rows made from them.
    assert found["peak"] - found["before"] < 12 * found["size"] / 1_000_000
    assert "1380000" not in run.stdout + run.stderr


class Endless(io.RawIOBase):
    """A body that never ends; counts what was read of it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        view[:] = b" " * len(view)
        self.taken += len(view)
        assert self.taken < 1_000_000, "it was read to the end"
        return len(view)


def limited(worlds: Worlds) -> World:
    return worlds(bridge={"max_request_bytes": 10_000})


def poured(world: World, body: Endless, *, signed: bool, **environ: object) -> TestResponse:
    """Return a POST whose body is the stream."""
    sent = world.signed() if signed else {}
    return world.client.post("/sms/smsTemplate", environ_overrides={"wsgi.input": body, **environ}, **sent)


def test_too_large_by_its_own_account_is_not_read_at_all(worlds: Worlds) -> None:
    body = Endless()
    answer = poured(limited(worlds), body, signed=True, CONTENT_LENGTH="10001")
    assert (answer.status_code, answer.get_json()["code"]) == (200, "REQUEST_TOO_LARGE")
    assert "10000 bytes" in answer.get_json()["message"]
    assert body.taken == 0


def test_too_large_without_saying_so_is_read_no_further(worlds: Worlds) -> None:
    body, environ = Endless(), {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = poured(limited(worlds), body, signed=True, **environ)
    assert (answer.status_code, answer.get_json()["code"]) == (200, "REQUEST_TOO_LARGE")
    assert 0 < body.taken < 200_000


def test_an_unsigned_request_is_not_read(world: World) -> None:
    body = Endless()
    answer = poured(world, body, signed=False, CONTENT_LENGTH="10000")
    assert (answer.status_code, body.taken) == (401, 0)


def test_a_caller_who_hangs_up(world: World) -> None:
    environ = {"wsgi.input": io.BytesIO(b'{"rem'), "CONTENT_LENGTH": "100"}
    answer = world.client.post("/sms/smsTemplate", environ_overrides=environ, **world.signed()).get_json()
    assert (answer["code"], answer["message"]) == (
        "UNREADABLE_BODY",
        "The body of the request is incomplete.",
    )


@pytest.mark.parametrize(("slack", "code"), [(0, "OK"), (-1, "REQUEST_TOO_LARGE")])
def test_exactly_at_the_limit(worlds: Worlds, slack: int, code: str) -> None:
    raw = json.dumps(TEMPLATE).encode()
    world = worlds(bridge={"max_request_bytes": len(raw) + slack})
    assert world.call("POST", "/sms/smsTemplate", raw).get_json()["code"] == code


def test_large_requests_are_served_one_at_a_time_and_small_ones_meanwhile(world: World) -> None:
    """So that the memory of one is all that a process needs; while the first is served, nobody else is."""
    path, code = "/sms/sendBatchList", world.template()
    large = world.send(code, outId="large", padding="x" * 1_000_000)
    small = world.send(code, outId="small")
    answers: dict[str, str] = {}

    def post(name: str, body: dict[str, Any], sent: dict[str, Any]) -> None:
        answer = world.app.test_client().post(path, json=body, **sent)
        answers[name] = answer.get_json()["code"]

    def started(name: str, body: dict[str, Any]) -> threading.Thread:
        thread = threading.Thread(target=post, args=(name, body, world.signed()))
        thread.start()
        return thread

    others: list[threading.Thread] = []
    send: Callable[..., str] = world.services["promo"].accepting.send_list

    def watched(body: Any, *rest: Any) -> str:
        if not others:
            others.append(started("second", large | {"outId": "later"}))
            started("small", small).join(30)
            others[0].join(0.5)
            answers["meanwhile"] = ", ".join(answers)
        return send(body, *rest)

    world.services["promo"].accepting.send_list = watched  # type: ignore[assignment,method-assign]
    post("first", large, world.signed())
    others[0].join(30)
    assert answers.pop("meanwhile") == "small"
    assert answers == dict.fromkeys(("small", "first", "second"), "OK")
