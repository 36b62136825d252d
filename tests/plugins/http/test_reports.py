"""Webhooks and polls: decoded, verified, read record by record, and answered exactly."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from bridge.plugin import (
    DeliveryReceipt,
    MessageStatus,
    ReviewStatus,
    WebhookRejected,
    WebhookRequest,
)
from bridge_http.vendor import HttpVendor

from .making import HEAD, SEND, Script, answer, vendor_for

RECEIPT = """
[webhooks.receipt]
{guard}
decode = [{decode}]
{more}
[webhooks.receipt.items]
path = "{path}"
id = "id"
ref = "ref"
phone = "phone"
status = "state"
code = "code"
time = "at"
part = "part"
parts = "parts"
[webhooks.receipt.status]
ok = "delivered"
bad = "failed"
old = "expired"
no = "rejected"
wait = "pending"
odd = "unknown"
skip = "ignore"
"""


def vendor_with(tmp_path: Path, tables: str, *answers: Any, **settings: Any) -> HttpVendor:
    """Return the vendor of a recipe with these tables."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND + tables, encoding="utf-8")
    return vendor_for(path, Script(*(answers or (answer("{}"),))), **settings)


def hook(
    tmp_path: Path,
    decode: str = '"json"',
    guard: str = "allow_unsigned = true",
    path: str = "@",
    more: str = "",
) -> HttpVendor:
    """Return a vendor with one receipt webhook."""
    return vendor_with(tmp_path, RECEIPT.format(decode=decode, guard=guard, path=path, more=more))


def request(
    body: bytes | str = b"", query: str = "", method: str = "POST", tail: str = "/receipt", **headers: str
) -> WebhookRequest:
    """Return a webhook request; header names may be written with underscores."""
    data = body.encode() if isinstance(body, str) else body
    url = f"https://sms.example.com/hooks/promo/token{tail}" + (f"?{query}" if query else "")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(method, url, tail, query.encode(), named, data, "203.0.113.7")


def read(vendor: HttpVendor, given: WebhookRequest) -> list[DeliveryReceipt]:
    """Return the receipts of a webhook."""
    return list(vendor.parse_webhook(vendor.channel, given).receipts)


ONE = {"id": "1", "state": "ok", "phone": "13800138000"}
FORM = urlencode(ONE)
XML = '<?xml version="1.0"?><r><m id="1"><state>ok</state></m></r>'

# (decode, path, request)
DECODINGS = [
    ('"json"', "@", request(json.dumps(ONE))),
    ('"json"', "@", request(json.dumps([ONE]))),
    ('"json"', "list[]", request(json.dumps({"list": [ONE]}))),
    ('"json"', "@", request(b"\xef\xbb\xbf" + json.dumps(ONE).encode())),
    ('"query"', "@", request(query=FORM, method="GET")),
    ('"form"', "@", request(FORM)),
    ('"form_or_json"', "@", request(FORM, content_type="application/x-www-form-urlencoded")),
    ('"form_or_json"', "@", request(json.dumps(ONE), content_type="application/json")),
    ('"form_or_json"', "@", request(json.dumps(ONE))),
    ('"query_or_form_or_json"', "@", request(query=FORM, method="GET")),
    ('"query_or_form_or_json"', "@", request(json.dumps(ONE), query="x=1")),
    ('"query_and_form"', "@", request("state=ok", query="id=1&phone=13800138000")),
    ('"form", "field:data", "json"', "@", request("data=" + quote_plus(json.dumps(ONE)))),
    ('"form", "field:data", "unquote_if_needed", "json"', "@",
     request("data=" + quote_plus(json.dumps(ONE)))),
    ('"form", "field:data", "unquote_if_needed", "json"', "@",
     request("data=" + quote_plus(quote_plus(json.dumps(ONE))))),
    ('"form", "field:data", "base64", "json"', "@",
     request("data=" + quote_plus(base64.b64encode(json.dumps(ONE).encode()).decode()))),
    ('"xml"', 'r.m.{id: \\"@id\\", state: state}', request(XML)),
]  # fmt: skip


@pytest.mark.parametrize(("decode", "path", "given"), DECODINGS)
def test_a_body_is_decoded_as_the_vendor_writes_it(
    tmp_path: Path, decode: str, path: str, given: WebhookRequest
) -> None:
    """One receipt, whatever it is wrapped in."""
    (receipt,) = read(hook(tmp_path, decode, path=path), given)
    assert (receipt.vendor_id, receipt.status) == ("1", MessageStatus.DELIVERED)


