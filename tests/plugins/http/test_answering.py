"""What a webhook is answered, and what the bridge does on its word: echoes, confirmations, joined reports."""

import hashlib
import hmac as std_hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bridge.plugin import VendorUnavailable, WebhookRejected, WebhookRequest
from bridge_http.answer.errors import VendorAnswer
from bridge_http.faults import RecipeFault, RecipeFaults
from bridge_http.language.digests import digest, mac
from bridge_http.language.hosts import compile_hosts
from bridge_http.request.building import Built

from .hooks import ASKED, CONFIRM, read, recipe, request, vendor_with
from .making import Script, compiled

AZURE = 'ack = { json = { "validationResponse?" = "{{ body[0].data.validationCode | default(\'\') }}" } }'
ONE = '{"id": "1", "state": "ok"}'

# (ack, body, query, answer)
ECHOES = [
    (AZURE, '[{"data": {"validationCode": "512d38b6"}}]', "", '{"validationResponse":"512d38b6"}'),
    (AZURE, '[{"data": {"id": "1"}}]', "", "{}"),
    ('ack = { text = "OK" }', ONE, "", "OK"),
    ('ack = { text = "{{ body.id }}" }', ONE, "", "1"),
    ("ack = { text = \"{{ query['hub.challenge'] }}\" }", ONE, "hub.challenge=77", "77"),
    ('ack = { json = { ok = true, at = "=now", ids = ["{{ body.id }}"] } }', ONE, "", None),
    ('ack = { text = "{{ text | hmac_sha256(secret.key) }}" }', "{}", "", None),
    ('ack = { json = "=[body.id]" }', '{"id": "a\\"b"}', "", '["a\\"b"]'),
]
COMPUTED = {
    5: '{"ok":true,"at":1793500000,"ids":["1"]}',
    6: std_hmac.new(b"s3cret", b"{}", "sha256").hexdigest(),
}


@pytest.mark.parametrize("index", range(len(ECHOES)))
def test_an_acknowledgement_may_say_what_was_sent(tmp_path: Path, index: int) -> None:
    """Values of the webhook are evaluated once and never as expressions."""
    ack, body, query, wanted = ECHOES[index]
    result = read(vendor_with(tmp_path, recipe(ack)), request(body, query))
    assert result.acknowledgement.body.decode() == (wanted or COMPUTED[index])
    assert result.acknowledgement.content_type.partition(";")[0] in ("text/plain", "application/json")


@pytest.mark.parametrize(
    ("ack", "body", "reason"),
    [
        ('ack = { text = "{{ body.code }}" }', "{}", "lacks a field that its answer echoes"),
        ('ack = { json = ["=raw"] }', "{}", "lacks a field that its answer echoes"),
        ('ack = { text = "{{ body.id }}" }', json.dumps({"id": "x" * 9000}), "too long"),
    ],
)
def test_an_echo_that_cannot_be_made_refuses_the_webhook(
    tmp_path: Path, ack: str, body: str, reason: str
) -> None:
    """Before anything of it is stored, so that the vendor's repeat is the first."""
    with pytest.raises(WebhookRejected, match=reason):
        read(vendor_with(tmp_path, recipe(ack)), request(body))


# (what is written, key, what the fault says)
FAULTS = [
    ('ack = { text = "{{ nobody }}" }', "webhooks.event.ack.text", "the name 'nobody' is not defined"),
    ('ack = { json = { a = "=body |" } }', "webhooks.event.ack.json.a", "is not a valid expression"),
    ('ack = { text = "{{ text }}", content_type = "text/html" }', "webhooks.event.ack.content_type",
     "is text/plain or application/json"),
    ('ack = { text = "a", content_type = "{{ text }}" }', "webhooks.event.ack.content_type",
     "none is evaluated here"),
    ('confirm = { when = [{ path = "a", present = true }], url = "" }', "webhooks.event.confirm.url",
     "is missing"),
    ('confirm = { when = [{ path = "a", present = true }], url = "u", hosts = ["*.com"] }',
     "webhooks.event.confirm.hosts[0]", "no star in its last two parts"),
    ('confirm = { when = [{ path = "a", present = true }], url = "u", hosts = ["sns-*.aws.com"] }',
     "webhooks.event.confirm.hosts[0]", "one whole part"),
    ('confirm = { when = [{ path = "nope(a)", present = true }], url = "u" }',
     "webhooks.event.confirm.when[0].path", "there is no function 'nope'"),
    ('confirm = { when = [{ path = "split(a)", present = true }], url = "u" }',
     "webhooks.event.confirm.when[0].path", "the function 'split' takes 2 arguments, not 1"),
    ('confirm = { when = [{ path = "length(a, b)", present = true }], url = "u" }',
     "webhooks.event.confirm.when[0].path", "the function 'length' takes 1 arguments, not 2"),
    ('confirm = { when = [{ path = "merge()", present = true }], url = "u" }',
     "webhooks.event.confirm.when[0].path", "the function 'merge' takes at least 1 arguments, not 0"),
    ('ack = { text = "{{ secret.key }}" }', "webhooks.event.ack.text", "shows 'secret' to whoever calls"),
    ('ack = { text = "=secret.key | hmac_sha256(text)" }', "webhooks.event.ack.text", "shows 'secret'"),
    ('ack = { json = { a = "{{ secret | json }}" } }', "webhooks.event.ack.json.a", "shows 'secret'"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "key", "reason"), FAULTS)
