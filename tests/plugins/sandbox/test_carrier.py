"""The sandbox carrier's calls, one by one: what it takes, what it refuses, what it remembers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge_sandbox.carrier.app import CarrierApp
from bridge_sandbox.carrier.faults import FaultRates, FaultyDay
from bridge_sandbox.carrier.record import CarrierStore

from .carrying import AUTH, Clock

PICTURE = {"suffix": "png", "data": "iVBORw0KGgo="}
TEXT = {"kind": "text", "type": "promotion", "name": "sale", "sign": "Acme", "content": "Hi ${name}"}
DIGITAL = {
    "kind": "digital",
    "type": "promotion",
    "name": "show",
    "parts": [{"suffix": "txt", "text": "Hi"}, PICTURE],
}


class Customer:
    """A customer of the carrier with an account, in front of its interface."""

    def __init__(self, client: FlaskClient, clock: Clock) -> None:
        self._client = client
        self.clock = clock

    def call(self, method: str, path: str, body: Any = None, headers: Any = AUTH) -> TestResponse:
        """Return one call; `path` begins behind the account unless it begins with //."""
        path = path[1:] if path.startswith("//") else f"/accounts/promo{path}"
        return self._client.open(path, method=method, json=body, headers=headers)

    def template(self, **changes: Any) -> str:
        """Return the number of a new template."""
        return str(self.call("POST", "/templates", TEXT | changes).get_json()["template"])

    def send(self, *numbers: str, ref: str = "b1", **changes: Any) -> TestResponse:
        """Send to numbers, with the references m0, m1 and so on."""
        messages = [
            {"ref": f"m{i}", "to": number, "params": {"name": "Li"}} for i, number in enumerate(numbers)
        ]
        body = {"batch_ref": ref, "sign": "Acme", "template": "1", "messages": messages}
        return self.call("POST", "/messages", body | changes)


@pytest.fixture
def customer(tmp_path: Path) -> Iterator[Customer]:
    clock = Clock()
    carrier = CarrierApp(CarrierStore(str(tmp_path / "carrier.db")), FaultyDay(FaultRates()), clock)
    customer = Customer(carrier.app.test_client(), clock)
    customer.call("PUT", "", {"review_delay_s": 2, "receipt_delay_s": 5})
    clock.now += 10
    yield customer
    carrier.close()


def code(answer: TestResponse) -> tuple[int, str]:
    """Status and error code of a refused call."""
    return answer.status_code, answer.get_json()["error"]["code"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "Bearer Ä"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", ""),
        ("GET", ""),
        ("GET", "/signs?name=Acme"),
        ("POST", "/templates"),
        ("PUT", "/templates/1"),
        ("GET", "/templates/1"),
        ("DELETE", "/templates/1"),
        ("POST", "/messages"),
        ("GET", "/messages?batch_ref=b1"),
        ("GET", "/reports"),
    ],
)
def test_every_call_needs_the_account_s_key(customer: Customer, method: str, path: str, headers: Any) -> None:
    assert code(customer.call(method, path, {}, headers)) == (401, "BAD_KEY")


def test_an_account_s_profile_can_change(customer: Customer) -> None:
    customer.call("PUT", "", {"failure_rate": 1})
    assert customer.call("GET", "").get_json()["profile"]["failure_rate"] == 1
    assert code(customer.call("PUT", "", {"unknown": 1})) == (400, "BAD_REQUEST")
    assert code(customer.call("PUT", "", [])) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("name", "status"), [("Acme", "approved"), ("Rejected Ltd", "rejected"), ("Pending Ltd", "pending")]
)
def test_signatures(customer: Customer, name: str, status: str) -> None:
    assert customer.call("GET", f"/signs?name={name}").get_json()["status"] == status


def test_an_unknown_signature(customer: Customer) -> None:
    assert code(customer.call("GET", "/signs?name=unknown")) == (404, "UNKNOWN_SIGN")


def test_a_template_is_reviewed_after_a_while_and_again_when_it_changes(customer: Customer) -> None:
    number = customer.template()
    assert customer.call("GET", f"/templates/{number}").get_json()["status"] == "pending"
    customer.clock.now += 2
    assert customer.call("GET", f"/templates/{number}").get_json()["status"] == "approved"
    changed = customer.call("PUT", f"/templates/{number}", TEXT | {"name": "reject"}).get_json()
    assert (changed["template"], changed["status"]) == (number, "pending")
    customer.clock.now += 2
    assert customer.call("GET", f"/templates/{number}").get_json()["status"] == "rejected"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"kind": "voice"}, (400, "BAD_REQUEST")),
        ({"type": "3"}, (400, "BAD_REQUEST")),
        ({"name": ""}, (400, "BAD_REQUEST")),
        ({"content": ""}, (422, "NO_CONTENT")),
        ({"kind": "digital", "parts": [{"suffix": "txt", "text": "x"}]}, (422, "NO_MEDIA")),
        ({"kind": "digital", "parts": [{"suffix": "png", "data": "*"}]}, (400, "BAD_REQUEST")),
        (
            {"kind": "digital", "parts": [{"suffix": "png", "data": "A" * 2_540_000}]},
            (422, "MEDIA_TOO_LARGE"),
        ),
    ],
)
def test_templates_that_are_refused(customer: Customer, body: Any, refusal: tuple[int, str]) -> None:
    assert code(customer.call("POST", "/templates", TEXT | body)) == refusal


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", TEXT), ("DELETE", None)])
def test_an_unknown_template(customer: Customer, method: str, body: Any) -> None:
    assert code(customer.call(method, "/templates/99", body)) == (404, "UNKNOWN_TEMPLATE")


