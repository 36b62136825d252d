"""Webhooks of vendors: who may call, what the plugin sees, and when the vendor must call again."""

import io
from typing import Any

import pytest

from bridge import metrics
from bridge.ledger import LedgerUnavailable
from bridge.plugin import (
    Acknowledgement,
    DeliveryReceipt,
    MessageStatus,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
)

from .conftest import Worlds
from .world import TOKEN, Scripted, World

HOOK = f"/hooks/promo/{TOKEN}"


def test_the_vendors_own_acknowledgement_is_given(world: World) -> None:
    world.vendor().webhook = lambda request: WebhookResult(
        acknowledgement=Acknowledgement(b'{"code":0}', "application/json", 202)
    )
    answer = world.client.post(HOOK, data=b"x")
    assert (answer.status_code, answer.data, answer.content_type) == (202, b'{"code":0}', "application/json")


@pytest.mark.parametrize(
    ("method", "status", "line", "body", "length"),
    [
        ("GET", 200, "200 OK", b"taken", "5"),
        ("HEAD", 200, "200 OK", b"", "5"),
        ("PUT", 204, "204 No Content", b"", None),
        ("POST", 299, "299 UNKNOWN", b"taken", "5"),
    ],
)
def test_an_answer_has_the_body_that_its_status_and_method_allow(
    world: World, method: str, status: int, line: str, body: bytes, length: str | None
) -> None:
    taken = Acknowledgement(b"taken", status=status)
    world.vendor().webhook = lambda request: WebhookResult(acknowledgement=taken)
    answer = world.client.open(HOOK, method=method)
    assert (answer.status, answer.data, answer.headers.get("Content-Length")) == (line, body, length)


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS"])
def test_no_vendor_calls_so(world: World, method: str) -> None:
    world.vendor().webhook = lambda request: pytest.fail("the plugin was called")
    assert world.client.open(HOOK, method=method).status_code == 405


@pytest.mark.parametrize("failing", [False, True])
def test_what_the_vendor_wants_visited_is_visited_when_all_is_stored(world: World, failing: bool) -> None:
    """Before the acknowledgement; a visit that fails is answered so that the vendor asks again, and kept."""
    visits: list[str] = []

    def visit() -> None:
        visits.append("visited")
        if failing:
            raise WebhookRejected("The webhook could not be confirmed.", status=503)

    world.vendor().webhook = lambda request: WebhookResult(confirm=visit)
    assert world.client.post(HOOK, data=b"x").status_code == (503 if failing else 200)
    assert visits == ["visited"]
    assert len(world.ledger.refused_webhooks.of("promo")) == failing


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


@pytest.mark.parametrize("status", [403, 410, 503])
def test_a_refused_webhook_is_answered_as_its_vendor_needs_and_kept(
    world: World, status: int, logged: io.StringIO
) -> None:
    def refuse(request: WebhookRequest) -> WebhookResult:
        raise WebhookRejected("The signature is wrong.", status=status)

    world.vendor().webhook = refuse
    answer = world.client.post(
        f"{HOOK}/receipts?to=%2B8613900001111", data=b"\xff 13900001111", headers={"X-Sign": "13900001111"}
    )
    assert (answer.status_code, answer.data) == (status, b"rejected")
    [kept] = world.ledger.refused_webhooks.of("promo")
    assert (kept.method, kept.target) == ("POST", "/receipts?to=%2B8613900001111")
    assert (kept.body, kept.headers["x-sign"]) == (b"\xff 13900001111", "13900001111")
    assert TOKEN not in repr(kept) + kept.target + str(kept.headers)
    assert "13900001111" not in logged.getvalue() + repr(kept)
    assert "webhook rejected" in logged.getvalue()


def test_refused_webhooks_are_bounded(world: World) -> None:
    for number in range(105):
        world.now += 1
        world.client.post(HOOK, data=b"%03d" % number + bytes(300_000), headers={"X-Forged": "1"})
    kept = world.ledger.refused_webhooks.of("promo")
    assert [one.body[:3] for one in kept] == [b"%03d" % number for number in range(104, 4, -1)]
    assert {len(one.body) for one in kept} == {262_144}
    world.ledger.retention.purge(int(world.now * 1000) + 1, channels=["promo"])
    assert world.ledger.refused_webhooks.of("promo") == []


def test_a_copy_that_cannot_be_kept_changes_no_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.ledger.refused_webhooks, "keep", unavailable)
    assert world.client.post(HOOK, headers={"X-Forged": "1"}).status_code == 403


def test_a_wrong_token_leaves_nothing(world: World) -> None:
    world.client.post(f"/hooks/promo/{TOKEN[:-1]}x", data=b"x", headers={"X-Forged": "1"})
    assert world.ledger.refused_webhooks.of("promo") == []


def unavailable(*_: Any, **__: Any) -> None:
    raise LedgerUnavailable("The database does not answer.")


def test_what_cannot_be_stored_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> None:
    receipt = DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="v1")
    world.vendor().webhook = lambda request: WebhookResult([receipt])
    monkeypatch.setattr(world.ledger, "store_reports", unavailable)
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


def test_a_token_names_the_account(worlds: Worlds) -> None:
    """Each account's plugin gets what comes to its own address, and a refused one is kept with its name."""
    tokens = {"main": "main-token-0123456789", "spare": "spare-token-0123456789"}
    accounts = {name: {"vendor": "scripted", "hook_token": token} for name, token in tokens.items()}
    world = worlds(promo={"vendor": "", "hook_token": "", "accounts": accounts})
    got: list[str] = []
    for name, account in world.channels["promo"].accounts.items():
        vendor = account.hooks._vendor
        assert isinstance(vendor, Scripted)
        assert vendor.channel.hook_url == f"https://sms.example.com/hooks/promo/{tokens[name]}"
        vendor.webhook = lambda request, name=name: got.append(name) or WebhookResult()  # type: ignore[misc,func-returns-value]
    for token in tokens.values():
        assert world.client.post(f"/hooks/promo/{token}/status").status_code == 200
    assert got == ["main", "spare"]
    assert world.client.post("/hooks/promo/").status_code == 404
    forged = world.client.post(f"/hooks/promo/{tokens['spare']}/x", headers={"X-Forged": "1"})
    assert forged.status_code == 403
    (kept,) = world.ledger.refused_webhooks.of("promo")
    assert (kept.account, kept.target) == ("spare", "/x")
