"""Webhooks of vendors: who may call, what the plugin sees, and when the vendor must call again."""

import io
from typing import Any

import pytest

from bridge import metrics
from bridge.ledger import LedgerUnavailable
from bridge.plugin import Acknowledgement, DeliveryReceipt, MessageStatus, WebhookRequest, WebhookResult

from .conftest import Worlds
from .world import TOKEN, World

HOOK = f"/hooks/promo/{TOKEN}"


def test_the_vendors_own_acknowledgement_is_given(world: World) -> None:
    world.vendor().webhook = lambda request: WebhookResult(
        acknowledgement=Acknowledgement(b'{"code":0}', "application/json", 202)
    )
    answer = world.client.post(HOOK, data=b"x")
    assert (answer.status_code, answer.data, answer.content_type) == (202, b'{"code":0}', "application/json")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    ("tail", "query", "seen"),
    [
        ("", "", ""),
        ("/", "", ""),
        ("/status", "a=1&a=2", "/status"),
        ("/a%2Fb/c%20d/", "x=%2B+", "/a/b/c d/"),
        ("//status", "", "//status"),
    ],
)
def test_what_the_plugin_sees(world: World, method: str, tail: str, query: str, seen: str) -> None:
    requests: list[WebhookRequest] = []

    def webhook(request: WebhookRequest) -> WebhookResult:
        requests.append(request)
        return WebhookResult()

    world.vendor().webhook = webhook
    target = HOOK + tail + (f"?{query}" if query else "")
    answer = world.client.open(
        HOOK + tail,
        method=method,
        query_string=query,
        data=b"\x00\xff",
        headers={"X-Twilio-Signature": "Abc="},
        environ_overrides={"RAW_URI": target, "REQUEST_URI": target, "REMOTE_ADDR": "203.0.113.9"},
    )
    assert answer.status_code == 200
    request = requests[0]
    assert (request.method, request.tail, request.query) == (method, seen, query.encode())
    assert request.url == "https://sms.example.com" + target
    assert request.headers["x-twilio-signature"] == "Abc="
    assert (request.body, request.remote_addr) == (b"\x00\xff", "203.0.113.9")


def test_without_a_public_url_the_called_one_counts(worlds: Worlds) -> None:
    world = worlds(bridge={"public_url": ""})
    urls: list[str] = []
    world.vendor().webhook = lambda request: urls.append(request.url) or WebhookResult()  # type: ignore[func-returns-value]
    world.client.get(f"{HOOK}/x?y=1", base_url="http://bridge.internal:8000")
    assert urls == [f"http://bridge.internal:8000{HOOK}/x?y=1"]


@pytest.mark.parametrize(
    "path",
    [
        f"/hooks/promo/{TOKEN[:-1]}",
        f"/hooks/promo/{TOKEN}x",
        "/hooks/promo/" + "é" * 20,
        "/hooks/promo",
        f"/hooks/nobody/{TOKEN}",
        f"/hooks/promo%2F{TOKEN}",
        f"/hooks//{TOKEN}",
    ],
)
def test_nobody_else_gets_in(world: World, path: str) -> None:
    world.vendor().webhook = lambda request: pytest.fail("the plugin was called")
    assert world.client.post(path).status_code == 404


def test_a_channel_without_a_token_has_no_webhooks(worlds: Worlds) -> None:
    world = worlds(bridge={"public_url": ""}, promo={"hook_token": ""})
    assert world.client.post("/hooks/promo/").status_code == 404
    assert world.client.post("/hooks/promo/%00").status_code == 404


def test_a_vendor_without_webhooks(world: World) -> None:
    assert world.client.post(f"/hooks/mute/{TOKEN}").status_code == 404


def test_a_forged_webhook(world: World) -> None:
    assert world.client.post(HOOK, headers={"X-Forged": "1"}).status_code == 403


def unavailable(*_: Any, **__: Any) -> None:
    raise LedgerUnavailable("The database does not answer.")


def test_what_cannot_be_stored_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> None:
    receipt = DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="v1")
    world.vendor().webhook = lambda request: WebhookResult([receipt])
    monkeypatch.setattr(world.ledger, "take_in", unavailable)
    answer = world.client.post(f"{HOOK}/status?phone=13900001111")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "database" not in answer.text
    assert "webhook not stored" in logged.getvalue()
    assert TOKEN not in logged.getvalue()
    assert "13900001111" not in logged.getvalue()


def test_a_bug_of_the_plugin_asks_for_it_again(world: World) -> None:
    world.vendor().webhook = lambda request: 1 / 0  # type: ignore[assignment,return-value]
    assert world.client.post(HOOK).status_code == 503


def test_a_webhook_that_is_too_large(worlds: Worlds) -> None:
    world = worlds(bridge={"max_request_bytes": 10})
    assert world.client.post(HOOK, data=b"x" * 11).status_code == 413
    assert world.client.post(HOOK, data=b"x" * 10).status_code == 200
    unknown_length = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    for size, status in ((10, 200), (11, 413)):
        body = {"wsgi.input": io.BytesIO(b"x" * size), **unknown_length}
        assert world.client.post(HOOK, environ_overrides=body).status_code == status


def test_a_vendor_that_hangs_up(world: World) -> None:
    environ = {"wsgi.input": io.BytesIO(b"x"), "CONTENT_LENGTH": "2"}
    assert world.client.post(HOOK, environ_overrides=environ).status_code == 400


def test_webhooks_are_counted(world: World) -> None:
    before = metrics.WEBHOOKS.labels("promo", 403)._value.get()
    world.client.post(HOOK, headers={"X-Forged": "1"})
    assert metrics.WEBHOOKS.labels("promo", 403)._value.get() == before + 1