def test_a_deleted_template_is_gone(customer: Customer) -> None:
    number = customer.template()
    assert customer.call("DELETE", f"/templates/{number}").get_json() == {"deleted": True}
    assert code(customer.call("GET", f"/templates/{number}")) == (404, "UNKNOWN_TEMPLATE")


def test_a_digital_template_shows_every_carrier(customer: Customer) -> None:
    customer.call("POST", "/templates", DIGITAL | {"name": "partial"})
    customer.clock.now += 2
    found = customer.call("GET", "/templates/1").get_json()
    assert found["status"] == "partial"
    assert found["carriers"] == {"UNICOM": "approved", "MOBILE": "approved", "TELCOM": "rejected"}


@pytest.fixture
def ready(customer: Customer) -> Customer:
    """Return a customer whose template 1 is approved."""
    customer.template()
    customer.clock.now += 2
    return customer


def test_a_send_answers_each_message_and_remembers_the_taken_ones(ready: Customer) -> None:
    answer = ready.send("8613800138000", "123", "8613800138001").get_json()["results"]
    assert answer[0] == {"id": "1"}
    assert answer[1] == {"code": "INVALID_NUMBER", "reason": "The number does not fit the template's type."}
    assert answer[2] == {"id": "2"}
    listed = ready.call("GET", "//record/messages").get_json()
    assert [row["text"] for row in listed["messages"]] == ["【Acme】Hi Li"] * 2
    assert [(row["ref"], row["number"], row["batch_ref"]) for row in listed["messages"]] == [
        ("m0", "8613800138000", "b1"),
        ("m2", "8613800138001", "b1"),
    ]
    assert listed["next"] is None


