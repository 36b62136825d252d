"""Signatures over HTTP: every vector, every bend, and what a captured signature is still good for."""

import io
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from bridge.contract import signing
from bridge.ledger import open_ledger
from bridge.web import create_app
from tests.contract.vectors import KEY, MALLEATIONS, NONCE, TIMESTAMP, VECTORS, Vector

from .conftest import Worlds
from .world import PLATFORM, TEMPLATE, World

V02 = next(vector for vector in VECTORS if vector.name == "V02").signature
PATH = "/promo/sms/smsSign/Acme"


def sent(timestamp: str, nonce: str, signature: str | None) -> dict[str, Any]:
    headers = {} if signature is None else {signing.HEADER: signature}
    return {"query_string": {"timestamp": timestamp, "nonce": nonce}, "headers": headers}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.name} {vector.why}")
def test_vector(worlds: Worlds, vector: Vector) -> None:
    world = worlds(promo={"key": vector.key})
    answer = world.client.get(PATH, **sent(vector.timestamp, vector.nonce, vector.signature))
    expected = (200, "OK") if vector.timestamp else (401, "401")
    assert (answer.status_code, answer.get_json()["code"]) == expected


@pytest.mark.parametrize("way", MALLEATIONS)
@pytest.mark.parametrize("first", [True, False])
def test_malleation(world: World, way: str, first: bool) -> None:
    if first:
        assert world.client.get(PATH, **sent(TIMESTAMP, NONCE, V02)).status_code == 200
    answer = world.client.get(PATH, **sent(*MALLEATIONS[way], V02))
    assert answer.status_code == 401
    assert answer.get_json()["platformName"] == PLATFORM


def test_a_bend_that_keeps_the_form_is_the_same_signature(world: World) -> None:
    nonce = "234" + NONCE[3:]
    signature = signing.sign(KEY, TIMESTAMP, nonce)
    bent = (TIMESTAMP + "234", NONCE[3:])
    assert signing.sign(KEY, *bent) == signature
    assert world.client.get(PATH, **sent(TIMESTAMP, nonce, signature)).status_code == 200
    assert world.client.get("/promo/sms/smsSign/Acme2", **sent(*bent, signature)).status_code == 403


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("", V02),
        (f"timestamp={TIMESTAMP}", V02),
        (f"nonce={NONCE}", V02),
        (f"timestamp={TIMESTAMP}&nonce={NONCE}&nonce={NONCE}", V02),
        (f"timestamp={TIMESTAMP}&timestamp={TIMESTAMP}&nonce={NONCE}", V02),
        (f"timestamp={TIMESTAMP}&nonce={NONCE[:5]}+{NONCE[5:]}", V02),
        (f"timestamp={TIMESTAMP}&nonce={NONCE}", ""),
        (f"timestamp={TIMESTAMP}&nonce={NONCE}", None),
        (f"timestamp={TIMESTAMP}&nonce={NONCE}", V02[:-1] + "0"),
        (f"timestamp={TIMESTAMP}&nonce={NONCE}", "é"),
    ],
)
def test_unauthorized(world: World, query: str, signature: str | None) -> None:
    headers = {} if signature is None else {signing.HEADER: signature}
    answer = world.client.get(f"{PATH}?{query}", headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "401")
    assert world.vendor().signs == []


@pytest.mark.parametrize(("age", "status"), [(300, 200), (301, 403), (-300, 200), (-301, 403)])
def test_skew(world: World, age: int, status: int) -> None:
    world.now += age
    assert world.client.get(PATH, **sent(TIMESTAMP, NONCE, V02)).status_code == status


def test_without_a_key_nothing_is_asked(world: World) -> None:
    assert world.client.get("/open/sms/smsSign/Acme").get_json()["code"] == "OK"
    headers = {signing.HEADER: ""}
    assert world.client.get("/open/sms/smsSign/Acme", headers=headers).get_json()["code"] == "OK"


REPEATED: dict[str, Any] = {"method": "POST", "path": "/promo/sms/smsTemplate", "json": TEMPLATE}


def test_the_same_request_again_gets_the_same_answer(world: World) -> None:
    first = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02))
    again = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02.upper()))
    assert first.get_json()["code"] == "OK"
    assert again.data == first.data
    assert again.content_type == first.content_type
    assert again.status_code == 200


@pytest.mark.parametrize(
    "difference",
    [
        {"path": "/promo/sms/digitalSmsTemplate"},
        {"path": "/promo/sms/smsTemplate/T1", "method": "PUT"},
        {"path": "/promo/sms/smsSign/Acme", "method": "GET", "json": None},
        {"json": TEMPLATE | {"templateName": "Other"}},
        {"json": None},
    ],
)
def test_anything_else_with_the_same_signature_is_refused(world: World, difference: dict[str, Any]) -> None:
    first = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02))
    assert first.get_json()["code"] == "OK"
    answer = world.client.open(**(REPEATED | difference), **sent(TIMESTAMP, NONCE, V02))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "403")