# (decode, request)
REFUSALS = [
    ('"json"', request("{")),
    ('"json"', request("[" * 200_000)),
    ('"json"', request(b"\xff\xfe")),
    ('"json"', request(b" " * (1 << 20) + b"{} ")),
    ('"json"', request("{}", method="PUT")),
    ('"json"', request("{}", tail="/other")),
    ('"json"', request("{}", tail="")),
    ('"form", "field:data", "json"', request("x=1")),
    ('"form", "field:data", "base64"', request("data=***")),
    ('"form"', request("&".join(f"a{i}=1" for i in range(2000)))),
    ('"xml"', request("<a>")),
    ('"xml"', request('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')),
    ('"xml"', request("<a>" * 100 + "</a>" * 100)),
]


@pytest.mark.parametrize(("decode", "given"), REFUSALS)
def test_an_unreadable_webhook_is_refused(tmp_path: Path, decode: str, given: WebhookRequest) -> None:
    """It is answered 403 and nothing is stored; the error quotes nothing of it."""
    vendor = hook(tmp_path, decode)
    with pytest.raises(WebhookRejected):
        vendor.parse_webhook(vendor.channel, given)


# (record, status) - None: nothing is reported
STATES = [
    ({"state": "ok"}, MessageStatus.DELIVERED),
    ({"state": "bad"}, MessageStatus.UNDELIVERABLE),
    ({"state": "old"}, MessageStatus.EXPIRED),
    ({"state": "no"}, MessageStatus.REJECTED),
    ({"state": "wait"}, MessageStatus.ACCEPTED),
    ({"state": "odd"}, MessageStatus.UNKNOWN),
    ({"state": "new word"}, MessageStatus.ACCEPTED),
    ({"state": "skip"}, None),
    ({"state": "ok", "id": ""}, None),
    ({"state": "ok", "id": "", "ref": "m1"}, MessageStatus.DELIVERED),
]


@pytest.mark.parametrize(("record", "status"), STATES)
def test_a_word_becomes_a_status(
    tmp_path: Path, record: dict[str, Any], status: MessageStatus | None
) -> None:
    """An unknown word never invents an end; a record that names no message is left out."""
    receipts = read(hook(tmp_path), request(json.dumps({**ONE, **record})))
    assert [receipt.status for receipt in receipts] == ([] if status is None else [status])


SEGMENTS: list[tuple[dict[str, Any], tuple[int, int]]] = [
    ({}, (0, 0)),
    ({"part": 1, "parts": 2}, (1, 2)),
    ({"part": "2", "parts": "2"}, (2, 2)),
    ({"part": "x", "parts": 2}, (0, 2)),
    ({"part": -1, "parts": 12345}, (0, 0)),
]


@pytest.mark.parametrize(("record", "segment"), SEGMENTS)
def test_a_report_says_which_segment_it_is_about(
    tmp_path: Path, record: dict[str, Any], segment: tuple[int, int]
) -> None:
    """The bridge puts the segments together; a number that is none stays out."""
    (receipt,) = read(hook(tmp_path), request(json.dumps({**ONE, **record})))
    assert (receipt.segment, receipt.segments) == segment


def test_a_hundred_reports_and_a_broken_one(tmp_path: Path) -> None:
    """One bad record costs itself only."""
    reports: list[Any] = [{**ONE, "id": index} for index in range(100)]
    reports[3:3] = [None, "text", 7, [], {"state": "ok"}]
    assert [r.vendor_id for r in read(hook(tmp_path), request(json.dumps(reports)))] == [
        str(i) for i in range(100)
    ]


TIMES = [
    ("%Y-%m-%d %H:%M:%S", "", "2026-11-01 09:15:00", "2026-11-01T01:15:00"),
    ("%y%m%d%H%M%S", "UTC", "261101091500", "2026-11-01T09:15:00"),
    ("%Y-%m-%dT%H:%M:%SZ", "UTC", "2026-11-01T09:15:00Z", "2026-11-01T09:15:00"),
    ("iso", "", "2026-11-01T09:15:00.123+0000", "2026-11-01T09:15:00.123000"),
    ("iso", "", "2026-11-01T09:15:00Z", "2026-11-01T09:15:00"),
    ("iso", "", "2026-11-01T09:15:00", "2026-11-01T01:15:00"),
    ("unix", "", "1793491200", "2026-11-01T00:00:00"),
    ("unix_ms", "", "1793491200500", "2026-11-01T00:00:00.500000"),
    ("iso", "", "yesterday", None),
    ("unix", "", "99999999999999999", None),
    ("iso", "", "", None),
]