@pytest.mark.parametrize(
    ("messages", "result"),
    [
        ([{"ref": "m", "to": "8613800138000"}], "MISSING_VARIABLE"),
        ([{"ref": "m", "to": "8613800138000", "params": {"name": "x" * 500}}], "TOO_LONG"),
        ([{"ref": "m", "to": "13800138000", "params": {"name": "x"}}], "INVALID_NUMBER"),
    ],
)
def test_messages_that_are_refused(ready: Customer, messages: Any, result: str) -> None:
    answer = ready.send(messages=messages).get_json()["results"]
    assert [found["code"] for found in answer] == [result]
    assert ready.call("GET", "//record/summary").get_json()["accepted"] == 0


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"messages": []}, (422, "TOO_MANY_MESSAGES")),
        ({"messages": [{"to": f"86138{i:08d}"} for i in range(1001)]}, (422, "TOO_MANY_MESSAGES")),
        ({"messages": [{"to": "8613800138000"}] * 2}, (422, "DUPLICATE_NUMBER")),
        ({"messages": [{"ref": "m"}]}, (400, "BAD_REQUEST")),
        ({"messages": ["8613800138000"]}, (400, "BAD_REQUEST")),
        ({"sign": "reject"}, (422, "SIGN_NOT_APPROVED")),
        ({"sign": "unknown"}, (404, "UNKNOWN_SIGN")),
        ({"sign": ""}, (404, "UNKNOWN_SIGN")),
        ({"template": "99"}, (404, "UNKNOWN_TEMPLATE")),
        ({"template": "x"}, (400, "BAD_REQUEST")),
        ({"template": "2"}, (422, "TEMPLATE_NOT_APPROVED")),
        ({"valid_until": 1_793_600_000.0}, (409, "CALL_EXPIRED")),
        ({"valid_until": "soon"}, (400, "BAD_REQUEST")),
    ],
)
def test_calls_that_are_refused_take_nothing(
    ready: Customer, change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    ready.template(name="pending")
    assert code(ready.send("8613800138000", **change)) == refusal
    assert ready.call("GET", "//record/summary").get_json()["calls"] == 0


def test_a_body_that_is_no_json_is_refused(ready: Customer) -> None:
    answer = ready._client.post("/accounts/promo/messages", data=b"{", headers=AUTH)
    assert code(answer) == (400, "BAD_REQUEST")
    assert code(ready.call("GET", "//nowhere")) == (404, "NOT FOUND")


def test_a_repeated_call_is_a_second_send(ready: Customer) -> None:
    """Nothing hides a duplicate: that is how tests see one."""
    ready.send("8613800138000", "8613800138001")
    ready.send("8613800138000", "8613800138001")
    summary = ready.call("GET", "//record/summary?account=promo").get_json()
    assert (summary["calls"], summary["batches"], summary["accepted"], summary["duplicates"]) == (2, 1, 4, 2)
    found = ready.call("GET", "/messages?batch_ref=b1").get_json()["messages"]
    assert [(row["id"], row["ref"]) for row in found] == [("1", "m0"), ("2", "m1"), ("3", "m0"), ("4", "m1")]
    assert ready.call("GET", "//record/summary?account=other").get_json()["accepted"] == 0


def test_a_look_up_finds_by_either_reference_and_tells_the_time(ready: Customer) -> None:
    ready.send("8613800138000", "8613800138001")
    by_message = ready.call("GET", "/messages?message_ref=m1").get_json()
    assert by_message["messages"] == [{"id": "2", "ref": "m1", "to": "8613800138001"}]
    assert by_message["now"] == ready.clock.now
    assert ready.call("GET", "/messages?batch_ref=b2").get_json()["messages"] == []


def test_reports_are_paged_and_due_after_their_delay(ready: Customer) -> None:
    ready.send(*(f"86138{index:08d}" for index in range(700)))
    assert ready.call("GET", "/reports").get_json() == {
        "receipts": [],
        "replies": [],
        "cursor": "0",
        "more": False,
    }
    ready.clock.now += 5
    ready.send("8613900000000", ref="b2")
    first = ready.call("GET", "/reports").get_json()
    assert (len(first["receipts"]), first["cursor"], first["more"]) == (500, "500", True)
    second = ready.call("GET", "/reports?cursor=500").get_json()
    assert (len(second["receipts"]), second["cursor"], second["more"]) == (200, "700", False)
    assert second["receipts"][-1] == {
        "id": "700",
        "ref": "m699",
        "batch_ref": "b1",
        "to": "8613800000699",
        "code": "DELIVRD",
        "at": ready.clock.now,
    }


def test_replies_come_with_the_receipts_and_the_wish_to_leave_holds(ready: Customer) -> None:
    """Who answers R, T or 退订 is refused under that signature from then on, and under that one only."""
    ready.call("PUT", "", {"reply_rate": 1, "receipt_delay_s": 5, "review_delay_s": 2})
    numbers = [f"86138{index:08d}" for index in range(40)]
    ready.send(*numbers)
    assert all("id" in result for result in ready.send(*numbers, ref="b2").get_json()["results"])
    ready.clock.now += 5
    replies = ready.call("GET", "/reports?limit=40").get_json()["replies"]
    left = {reply["from"] for reply in replies if reply["opted_out"]}
    assert {reply["text"] for reply in replies if reply["opted_out"]} == {"R", "T", "退订"}
    again = ready.send(*numbers, ref="b3").get_json()["results"]
    refused = {
        number for number, result in zip(numbers, again, strict=True) if result.get("code") == "OPTED_OUT"
    }
    assert refused == left
    assert all("id" in result for result in ready.send(*numbers, sign="Other").get_json()["results"])


def test_the_listing_is_paged(ready: Customer) -> None:
    ready.send(*(f"86138{index:08d}" for index in range(5)))
    page = ready.call("GET", "//record/messages?limit=3&account=promo").get_json()
    assert ([row["id"] for row in page["messages"]], page["next"]) == ([1, 2, 3], 3)
    page = ready.call("GET", "//record/messages?limit=3&after=3").get_json()
    assert ([row["id"] for row in page["messages"]], page["next"]) == ([4, 5], None)


def test_faults_can_be_changed_and_seen(ready: Customer) -> None:
    changed = ready.call("PUT", "//faults", {"throttle": 1}).get_json()
    assert changed["faults"]["throttle"] == 1
    throttled = ready.send("8613800138000")
    assert code(throttled) == (429, "THROTTLED")
    assert throttled.headers["Retry-After"] == "1"
    assert ready.call("GET", "//faults").get_json()["happened"] == {"throttle": 1}
    assert code(ready.call("PUT", "//faults", {"nonsense": 1})) == (400, "BAD_REQUEST")
    ready.call("PUT", "//faults", {})
    assert ready.send("8613800138000").status_code == 200


def test_calls_that_send_nothing_can_fail_too(ready: Customer) -> None:
    ready.call("PUT", "//faults", {"error_elsewhere": 1})
    answer = ready.call("GET", "/signs?name=Acme")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert ready.send("8613800138000").status_code == 200