@pytest.mark.parametrize("order", [1, -1])
def test_a_replay_is_one_whichever_key_comes_first(worlds: Worlds, order: int) -> None:
    """While a key is changed, and after: the signature that was given counts, not the key's place."""
    world = worlds(promo={"key": [KEY, "a-newer-key"][::order]})
    first = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02))
    assert first.get_json()["code"] == "OK"
    assert world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02)).data == first.data
    other = REPEATED | {"json": TEMPLATE | {"templateName": "Other"}}
    assert world.client.open(**other, **sent(TIMESTAMP, NONCE, V02)).status_code == 403
    newer = signing.sign("a-newer-key", TIMESTAMP, NONCE)
    assert world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, newer)).status_code == 200


def test_refusals_are_repeated_too(world: World) -> None:
    request = REPEATED | {"json": TEMPLATE | {"templateName": ""}}
    first = world.client.open(**request, **sent(TIMESTAMP, NONCE, V02))
    again = world.client.open(**request, **sent(TIMESTAMP, NONCE, V02))
    assert first.get_json()["code"] == "MISSING_FIELD"
    assert again.data == first.data


def test_after_an_internal_error_the_request_is_served_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(world.services["promo"].templates, "create_text", lambda body: 1 / 0)
        first = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02))
        assert (first.status_code, first.get_json()["code"]) == (500, "INTERNAL_ERROR")
        assert "division" not in first.text
    again = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02))
    assert again.get_json()["code"] == "OK"


def test_the_same_request_twice_at_once_is_served_once(world: World) -> None:
    """Two templates from one request would be one too many; the second is told to ask again."""
    inner: list[Any] = []
    create = world.services["promo"].templates.create_text

    def slowly(body: Any) -> str:
        inner.append(world.app.test_client().open(**REPEATED, **sent(TIMESTAMP, NONCE, V02)))
        return create(body)

    world.services["promo"].templates.create_text = slowly  # type: ignore[method-assign]
    first = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02))
    assert [answer.get_json()["code"] for answer in (first, *inner)] == ["OK", "IN_PROGRESS"]
    again = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02))
    assert again.data == first.data


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.ledger.signatures, "store", lambda *_: 1 / 0)
    answer = world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02))
    assert answer.get_json()["code"] == "OK"


def test_the_replay_cache_is_shared_by_all_processes(world: World) -> None:
    assert world.client.open(**REPEATED, **sent(TIMESTAMP, NONCE, V02)).status_code == 200
    with closing(open_ledger(world.settings.bridge.database)) as ledger:
        other = create_app(world.settings, world.services, ledger, world.clock).test_client()
        request = REPEATED | {"json": TEMPLATE | {"templateName": "Other"}}
        assert other.open(**request, **sent(TIMESTAMP, NONCE, V02)).status_code == 403


CALLED_BACK = [
    # what signs the callback, and the channel that is called with its signature
    ({"promo": {"key": "one"}}, "promo", "promo"),
    ({"promo": {"key": "one"}, "other": {"key": "one"}}, "promo", "other"),
    ({"promo": {"key": "one", "callback_key": "two"}, "other": {"key": "two"}}, "promo", "other"),
    ({"promo": {"key": "one", "callback_key": "one"}}, "promo", "promo"),
]


@pytest.mark.parametrize(("channels", "calling", "called"), CALLED_BACK)
def test_a_callbacks_signature_is_refused_in_every_process(
    worlds: Worlds, channels: dict[str, dict[str, str]], calling: str, called: str, logged: io.StringIO
) -> None:
    """Also in one that started later: nothing is stored for it."""
    world = worlds(**channels)
    secret = world.settings.channels[calling].callback_secret
    query, signature = signing.fresh_callback(secret, datetime.fromtimestamp(world.now, UTC))
    forged = sent(query["timestamp"], query["nonce"], signature)
    later = create_app(world.settings, world.services, world.ledger, world.clock).test_client()
    for client in (world.client, later):
        answer = client.post(f"/{called}/sms/smsTemplate", json=TEMPLATE, **forged)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "403")
    assert "callback of the bridge" in logged.getvalue(), "the operator must be told"


def test_what_the_bridge_pushes_is_marked(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call as it leaves, sent back to the channel that made it."""
    world = worlds(promo={"receipts": "push", "callback_url": "https://qa.example.com"})
    pushing, left = world.services["promo"].pushing, list[dict[str, Any]]()

    def take(url: str, **call: Any) -> requests.Response:
        left.append(call)
        raise requests.ConnectTimeout

    monkeypatch.setattr(pushing._session, "post", take)
    for kind in ("receipts", "replies"):
        pushing._post(kind, b"{}")
    for call in left:
        answer = world.client.get(PATH, query_string=call["params"], headers=call["headers"])
        assert answer.status_code == 403
    assert len(left) == 2


def test_a_signature_counts_once_over_all_channels(worlds: Worlds) -> None:
    """Two channels with one key: what was signed for one does nothing on the other."""
    world = worlds(other={"key": KEY})
    signed = sent(TIMESTAMP, NONCE, V02)
    assert world.client.post("/promo/sms/smsTemplate", json=TEMPLATE, **signed).status_code == 200
    for body in (TEMPLATE, TEMPLATE | {"templateName": "Other"}):
        answer = world.client.post("/other/sms/smsTemplate", json=body, **signed)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "403")