@pytest.mark.parametrize(("form", "zone", "text", "moment"), TIMES)
def test_a_moment_is_read_in_its_zone(
    tmp_path: Path, form: str, zone: str, text: str, moment: str | None
) -> None:
    """Without a zone of its own it is the recipe's (here UTC+8); an unreadable one costs nothing else."""
    table = f'[webhooks.receipt.time]\nformat = "{form}"\nzone = "{zone}"\n'
    text_of = RECEIPT.format(decode='"json"', guard="allow_unsigned = true", path="@", more="")
    vendor = vendor_with(tmp_path, text_of + table)
    (receipt,) = read(vendor, request(json.dumps({**ONE, "at": text})))
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC) if moment else None
    assert receipt.at == expected


# (reports_as, number in the report, E.164 or None)
PHONES = [
    ("any", "13800138000", "+8613800138000"),
    ("any", "+14155552671", "+14155552671"),
    ("digits", "14155552671", "+14155552671"),
    ("digits", "+14155552671", "+14155552671"),
    ("digits", "8613800138000", "+8613800138000"),
    ("any", "unknown", None),
]


@pytest.mark.parametrize(("reports_as", "number", "e164"), PHONES)
def test_a_reported_number_is_read_as_the_vendor_means_it(
    tmp_path: Path, reports_as: str, number: str, e164: str | None
) -> None:
    """14155552671 is American where the vendor writes digits with country code."""
    tables = RECEIPT.format(decode='"json"', guard="allow_unsigned = true", path="@", more="")
    vendor = vendor_with(tmp_path, tables + f'[phone]\nreports_as = "{reports_as}"\n')
    (receipt,) = read(vendor, request(json.dumps({**ONE, "phone": number})))
    assert (receipt.phone.e164 if receipt.phone else None) == e164


BODY = json.dumps(ONE)
MAC = hmac.new(b"s3cret", BODY.encode(), "sha256")
SORTED = hashlib.sha1(b"s3cretid=1&phone=13800138000&state=oks3cret").hexdigest().upper()

# (guard, decode, genuine request, forged request)
GUARDS = [
    ('verify = { scheme = "hmac_header", header = "X-Sign", key = "{{ secret.key }}" }', '"json"',
     request(BODY, x_sign=MAC.hexdigest()), request(BODY + " ", x_sign=MAC.hexdigest())),
    ('verify = { scheme = "hmac_header", header = "X-Sign", key = "{{ secret.key }}", encoding = "base64", '
     'prefix = "v1=" }', '"json"', request(BODY, x_sign="v1=" + base64.b64encode(MAC.digest()).decode()),
     request(BODY, x_sign=base64.b64encode(MAC.digest()).decode())),
    ('verify = { header = "X-Token", equals = "{{ secret.key }}" }', '"json"',
     request(BODY, x_token="s3cret"), request(BODY, x_token="s3cret ")),
    ('verify = { query = "pw", equals = "{{ secret.key }}" }', '"json"',
     request(BODY, query="pw=s3cret"), request(BODY)),
    ('verify = { field = "sign", equals = "{{ (body.id ~ secret.key) | md5 }}" }', '"json"',
     request(json.dumps({**ONE, "sign": hashlib.md5(b"1s3cret").hexdigest()})),
     request(json.dumps({**ONE, "id": "2", "sign": hashlib.md5(b"1s3cret").hexdigest()}))),
    ('verify = { field = "sign", equals = "{{ body.token ~ secret.key }}" }', '"json"',
     request(json.dumps({**ONE, "token": "t", "sign": "ts3cret"})),
     request(json.dumps({**ONE, "sign": "ts3cret"}))),
    ('verify = { scheme = "sorted_params", field = "sign", hash = "sha1", case = "upper", '
     'wrap = "{{ secret.key }}{}{{ secret.key }}" }', '"form"',
     request(urlencode({**ONE, "sign": SORTED})), request(urlencode({**ONE, "id": "2", "sign": SORTED}))),
    ('verify = { scheme = "addresses", allow = ["203.0.113.0/24"] }', '"json"', request(BODY), None),
    ('verify = { scheme = "addresses", allow = ["198.51.100.1", "2001:db8::/32"] }', '"json"',
     None, request(BODY)),
]  # fmt: skip