def test_a_faulty_answer_is_told(more: str, key: str, reason: str) -> None:
    """In `recipe check`."""
    with pytest.raises(RecipeFaults) as caught:
        compiled(recipe(more))
    assert any(fault.key == key and reason in fault.reason for fault in caught.value.faults)


# (a table or key, where it goes, key of the fault)
LITERALS = [
    ("[errors]\n1 = { class = 'rejected', message = '{{ body.message }}' }", "errors.1.message"),
    ("[receipt_codes]\n1 = { message = '{{ x }}' }", "receipt_codes.1.message"),
    ("[[error_rules]]\ntext = '{{ x }}'\nclass = 'rejected'", "error_rules[0].text"),
    ("[webhooks.event.verify]\nheader = '{{ settings.h }}'\nequals = 'x'", "webhooks.event.verify.header"),
]


@pytest.mark.parametrize(("table", "key"), LITERALS)
def test_an_expression_that_nobody_evaluates_is_a_fault(table: str, key: str) -> None:
    """It would be shown, sent or compared literally."""
    guard = "" if "verify" in table else "allow_unsigned = true"
    with pytest.raises(RecipeFaults) as caught:
        compiled(recipe(guard=guard) + table)
    assert RecipeFault(key, "holds an expression, and none is evaluated here") in caught.value.faults


def asking(url: str) -> WebhookRequest:
    """Ask for a confirmation."""
    return request(json.dumps({"Type": "SubscriptionConfirmation", "SubscribeURL": url}))


def test_an_address_at_an_allowed_host_is_visited_once_all_is_stored(tmp_path: Path) -> None:
    """Reading the webhook calls nobody; what the bridge calls afterwards does."""
    script = Script(VendorAnswer(200, {}, b"<ok/>"))
    vendor = vendor_with(tmp_path, recipe() + CONFIRM, script)
    result = read(vendor, asking(ASKED))
    assert script.built == []
    assert result.confirm is not None
    result.confirm()
    assert script.built == [Built("GET", ASKED, {}, b"")]
    assert read(vendor, request(ONE)).confirm is None


@pytest.mark.parametrize(
    "failure", [VendorAnswer(403, {}, b""), VendorAnswer(302, {}, b""), VendorUnavailable("no")]
)
def test_a_visit_that_fails_asks_the_vendor_again(tmp_path: Path, failure: Any) -> None:
    """503, and the operator sees why."""
    result = read(vendor_with(tmp_path, recipe() + CONFIRM, Script(failure)), asking(ASKED))
    assert result.confirm is not None
    with pytest.raises(WebhookRejected, match="could not be confirmed") as caught:
        result.confirm()
    assert caught.value.status == 503


