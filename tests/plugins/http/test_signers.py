"""Signatures against the vendors' own signers, or against an independent computation."""

import base64
import contextlib
import hashlib
import hmac
import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from messagebird.error import ValidationError
from messagebird.request_validator import RequestValidator
from plivo.utils import validate_signature
from plivo.utils.signature_v3 import (
    construct_get_url,
    construct_post_url,
    get_signature_v3,
    validate_v3_signature,
)
from tencentcloud.common.abstract_client import AbstractClient
from tencentcloud.common.credential import Credential

from bridge.plugin import BridgeError, WebhookRejected, WebhookRequest
from bridge_http.auth.sorted_params import SortedParams
from bridge_http.bench import Bench
from bridge_http.reading import load
from bridge_http.request.building import Built
from bridge_http.schema import Sample

from .judges import judged
from .making import HEAD, NOW, SEND, Script, answer, batch_of, vendor_for

FOLDER = Path(__file__).parents[3] / "config" / "recipes"
SIGNING_KEY = "sample-signing-key-of-32-characters"
HOOK = "https://sms.example.com/hooks/promo/token"


def built_by(name: str, call: str = "send_batch") -> Built:
    """Return the request of a recipe's dry run; what becomes of the empty answer does not matter."""
    bench = Bench.for_sample(FOLDER / f"{name}.toml", Sample(name="oracle"))
    with contextlib.suppress(BridgeError):
        bench.call(call)
    return bench.recorder.built[-1]


@judged("tencentcloud-sdk-python-common", "signer", "tencent")
@pytest.mark.parametrize(
    "call", ["send_batch", "create_template", "query_template", "query_sign", "poll.receipt"]
)
def test_tencents_own_client_signs_alike(call: str) -> None:
    """TC3-HMAC-SHA256 by tencentcloud-sdk-python-common over the very bytes that are sent."""
    built = built_by("tencent", call)
    client = AbstractClient(Credential("sample-id", "sample-key"), "ap-guangzhou")
    headers = {**built.headers, "Host": "sms.tencentcloudapi.com"}
    request = SimpleNamespace(method="POST", uri="/", data=built.body.decode(), header=headers)
    signature = client._get_tc3_signature({}, request, "2026-11-01", "sms", "sample-key")
    scope = "Credential=sample-id/2026-11-01/sms/tc3_request, SignedHeaders=content-type;host"
    assert built.headers["Authorization"] == f"TC3-HMAC-SHA256 {scope}, Signature={signature}"


@judged("huaweicloudsdkcore", "signer", "huawei")
def test_huaweis_own_client_signs_alike() -> None:
    """SDK-HMAC-SHA256 by huaweicloudsdkcore, with the very headers and bytes that are sent."""
    built = built_by("huawei")
    headers = {name: value for name, value in built.headers.items() if name != "Authorization"}
    request = SdkRequest(
        method=built.method,
        schema="https",
        host=urlsplit(built.url).netloc,
        resource_path=urlsplit(built.url).path,
        query_params=[],
        header_params=headers,
        body=built.body,
    )
    signed = Signer(BasicCredentials("sample-key", "sample-secret")).sign(request)
    assert built.headers["Authorization"] == signed.header_params["Authorization"]


@pytest.mark.parametrize("query", [{}, {"b": "2", "a": "ü ~*'", "c": ""}])
def test_huaweis_signature_covers_path_and_query(tmp_path: Path, query: dict[str, str]) -> None:
    """A path with segments to escape and a query in any order."""
    lines = "\n".join(f'{name} = "{value}"' for name, value in query.items())
    sign = '{ scheme = "sdk_hmac_sha256", key = "ak", secret = "{{ secret.key }}" }'
    path = tmp_path / "acme.toml"
    send = SEND.replace('path = "/send"', f'path = "/v2/{{{{ r.text }}}}/send"\nsign = {sign}')
    path.write_text(f"{HEAD}{send}[operations.send_batch.request.query]\n{lines}\n", encoding="utf-8")
    script = Script(answer('{"ok": true}'))
    vendor = vendor_for(path, script)
    vendor.send_batch(vendor.channel, batch_of({"name": "a b é~"}, content="${name}"))
    built = script.built[0]
    request = SdkRequest(
        method="POST",
        schema="https",
        host="api.acme.example",
        resource_path=urlsplit(built.url).path,
        query_params=list(query.items()),
        header_params={name: value for name, value in built.headers.items() if name != "Authorization"},
        body=built.body,
    )
    signed = Signer(BasicCredentials("ak", "s3cret")).sign(request)
    assert built.headers["Authorization"] == signed.header_params["Authorization"]