@pytest.mark.parametrize(("guard", "decode", "genuine", "forged"), GUARDS)
def test_a_webhook_must_be_the_vendors(
    tmp_path: Path, guard: str, decode: str, genuine: WebhookRequest | None, forged: WebhookRequest | None
) -> None:
    """Each scheme takes the genuine one and refuses the changed one."""
    vendor = hook(tmp_path, decode, guard)
    if genuine is not None:
        assert len(read(vendor, genuine)) == 1
    if forged is not None:
        with pytest.raises(WebhookRejected):
            read(vendor, forged)


# (ack table, status, body, content type)
ACKS = [
    ("", 200, b"", "text/plain; charset=utf-8"),
    ('ack = { text = "SUCCESS" }', 200, b"SUCCESS", "text/plain; charset=utf-8"),
    ('ack = { json = { code = 0, msg = "成功" } }', 200, '{"code":0,"msg":"成功"}'.encode(),
     "application/json; charset=utf-8"),
    ('ack = { status = 204 }', 204, b"", "text/plain; charset=utf-8"),
    ('ack = { text = "<ok/>", content_type = "text/xml" }', 200, b"<ok/>", "text/xml"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "status", "body", "kind"), ACKS)
def test_the_vendor_gets_the_exact_answer(
    tmp_path: Path, table: str, status: int, body: bytes, kind: str
) -> None:
    """A wrong one means floods of repeats."""
    vendor = hook(tmp_path, more=table)
    ack = vendor.parse_webhook(vendor.channel, request(BODY)).acknowledgement
    assert (ack.status, ack.body, ack.content_type) == (status, body, kind)


EVENTS = """
[webhooks.event]
allow_unsigned = true
decode = ["json"]
trim = true
route = { path = "type", dlr = "receipt", mo = "reply", review = "template" }
[webhooks.event.receipt]
items = { id = "id", status = "state" }
status = { ok = "delivered" }
[webhooks.event.reply]
items = { phone = "from", content = "text", opted_out = [{ path = "stop", in = ["1"] }] }
[webhooks.event.template]
items = { id = "code", status = "state", message = "why" }
status = { yes = "approved", no = "rejected" }
"""


def test_one_address_may_bring_every_kind(tmp_path: Path) -> None:
    """By the route's word; an unknown word is acknowledged and ignored."""
    vendor = vendor_with(tmp_path, EVENTS)

    def event(**fields: str) -> Any:
        return vendor.parse_webhook(vendor.channel, request(json.dumps(fields), tail="/event"))

    assert event(type="dlr", id="1", state=" ok ").receipts[0].status is MessageStatus.DELIVERED
    reply = event(type="mo", **{"from": "13800138000"}, text="T", stop="1").replies[0]
    assert (reply.phone.e164, reply.content, reply.opt_out) == ("+8613800138000", "T", True)
    assert event(type="mo", **{"from": "13800138000"}, text="Hi").replies[0].opt_out is None
    review = event(type="review", code="T9", state="no", why="bad").reviews[0]
    assert (review.vendor_code, review.review.status, review.review.reason) == (
        "T9",
        ReviewStatus.REJECTED,
        "bad",
    )
    assert event(type="review", code="T9", state="?").reviews[0].review is None
    nothing = event(type="weather")
    assert (nothing.receipts, nothing.replies, nothing.reviews, nothing.acknowledgement.status) == (
        (),
        (),
        (),
        200,
    )


# numbers of a push of replies -> how many are read, or None where it is refused
NUMBERS = [(["13800138000"], 1), (["13800138000", "INFO"], 1), (["INFO"], None), (["", "x"], None), ([], 0)]


@pytest.mark.parametrize(("numbers", "read_of_them"), NUMBERS)
def test_replies_that_nobody_can_tell_the_sender_of(
    tmp_path: Path, numbers: list[str], read_of_them: int | None
) -> None:
    """Refused, so that they come again and are kept; beside one that is read they are only told of."""
    tables = EVENTS.replace('items = { phone = "from"', 'items = { path = "list", phone = "from"')
    vendor = vendor_with(tmp_path, tables)
    body = {"type": "mo", "list": [{"from": number, "text": "T"} for number in numbers]}
    given = request(json.dumps(body), tail="/event")
    if read_of_them is None:
        with pytest.raises(WebhookRejected, match="no phone number that can be read"):
            vendor.parse_webhook(vendor.channel, given)
    else:
        assert len(vendor.parse_webhook(vendor.channel, given).replies) == read_of_them
