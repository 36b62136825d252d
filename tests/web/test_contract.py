"""The contract over HTTP: every operation, every way of writing its URL, always the whole envelope."""

import io
import json
from typing import Any

import pytest

from bridge.contract.operations import OPERATIONS, Operation
from bridge.contract.replies import envelope
from bridge.ledger import LedgerUnavailable
from bridge.web.operations import SERVED_BY

from .conftest import Worlds
from .world import DIGITAL, PLATFORM, TEMPLATE, World, encoded

ENVELOPE = set(envelope("", "", "", ""))
FILE = {
    "outId": "out-2",
    "phoneOssUrl": "https://oss.example.com/numbers.txt",
    "signName": "Acme",
    "isVariable": 1,
}
DETAILS = {
    "outId": "out-1",
    "currentPage": 1,
    "pageSize": 10,
    "startDate": "2021-09-17 00:00:00",
    "endDate": "2021-09-18 00:00:00",
}


def asked(world: World, operation: Operation[Any, Any]) -> tuple[str, Any]:
    """Path and body of a request that the operation serves."""
    digital = "igital" in operation.name
    code = world.template("/sms/digitalSmsTemplate" if digital else "/sms/smsTemplate")
    bodies: dict[str, Any] = {
        "createTextTemplate": TEMPLATE,
        "updateTextTemplate": TEMPLATE | {"templateName": "Summer"},
        "createDigitalTemplate": DIGITAL,
        "updateDigitalTemplate": DIGITAL | {"templateTheme": "Summer"},
        "sendFile": FILE | {"templateCode": code},
        "sendList": world.send(code),
        "sendDigitalList": world.send(code),
        "sendDetails": DETAILS,
    }
    parameter = "Acme" if operation.parameter == "signName" else code
    return operation.path.replace(f"{{{operation.parameter}}}", parameter), bodies.get(operation.name)


@pytest.mark.parametrize("prefix", ["", "/promo"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_is_served(world: World, operation: Operation[Any, Any], prefix: str) -> None:
    path, body = asked(world, operation)
    answer = world.call(operation.method, prefix + path, body)
    assert answer.status_code == 200
    assert answer.content_type == "application/json; charset=utf-8"
    found = answer.get_json()
    assert (found["platformName"], found["code"], found["message"]) == (PLATFORM, "OK", "OK")
    assert found["requestId"] == answer.headers["X-Request-Id"]
    assert found.keys() == ENVELOPE | operation.shape.schemas.keys()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_hides_its_own_failure(
    world: World, operation: Operation[Any, Any], monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> None:
    path, body = asked(world, operation)

    def broken(*_: object) -> None:
        raise LedgerUnavailable("secret detail about 13900001111")

    monkeypatch.setitem(SERVED_BY, operation.name, broken)
    answer = world.call(operation.method, path, body)
    found = answer.get_json()
    assert (answer.status_code, found["code"], found["platformName"]) == (500, "INTERNAL_ERROR", PLATFORM)
    assert found.keys() == ENVELOPE
    assert "secret" not in answer.text
    assert found["requestId"] in logged.getvalue()
    assert "13900001111" not in logged.getvalue()


def test_a_template_lives_and_dies(world: World) -> None:
    code = world.template()
    assert len(code) <= 30
    assert code.isascii()
    path = f"/sms/smsTemplate/{code}"
    review = world.call("GET", path).get_json()
    assert (review["templateStatus"], review["templateType"], review["templateContent"]) == (
        1,
        1,
        "Dear ${name}",
    )
    changed = world.call("PUT", path, TEMPLATE | {"templateType": "2", "modifierAccount": "bob"}).get_json()
    assert changed["templateCode"] == code
    assert world.call("GET", path).get_json()["templateType"] == 2
    assert world.call("DELETE", path).get_json()["templateCode"] == code
    gone = world.call("GET", path)
    assert (gone.status_code, gone.get_json()["code"]) == (404, "404")


SIGN = "/promo/sms/smsSign/"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (SIGN + "Acme", "Acme"),
        ("/sms/smsSign/Acme", "Acme"),
        ("//promo//sms/smsSign/Acme", "Acme"),
        ("//sms/smsSign/Acme/", "Acme"),
        ("/promo/sms//smsSign///Acme//", "Acme"),
        (SIGN + encoded("Acme 集团"), "Acme 集团"),
        (SIGN + encoded("【Acme】"), "Acme"),
        (SIGN + "%5BAcme%5D", "Acme"),
        (SIGN + "%20Acme%20", "Acme"),
        (SIGN + "Acme%2FUK", "Acme/UK"),
        (SIGN + "Acme%2fUK%2F", "Acme/UK/"),
        (SIGN + "Acme%252FUK", "Acme%2FUK"),
        (SIGN + "Acme%25", "Acme%"),
        (SIGN + "Acme+Co", "Acme+Co"),
        (SIGN + "Acme%3Fx", "Acme?x"),
        ("/pr%6Fmo/sms/smsSign/Acme", "Acme"),
    ],
)
def test_paths_are_decoded_after_they_are_split(world: World, path: str, name: str) -> None:
    sent = world.signed()
    query = "&".join(f"{key}={value}" for key, value in sent["query_string"].items())
    environ = {"REQUEST_URI": f"{path}?{query}", "RAW_URI": f"{path}?{query}"}
    answer = world.client.get(
        "/", query_string=query, headers=sent["headers"], environ_overrides=environ
    ).get_json()
    assert (answer["code"], answer["signName"]) == ("OK", name)
    assert world.vendor().signs == [name]


@pytest.mark.parametrize(
    "path", [SIGN + "Acme%00", SIGN + "Acme" + "x" * 100, SIGN + "Other", SIGN + "%FF", SIGN]
)
def test_no_such_signature(world: World, path: str) -> None:
    answer = world.call("GET", path)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "404")