def test_wsse_is_the_digest_of_nonce_time_and_secret() -> None:
    """As the vendor's Python and PHP samples have it: base64 of the hex text."""
    header = built_by("huawei_wsse").headers["X-WSSE"]
    parts = dict(part.split("=", 1) for part in header.removeprefix("UsernameToken ").split(","))
    nonce, created = parts["Nonce"].strip('"'), parts["Created"].strip('"')
    digest = hashlib.sha256(f"{nonce}{created}sample-secret".encode()).hexdigest()
    assert parts["PasswordDigest"].strip('"') == base64.b64encode(digest.encode()).decode()
    assert created == "2026-11-01T02:26:40Z"


def test_submails_digest_covers_what_is_not_skipped() -> None:
    """MD5 over id, key, the sorted rest, id, key; `multi` and `tag` stay out."""
    form = dict(parse_qsl(built_by("submail").body.decode()))
    rest = "&".join(
        f"{name}={form[name]}" for name in sorted(form) if name not in ("signature", "tag", "multi")
    )
    wrapped = f"sample-appidsample-appkey{rest}sample-appidsample-appkey"
    assert form["signature"] == hashlib.md5(wrapped.encode()).hexdigest()


def test_uclouds_signature_equals_the_published_example() -> None:
    """docs.ucloud.cn, "signature": the sorted names and values without anything between, then the key."""
    scheme = load(FOLDER / "ucloud.toml").requests.sign
    assert isinstance(scheme, SortedParams)
    pairs = {
        "Action": "DescribeUHostInstance",
        "Region": "cn-bj2",
        "Limit": 10,
        "PublicKey": "ucloudsomeone@example.com1296235120854146120",
    }
    texts = {**scheme.texts(), "after": "46f09bb9fab4f12dfc160dae12273d5332b5debe"}
    assert scheme.digest(pairs, texts) == "cba5cf5ec4d4233d206b1b54951e3787350a642f"


def test_chuanglans_header_is_keyed_by_the_passwords_md5() -> None:
    """HMAC-SHA256 over the three parts, sorted by bytes."""
    built = built_by("chuanglan_v2")
    body = json.loads(built.body)
    key = hashlib.md5(b"sample-password").hexdigest()
    joined = "".join(sorted([key, body["timestamp"], body["nonce"]]))
    assert (
        built.headers["X-QA-Hmac-Signature"] == hmac.new(key.encode(), joined.encode(), "sha256").hexdigest()
    )


def test_the_classic_alibaba_signature_equals_the_published_example(tmp_path: Path) -> None:
    """help.aliyun.com, "request signatures": DescribeRegions signed with testid and testsecret."""
    recipe = (
        HEAD.replace("https://api.acme.example", "https://ecs.aliyuncs.com")
        + """
[operations.send_batch.request]
method = "GET"
path = "/"
sign = { scheme = "rpc_hmac_sha1", key = "testid", secret = "{{ secret.key }}" }
[operations.send_batch.request.query]
Timestamp = "2016-02-23T12:46:24Z"
Format = "XML"
Action = "DescribeRegions"
SignatureMethod = "HMAC-SHA1"
SignatureNonce = "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"
Version = "2014-05-26"
SignatureVersion = "1.0"
[operations.send_batch.response]
accepted = [{ path = "body", present = true }]
"""
    )
    path = tmp_path / "acme.toml"
    path.write_text(recipe, encoding="utf-8")
    script = Script(answer("{}"))
    vendor = vendor_for(path, script, secrets={"key": "testsecret"})
    vendor.send_batch(vendor.channel, batch_of({"name": "x"}))
    query = dict(parse_qsl(urlsplit(script.built[0].url).query))
    assert query["Signature"] == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_a_vendor_can_be_signed_by_expressions_alone(tmp_path: Path) -> None:
    """Steps see the finished request; the last one names its header."""
    sign = """
[operations.send_batch.request.sign]
scheme = "expr"
steps = [
    { base = "{{ [req.method, req.host, req.path, req.body | sha256] | join('\\n') }}" },
    { "header:X-Sign" = "{{ base | hmac_sha256(secret.key) }}" },
]
"""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND + sign, encoding="utf-8")
    script = Script(answer('{"ok": true}'))
    vendor = vendor_for(path, script)
    vendor.send_batch(vendor.channel, batch_of({"name": "x"}))
    built = script.built[0]
    base = "\n".join(["POST", "api.acme.example", "/send", hashlib.sha256(built.body).hexdigest()])
    assert built.headers["X-Sign"] == hmac.new(b"s3cret", base.encode(), "sha256").hexdigest()