ELSEWHERE = [
    *("https://sns.eu-west-1.amazonaws.com.evil.example/", "https://evil.example/", "https://amazonaws.com/"),
    *("https://sns.amazonaws.com/", "https://sns.a.b.amazonaws.com/", "https://x.sns.a.amazonaws.com/"),
    *("https://sns.a.amazonaws.com@evil.example/", "https://evil.example\\@sns.a.amazonaws.com/"),
    *("https://sns.a.amazonaws.com:8443/", "https://evil.example/?sns.a.amazonaws.com", "https://127.0.0.1/"),
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_another_address_is_shown_to_the_operator(tmp_path: Path, url: str) -> None:
    """Nothing is called; the reason holds the address."""
    script = Script(VendorAnswer(200, {}, b""))
    with pytest.raises(WebhookRejected) as caught:
        read(vendor_with(tmp_path, recipe() + CONFIRM, script), asking(url))
    assert f"open {url} yourself" in caught.value.reason
    assert script.built == []


@pytest.mark.parametrize("url", ["", "http://sns.a.amazonaws.com/", "ftp://x/", "https://a/\n", "x" * 3000])
def test_what_is_no_address_is_not_shown(tmp_path: Path, url: str) -> None:
    """Nobody is asked to open it."""
    with pytest.raises(WebhookRejected, match="without an https address"):
        read(vendor_with(tmp_path, recipe() + CONFIRM), asking(url))


def test_a_host_pattern_stands_for_whole_parts() -> None:
    """One star, one part of the name."""
    faults: list[RecipeFault] = []
    allowed = compile_hosts(["sns.*.amazonaws.com", "push.example.com"], "x", faults)
    assert faults == []
    assert allowed("https://sns.us-east-1.amazonaws.com/a.pem")
    assert allowed("https://push.example.com/")
    assert not allowed("https://PUSH.example.com.evil.example/")


GBK = quote("退订", encoding="gbk")

# (charset, body, query) of one report whose id is 退订
CHARSETS = [
    ('charset = ["gbk"]', f"id={GBK}&state=ok", ""),
    ('charset = ["utf-8", "gbk"]', f"id={GBK}&state=ok", ""),
    ('charset = ["utf-8", "gbk"]', "id=退订&state=ok", ""),
    ('charset = ["utf-8", "gbk"]', "", f"id={GBK}&state=ok"),
    ("", f"id={quote('退订')}&state=ok", ""),
]


@pytest.mark.parametrize(("charset", "body", "query"), CHARSETS)
def test_a_push_in_another_character_set(tmp_path: Path, charset: str, body: str, query: str) -> None:
    """Each value by itself, in the first that fits."""
    vendor = vendor_with(tmp_path, recipe(charset, decode='"query_and_form"'))
    (receipt,) = read(vendor, request(body, query)).receipts
    assert receipt.vendor_id == "退订"


def test_a_push_in_no_known_character_set_is_refused(tmp_path: Path) -> None:
    """Never with characters that nobody wrote."""
    with pytest.raises(WebhookRejected, match="is not text in UTF-8"):
        read(vendor_with(tmp_path, recipe(decode='"form"')), request(f"id={GBK}&state=ok"))


TWO = [{"id": 1, "state": "ok"}, {"id": 2, "state": "ok"}]

# (decode, path, body) of the reports 1 and 2
JOINED = [
    ('"form"', "rows({id: split(ids, ','), state: split(states, ',')})", "ids=1,2&states=ok,ok"),
    ('"form"', "rows({id: split(ids, '|'), state: state})", "ids=1%7C2&state=ok"),
    ('"form"', "parse_json(data)", f"data={json.dumps(TWO)}"),
    ('"json"', "parse_json(a.data)", json.dumps({"a": {"data": json.dumps(TWO)}})),
    ('"json"', "list[].parse_json(@)", json.dumps({"list": [json.dumps(one) for one in TWO]})),
    ('"form"', "split(r, ';')[].{id: split(@, ',')[0], state: split(@, ',')[1]}", "r=1,ok;2,ok"),
]


@pytest.mark.parametrize(("decode", "path", "body"), JOINED)
def test_reports_that_are_joined_in_a_text(tmp_path: Path, decode: str, path: str, body: str) -> None:
    """Each is a receipt of its own."""
    result = read(vendor_with(tmp_path, recipe(decode=decode, path=path)), request(body))
    assert [receipt.vendor_id for receipt in result.receipts] == ["1", "2"]


@pytest.mark.parametrize("body", ["ids=1,2&states=ok", "ids=1&states=ok,ok"])
def test_lists_that_do_not_fit_refuse_the_webhook(tmp_path: Path, body: str) -> None:
    """Nothing is guessed, and nothing is lost: the vendor is asked again."""
    text = recipe(decode='"form"', path=JOINED[0][1])
    with pytest.raises(WebhookRejected, match="holds a list that cannot be read"):
        read(vendor_with(tmp_path, text), request(body))


def test_sm3_equals_the_standards_example() -> None:
    """GB/T 32905-2016, example 1; the HMAC by its definition (RFC 2104)."""
    assert digest("sm3", b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    key, data = b"k" * 70, b"data"
    short = digest("sm3", key).ljust(64, b"\0")
    inner = digest("sm3", bytes(byte ^ 0x36 for byte in short) + data)
    assert mac("sm3", key, data) == digest("sm3", bytes(byte ^ 0x5C for byte in short) + inner)
    assert mac("sha256", key, data) == std_hmac.new(key, data, hashlib.sha256).digest()