def test_a_server_that_gives_no_raw_path(world: World) -> None:
    environ = {"REQUEST_URI": "", "RAW_URI": ""}
    found = world.call("GET", SIGN + encoded("Acme 集团"), environ_overrides=environ).get_json()
    assert found["signName"] == "Acme 集团"


def test_an_absolute_request_target(world: World) -> None:
    target = "https://sms.example.com" + SIGN + "Acme"
    assert world.call("GET", "/", environ_overrides={"RAW_URI": target}).get_json()["signName"] == "Acme"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/promo/sms/replyDetails"),
        ("POST", "/sms/replyDetails"),
        ("PUT", "/promo/sms/smsTemplate"),
        ("POST", "/promo/sms/smsSign/Acme"),
        ("PATCH", "/promo/sms/smsTemplate/T1"),
        ("OPTIONS", "/promo/sms/sendBatchList"),
        ("TRACE", "/promo/sms"),
        ("GET", "/sms"),
        ("GET", "/sms/sms/sms"),
        ("GET", "/promo/sms/smsSign/Acme/more"),
    ],
)
def test_an_unknown_route_is_told_and_logged(
    world: World, method: str, path: str, logged: io.StringIO
) -> None:
    answer = world.call(method, path, query_string={"outId": "1"})
    found = answer.get_json()
    assert (answer.status_code, found["code"], found["platformName"]) == (404, "404", PLATFORM)
    assert found.keys() == ENVELOPE
    line = next(line for line in logged.getvalue().splitlines() if "unknown route" in line)
    expected = {"method": method, "path": path, "parameters": ["outId"], "request_id": found["requestId"]}
    assert json.loads(line).items() >= expected.items()


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"model": {"outId": "1", "pageSize": 10, "13900001111": "x"}}', ["outId", "pageSize"]),
        (b'{"content": "R", "phoneNum": "13900001111"}', ["content", "phoneNum"]),
        (b'{"content": "' + b"x" * 70_000 + b'"}', []),
        (b"phoneNum=13900001111", []),
        (b"", []),
    ],
)
def test_an_unknown_request_is_told_by_the_names_in_its_body(
    world: World, body: bytes, names: list[str], logged: io.StringIO
) -> None:
    """An older edition of the contract has calls of its own; no value of theirs is logged."""
    assert world.call("POST", "/promo/sms/replyDetails", body).status_code == 404
    (line,) = (line for line in logged.getvalue().splitlines() if "unknown route" in line)
    assert json.loads(line)["fields"] == names
    assert "13900001111" not in logged.getvalue()