PLIVO_NONCE = "12345678901234567890"
PLIVO_SIGNATURE = "+L3Tv9S+GQa8QSwB7/dvet7XQ0sdaHarrkj4hbAfe1o="


def plivo_report(form: dict[str, str]) -> WebhookRequest:
    """Return a report with a signature V2 that Plivo's own code takes; V3 is for voice."""
    url = f"{HOOK}/receipt?batch=b1"
    assert validate_signature(url, PLIVO_NONCE, PLIVO_SIGNATURE, "sample-auth_token")
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-plivo-signature-v2": PLIVO_SIGNATURE,
        "x-plivo-signature-v2-nonce": PLIVO_NONCE,
    }
    return WebhookRequest("POST", url, "/receipt", b"batch=b1", headers, urlencode(form).encode())


@judged("plivo", "validator of pushes", "plivo")
def test_plivos_own_validator_and_ours_agree() -> None:
    """A genuine report is read; another address, nonce or signature is refused. Bodies are not signed."""
    bench = Bench.for_sample(FOLDER / "plivo.toml", Sample(name="oracle"))
    form = {
        "To": "12025550123",
        "From": "Acme",
        "Status": "delivered",
        "MessageUUID": "u-1",
        "ErrorCode": "000",
    }
    report = plivo_report(form)
    (receipt,) = bench.vendor.parse_webhook(bench.channel, report).receipts
    assert (receipt.batch_ref, receipt.vendor_id) == ("b1", "u-1")
    forged: list[dict[str, Any]] = [
        {"url": report.url.replace("promo", "other")},
        {"headers": {**report.headers, "x-plivo-signature-v2-nonce": "1"}},
        {"headers": {**report.headers, "x-plivo-signature-v2": ""}},
        {
            "headers": {
                **report.headers,
                "x-plivo-signature-v2": "z1OCV8kKB+Rp478lAFj+VenKm+n8bwvEwid5qbPnxYg=",
            }
        },
        {"headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"headers": {**report.headers, "x-plivo-signature-v2-nonce": ""}},
    ]
    for change in forged:
        parts = {
            name: getattr(report, name) for name in ("method", "url", "tail", "query", "headers", "body")
        }
        with pytest.raises(WebhookRejected):
            bench.vendor.parse_webhook(bench.channel, WebhookRequest(**{**parts, **change}))


@pytest.mark.parametrize(
    ("method", "query", "form"),
    [
        ("POST", "", {"To": "12025550123", "Status": "delivered", "MessageUUID": "u-1"}),
        (
            "POST",
            "batch=b1&a=",
            {"To": "12025550123", "Status": "failed", "MessageUUID": "u-1", "x": "é &"},
        ),
        ("GET", "Status=delivered&MessageUUID=u-1&batch=b1", {}),
    ],
)
def test_plivos_signature_v3_counts_where_it_comes_alone(
    method: str, query: str, form: dict[str, str]
) -> None:
    """As the vendor's own validator takes it; beside a V2 it says nothing."""
    url = f"{HOOK}/receipt" + (f"?{query}" if query else "")
    full = construct_get_url(url, {}) if method == "GET" else construct_post_url(url, dict(form))
    proof = get_signature_v3(b"sample-auth_token", full.decode(), PLIVO_NONCE).decode()
    assert validate_v3_signature(method, url, PLIVO_NONCE, "sample-auth_token", proof, dict(form))
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-plivo-signature-v3": f"AAAA,{proof}",
        "x-plivo-signature-v3-nonce": PLIVO_NONCE,
    }
    bench = Bench.for_sample(FOLDER / "plivo.toml", Sample(name="oracle"))

    def read(**more: str) -> int:
        given = WebhookRequest(
            method, url, "/receipt", query.encode(), {**headers, **more}, urlencode(form).encode()
        )
        return len(bench.vendor.parse_webhook(bench.channel, given).receipts)

    assert read() == 1
    for more in (
        {"x-plivo-signature-v3": "AAAA"},
        {"x-plivo-signature-v3-nonce": "1"},
        {"x-plivo-signature-v2": "AAAA", "x-plivo-signature-v2-nonce": PLIVO_NONCE},
    ):
        with pytest.raises(WebhookRejected):
            read(**more)


def test_plivos_main_account_signs_for_its_subaccounts() -> None:
    """Header Ma-V2 by the main account's token."""
    report = plivo_report({"To": "12025550123", "Status": "delivered", "MessageUUID": "u-1"})
    headers = {**report.headers, "x-plivo-signature-ma-v2": PLIVO_SIGNATURE, "x-plivo-signature-v2": "AAAA"}
    bench = Bench.for_sample(FOLDER / "plivo.toml", Sample(name="oracle"))
    given = WebhookRequest("POST", report.url, report.tail, report.query, headers, report.body)
    assert len(bench.vendor.parse_webhook(bench.channel, given).receipts) == 1


def test_uclouds_signature_of_a_batch_equals_its_own_signers() -> None:
    """The value that ucloud-sdk-python3 0.11.150 gave for this call (2026-11-28)."""
    scheme = load(FOLDER / "ucloud.toml").requests.sign
    assert isinstance(scheme, SortedParams)
    task = (
        '[{"TemplateId":"UTA1","SigContent":"Acme","Target":[{"TemplateParams":["Li Lei","0123"],'
        '"Phone":"(86)13800138000","UserId":"b1"}]}]'
    )
    pairs = {
        "Action": "SendBatchUSMSMessage",
        "PublicKey": "sample-public",
        "ProjectId": "org-1",
        "TaskContent": base64.b64encode(task.encode()).decode(),
    }
    texts = {**scheme.texts(), "after": "sample-private"}
    assert scheme.digest(pairs, texts) == "f3005d8c5760038df6065c1ff519da3da903c353"


def token(
    url: str, body: bytes = b"", key: str = SIGNING_KEY, algorithm: str = "HS256", **changes: object
) -> str:
    """Return a token as MessageBird makes it (PyJWT)."""
    claims: dict[str, object] = {
        "iss": "MessageBird",
        "nbf": NOW - 10,
        "exp": NOW + 60,
        "jti": "1",
        "url_hash": hashlib.sha256(url.encode()).hexdigest(),
    }
    if body:
        claims["payload_hash"] = hashlib.sha256(body).hexdigest()
    claims |= changes
    kept = {name: claim for name, claim in claims.items() if claim is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one key serves every length of digest here
        return jwt.encode(kept, key, algorithm=algorithm)


URL = f"{HOOK}/receipt?id=mb-1&reference=b1&recipient=12025550123&status=delivered"
QUERY = URL.partition("?")[2].encode()

# (token, is it genuine)
TOKENS = [
    (token(URL), True),
    (token(URL, key=SIGNING_KEY * 3, algorithm="HS384"), False),
    (token(URL, key=SIGNING_KEY, algorithm="HS384"), True),
    (token(URL, key=SIGNING_KEY, algorithm="HS512"), True),
    (token(URL, key="another-key-of-at-least-32-characters"), False),
    (token(URL + "x"), False),
    (token(URL, b"body"), False),
    (token(URL, iss="Somebody"), False),
    (token(URL, exp=NOW - 60), False),
    (token(URL, nbf=NOW + 60), False),
    (token(URL, exp=None), False),
    (jwt.encode({"iss": "MessageBird"}, "", algorithm="none"), False),
    ("", False),
    ("a.b.c", False),
    ("....", False),
]


@judged("messagebird", "validator of pushes", "messagebird")
@pytest.mark.filterwarnings("ignore:The HMAC key")
@pytest.mark.parametrize(("proof", "genuine"), TOKENS)
def test_messagebirds_own_validator_and_ours_agree(
    proof: str, genuine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token counts for its URL, body, issuer and time only."""
    import datetime as module

    class Frozen(module.datetime):
        @classmethod
        def now(cls, tz: module.tzinfo | None = None) -> "Frozen":
            return cls.fromtimestamp(NOW, tz)

    monkeypatch.setattr("jwt.api_jwt.datetime", Frozen)
    bench = Bench.for_sample(FOLDER / "messagebird.toml", Sample(name="oracle"))
    report = WebhookRequest("GET", URL, "/receipt", QUERY, {"messagebird-signature-jwt": proof}, b"")
    validator = RequestValidator(SIGNING_KEY)
    if genuine:
        validator.validate_signature(proof, URL, b"")
        assert len(bench.vendor.parse_webhook(bench.channel, report).receipts) == 1
        return
    with pytest.raises((ValidationError, KeyError)):
        validator.validate_signature(proof, URL, b"")
    with pytest.raises(WebhookRejected):
        bench.vendor.parse_webhook(bench.channel, report)