@pytest.mark.parametrize(
    ("path", "message"), [("/nobody/sms/smsSign/Acme", "no channel"), ("/nobody/sms/other", "no channel")]
)
def test_an_unknown_channel(world: World, path: str, message: str, logged: io.StringIO) -> None:
    answer = world.call("GET", path)
    assert answer.status_code == 404
    assert message in answer.get_json()["message"]
    (line,) = (line for line in logged.getvalue().splitlines() if "unknown channel" in line)
    assert json.loads(line).items() >= {"path": path, "request_id": answer.get_json()["requestId"]}.items()


def test_without_a_default_channel(worlds: Worlds) -> None:
    world = worlds(promo={"default": False})
    answer = world.call("GET", "/sms/smsSign/Acme")
    assert (answer.status_code, answer.get_json()["platformName"]) == (404, "")
    assert "no default channel" in answer.get_json()["message"]


def test_each_channel_has_its_own_name(world: World) -> None:
    assert world.call("GET", "/open/sms/smsSign/Other").get_json()["platformName"] == "Open SMS"
    raw = world.call("GET", SIGN + "Acme").data
    assert PLATFORM.replace('"', '\\"').encode() in raw, "nothing may be escaped that need not be"


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"phoneNumberJson": []}, "MISSING_FIELD", "phoneNumberJson"),
        ({"templateParamJson": [{}]}, "PARAMS_MISMATCH", "1 recipients, but phoneNumberJson holds 2"),
        ({"outId": "x" * 257}, "INVALID_FIELD", "outId"),
        ({"signName": "Other"}, "SIGN_NOT_FOUND", "signature"),
        ({"templateCode": "T404"}, "404", "template"),
    ],
)
def test_a_refused_send(world: World, changes: dict[str, Any], code: str, message: str) -> None:
    answer = world.call("POST", "/sms/sendBatchList", world.send(world.template(), **changes))
    found = answer.get_json()
    assert (answer.status_code, found["code"]) == (404 if code == "404" else 200, code)
    assert message in found["message"]
    assert "1390000" not in answer.text
    assert found.keys() == ENVELOPE
    assert world.ledger.gauges() == {}, "nothing may be stored of a refused send"


def test_a_send_is_stored_once_however_often_it_comes(world: World) -> None:
    body = world.send(world.template())
    first = world.call("POST", "/sms/sendBatchList", body).get_json()
    again = world.call("POST", "/promo/sms/sendBatchList", body).get_json()
    other = world.call("POST", "/sms/sendBatchList", body | {"outId": "out-9"}).get_json()
    assert first["bizId"] == again["bizId"] != other["bizId"]
    assert len(first["bizId"]) <= 64
    assert world.ledger.gauges() == {("promo", "ready"): 4}


@pytest.mark.parametrize(("limit", "logged_as"), [(1, 1), ("1", 1), (0, None), (None, None)])
def test_a_limit_is_logged(world: World, limit: Any, logged_as: int | None, logged: io.StringIO) -> None:
    """Nobody should have to guess why a part of the numbers failed."""
    body = world.send(world.template(), limit=limit)
    assert world.call("POST", "/sms/sendBatchList", body).get_json()["code"] == "OK"
    (line,) = (line for line in logged.getvalue().splitlines() if "send accepted" in line)
    assert json.loads(line).get("limit") == logged_as


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"a":' * 10_000])
def test_an_unreadable_body(world: World, body: bytes) -> None:
    answer = world.call("POST", "/sms/sendBatchList", body)
    assert (answer.status_code, answer.get_json()["code"]) == (200, "UNREADABLE_BODY")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("body", [None, b"", b"{}", b"not json"])
def test_a_body_where_none_is_meant_is_ignored(world: World, method: str, body: bytes | None) -> None:
    answer = world.call(method, f"/sms/smsTemplate/{world.template()}", body)
    assert answer.get_json()["code"] == "OK"


def test_the_content_type_is_not_asked_for(world: World) -> None:
    sent = world.signed() | {"data": json.dumps(TEMPLATE).encode(), "content_type": "text/plain"}
    assert world.client.post("/sms/smsTemplate", **sent).get_json()["code"] == "OK"
    sent = world.signed() | {"data": json.dumps(TEMPLATE).encode(), "headers": {}}
    assert world.client.post("/open/sms/smsTemplate", **sent).get_json()["code"] == "OK"


def test_unknown_fields_are_logged_once_by_name(world: World, logged: io.StringIO) -> None:
    for _ in range(2):
        world.call("POST", "/sms/smsTemplate", TEMPLATE | {"colour": "13900001111", "no name": 1})
    assert logged.getvalue().count("unknown field ignored") == 1
    assert "colour" in logged.getvalue()
    assert "no name" not in logged.getvalue()


@pytest.mark.parametrize(("code", "expected"), [("OK", "OK"), ("200", "200")])
def test_the_success_code_can_be_chosen(worlds: Worlds, code: str, expected: str) -> None:
    world = worlds(bridge={"success_code": code})
    assert world.call("GET", SIGN + "Acme").get_json()["code"] == expected


@pytest.mark.parametrize("comment", ["No review comments", "无审批备注"])
def test_a_review_without_comments_says_so_in_the_marketers_language(worlds: Worlds, comment: str) -> None:
    world = worlds(bridge={"no_comments": comment})
    for path in (
        SIGN + "Acme",
        f"/sms/smsTemplate/{world.template()}",
        f"/sms/digitalSmsTemplate/{world.template('/sms/digitalSmsTemplate')}",
    ):
        assert world.call("GET", path).get_json()["reason"] == comment


@pytest.mark.parametrize(
    ("path", "signed", "code"),
    [
        (SIGN + "Acme", False, "401"),
        (SIGN + "Other", True, "404"),
        ("/nobody/sms/smsSign/Acme", True, "404"),
        ("/promo/sms/other", True, "404"),
    ],
)
def test_statuses_can_be_kept_out_of_http(worlds: Worlds, path: str, signed: bool, code: str) -> None:
    world = worlds(bridge={"error_status": "always_200"})
    answer = world.client.get(path, **(world.signed() if signed else {}))
    assert (answer.status_code, answer.get_json()["code"]) == (200, code)


@pytest.mark.parametrize(
    ("addresses", "remote", "status"),
    [
        ([], "203.0.113.9", 200),
        (["10.0.0.0/8"], "10.1.2.3", 200),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", 200),
        (["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", 200),
        (["10.0.0.0/8"], "203.0.113.9", 403),
        (["2001:db8::/32"], "10.1.2.3", 403),
        (["10.0.0.0/8"], "", 403),
        (["10.0.0.0/8"], "unix:", 403),
    ],
)
def test_addresses(worlds: Worlds, addresses: list[str], remote: str, status: int) -> None:
    world = worlds(promo={"allow_from": addresses})
    answer = world.call("GET", SIGN + "Acme", environ_overrides={"REMOTE_ADDR": remote})
    assert answer.status_code == status


@pytest.mark.parametrize(("proxies", "status"), [(0, 403), (1, 200)])
def test_only_trusted_proxies_may_name_the_caller(worlds: Worlds, proxies: int, status: int) -> None:
    world = worlds(bridge={"trusted_proxies": proxies}, promo={"allow_from": ["10.0.0.0/8"]})
    sent = world.signed()
    sent["headers"] |= {"X-Forwarded-For": "10.1.2.3"}
    sent["environ_overrides"] = {"REMOTE_ADDR": "203.0.113.9"}
    assert world.client.get(SIGN + "Acme", **sent).status_code == status


def test_the_recipient_limit(worlds: Worlds) -> None:
    world = worlds(bridge={"max_recipients": 1})
    found = world.call("POST", "/sms/sendBatchList", world.send(world.template())).get_json()
    assert found["code"] == "TOO_MANY_RECIPIENTS"
