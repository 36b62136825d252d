"""Recipes against the vendors' own clients and signers: the same requests, the same signatures."""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bridge.plugin import BridgeError
from bridge_http.auth.azure_hmac import AzureHmac
from bridge_http.auth.base import RequestDraft, SchemePlace, Sign
from bridge_http.auth.bce import Bce
from bridge_http.auth.qiniu import Qiniu
from bridge_http.auth.sigv4 import SigV4
from bridge_http.auth.volc import Volc
from bridge_http.bench import Bench
from bridge_http.request.building import Built
from bridge_http.schema import Sample

from .judges import client, judged
from .making import NOW

FOLDER = Path(__file__).parents[3] / "config" / "recipes"
AT = datetime.fromtimestamp(NOW, UTC)
MIDNIGHT = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())


def built_by(name: str, call: str = "send_batch") -> Built:
    """Return the request of a recipe's dry run; what becomes of the empty answer does not matter."""
    bench = Bench.for_sample(FOLDER / f"{name}.toml", Sample(name="oracle"))
    with contextlib.suppress(BridgeError):
        bench.call(call)
    return bench.recorder.built[-1]


def told(built: Built) -> Any:
    """Return the JSON a request holds."""
    return json.loads(built.body)


# What the vendors' own signers gave for these requests (2026-11-28); held where no client is installed, too.
VOLC = (
    '{"SmsAccount":"acct1234","Sign":"Acme","TemplateID":"ST_abc","TemplateParam":"{\\"code\\":\\"0123\\"}",'
    '"PhoneNumbers":"13800138000","Tag":"b1"}'
)
QINIU = (
    '{"signature_id":"sig1","template_id":"tpl1","mobiles":["13800138000"],"parameters":{"code":"0123"},'
    '"seq":"b1"}'
)
AZURE = (
    '{"from":"+12025550100","smsRecipients":[{"to":"+12025550123",'
    '"repeatabilityRequestId":"00000000-0000-4000-8000-000000000001",'
    '"repeatabilityFirstSent":"Sun, 01 Nov 2026 00:00:00 GMT"}],"message":"Hello",'
    '"smsSendOptions":{"enableDeliveryReport":true,"tag":"b1"}}'
)
AWS = (
    '{"DestinationPhoneNumber":"+12025550123","OriginationIdentity":"+12025550100","MessageBody":"Hello",'
    '"MessageType":"TRANSACTIONAL","Context":{"ref":"m1"}}'
)
# (scheme, host, path, query, headers, body, moment, the end of Authorization)
VECTORS: list[tuple[Sign, str, str, dict[str, str], dict[str, str], str, int, str]] = [
    (
        Volc(scheme="volc", key="AKLTsample", secret="sample-secret", service="volcSMS"),
        "sms.volcengineapi.com",
        "/",
        {"Action": "SendSms", "Version": "2020-01-01"},
        {"Content-Type": "application/json"},
        VOLC,
        NOW,
        "Signature=10dd1710dc14ef79ece408eb8a9b3068dd9679fc422b3cf08b1608e359a842f7",
    ),
    (
        Bce(scheme="bce", key="sampleak", secret="samplesk"),
        "smsv3.bj.baidubce.com",
        "/api/v3/sendSms",
        {"clientToken": "k-1"},
        {},
        "{}",
        NOW,
        "host;x-bce-date/2141661610fa2ebde63bc778da7fd8a0436c225ff4c3cc883e6222c3a549ab4b",
    ),
    (
        Qiniu(scheme="qiniu", key="sample-ak", secret="sample-sk"),
        "sms.qiniuapi.com",
        "/v1/message",
        {},
        {"Content-Type": "application/json"},
        QINIU,
        NOW,
        "Qiniu sample-ak:FS94Deb5AVdk9FUiVkOAJBPTpCs=",
    ),
    (
        AzureHmac(scheme="azure_hmac", key="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        "acme.communication.azure.com",
        "/sms",
        {"api-version": "2026-01-23"},
        {},
        AZURE,
        MIDNIGHT,
        "Signature=Mty/9QxL/U4xhBXjbfBuM16HXyfX4nQnBiUpDcN6VL0=",
    ),
    (
        SigV4(
            scheme="sigv4",
            key="AKIDEXAMPLE",
            secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            service="sms-voice",
            region="us-east-1",
        ),
        "sms-voice.us-east-1.amazonaws.com",
        "/",
        {},
        {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "PinpointSMSVoiceV2.SendTextMessage",
        },
        AWS,
        MIDNIGHT,
        "Signature=fad6efc27c961ffd2a5f21f12d953800248209c8f6e9af5aff3de3a8efb13e7a",
    ),
]


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row[0].scheme)
def test_a_scheme_signs_as_its_vector(row: Any) -> None:
    """Each was made by the vendor's own signer with invented keys."""
    scheme, host, path, query, headers, body, moment, end = row
    draft = RequestDraft("POST", f"https://{host}", path, dict(query), dict(headers), names={"now": moment})
    draft.body = body.encode()
    scheme.signer(SchemePlace("sign", {}, headers, [])).apply(draft, scheme.texts())
    assert draft.headers["Authorization"].endswith(end)


@judged("volcengine (volc-sdk-python)", "signer, action and version", "volcengine")
def test_volcengines_own_signer_signs_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """SignerV4 over the very headers and bytes that are sent."""
    signer = client("volcengine.auth.SignerV4").SignerV4
    credentials = client("volcengine.Credentials").Credentials
    monkeypatch.setattr(signer, "get_current_format_date", staticmethod(lambda: f"{AT:%Y%m%dT%H%M%SZ}"))
    built = built_by("volcengine")
    parts = urlsplit(built.url)
    headers = {"Content-Type": built.headers["Content-Type"], "Host": parts.netloc}
    request = client("volcengine.base.Request").Request()
    request.method, request.path, request.headers = built.method, parts.path, headers
    request.query, request.body = dict(parse_qsl(parts.query)), built.body.decode()
    signer.sign(request, credentials("sample-key", "sample-secret", "volcSMS", "cn-north-1"))
    assert request.headers["Authorization"] == built.headers["Authorization"]
    known = client("volcengine.sms.SmsService").SmsService.get_api_info()["SendBatchSms"]
    assert known.query == request.query


BAIDU = {
    "send_batch": lambda sms: sms.send_message(
        "sms-sign-WWejWQ54455",
        "sms-tmpl-wHoJXL09355",
        "13800138000,13800138001",
        {"name": "Li Lei", "code": "0123"},
        custom="b1",
    ),
    "create_template": lambda sms: sms.create_template(
        "Sample", "Hello ${name}, your code is ${code}.", "CommonSale", "DOMESTIC", "Sample"
    ),
    "update_template": lambda sms: sms.update_template(
        "sms-tmpl-wHoJXL09355",
        "Sample",
        "Hello ${name}, your code is ${code}.",
        "CommonSale",
        "DOMESTIC",
        "Sample",
    ),
    "query_template": lambda sms: sms.get_template_detail("sms-tmpl-wHoJXL09355"),
    "delete_template": lambda sms: sms.delete_template("sms-tmpl-wHoJXL09355"),
    "query_sign": lambda sms: sms.get_signature_detail("sms-sign-WWejWQ54455"),
}


@judged("bce-python-sdk", "requests and signer", "baidu")
@pytest.mark.parametrize("call", sorted(BAIDU))
def test_baidus_own_client_asks_alike(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's method, path and body, and its signer over what is sent."""
    module = client("baidubce.services.sms.sms_client")
    signer = client("baidubce.auth.bce_v1_signer")
    credentials = client("baidubce.auth.bce_credentials").BceCredentials("sample-key", "sample-secret")
    configuration = client("baidubce.bce_client_configuration").BceClientConfiguration
    seen: list[Any] = []

    def send(config: Any, sign: Any, parsers: Any, method: Any, path: Any, body: Any, *rest: Any) -> Any:
        seen.extend((method, path, body))
        return SimpleNamespace(template_id="t", status="SUBMITTED", metadata=None)

    monkeypatch.setattr(module.bce_http_client, "send_request", send)
    sms = module.SmsClient(configuration(credentials, endpoint="https://smsv3.bj.baidubce.com"))
    with contextlib.suppress(AttributeError):  # the client reads the answer; there is none
        BAIDU[call](sms)
    method, path, body = seen
    built = built_by("baidu", call)
    parts = urlsplit(built.url)
    assert (built.method, parts.path) == (method.decode(), path.decode())
    if body:
        assert {name: value for name, value in json.loads(body).items() if value is not None} == told(built)
    headers = {b"Host": parts.netloc.encode(), b"x-bce-date": built.headers["x-bce-date"].encode()}
    params = {name.encode(): value.encode() for name, value in parse_qsl(parts.query)}
    signed = signer.sign(
        credentials, method, path, headers, params, NOW, 1800, headers_to_sign=[b"host", b"x-bce-date"]
    )
    assert built.headers["Authorization"] == signed.decode()


@judged("qiniu", "signer", "qiniu")
@pytest.mark.parametrize("call", ["send_batch", "check_channel", "poll.receipt"])
def test_qinius_own_signer_signs_alike(call: str) -> None:
    """QiniuMacAuth over the very headers and bytes that are sent."""
    signer = client("qiniu.auth").QiniuMacAuth("sample-key", "sample-secret")
    built = built_by("qiniu", call)
    headers = signer.qiniu_headers(built.headers)
    token = signer.token_of_request(
        built.method, None, built.url, headers, built.headers["Content-Type"], built.body
    )
    assert built.headers["Authorization"] == f"Qiniu {token}"


def posted(sent: list[Any], answer: str) -> Any:
    """Return a transport of Azure's that keeps the request and gives this answer."""
    transport = client("azure.core.pipeline.transport")
    response = client("requests").Response()
    response.status_code, response.raw, response._content = 202, None, answer.encode()
    response.headers["Content-Type"] = "application/json"

    class Kept(transport.RequestsTransport):  # type: ignore[misc, name-defined]
        def send(self, request: Any, **_options: Any) -> Any:
            sent.append(request)
            return transport.RequestsTransportResponse(request, response)

    return Kept()


@judged("azure-communication-sms", "request, signer and reading of an answer", "azure")
def test_azures_own_client_asks_and_reads_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its body but for the keys it draws, its signature, and its reading of the recipe's own answer."""
    sms = client("azure.communication.sms")
    key = client("azure.core.credentials").AzureKeyCredential("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    answer = (
        '{"value":[{"to":"+12025550123","messageId":"id-1","httpStatusCode":202,"successful":true},'
        '{"to":"+12025550124","httpStatusCode":400,"errorMessage":"no","successful":false}]}'
    )
    sent: list[Any] = []
    endpoint = "https://acme.communication.azure.com"
    theirs = sms.SmsClient(endpoint, key, transport=posted(sent, answer)).send(
        from_="+12025550100",
        to=["+12025550123", "+12025550124"],
        message="Hello",
        enable_delivery_report=True,
        tag="b1",
    )
    built = built_by("azure")
    assert without_keys(json.loads(sent[0].body)) == without_keys(told(built))
    assert urlsplit(sent[0].url).path == urlsplit(built.url).path

    sample = Sample(name="read", call="send_batch", answer=f"202\n\n{answer}")
    bench = Bench.for_sample(FOLDER / "azure.toml", sample)
    ours = bench.vendor.send_batch(bench.channel, bench.batch())
    assert [(r.vendor_id, r.outcome.value == "accepted") for r in ours] == [
        (each.message_id or "", each.successful) for each in theirs
    ]

    policy = client("azure.communication.sms._shared.policy")
    monkeypatch.setattr(policy, "get_current_utc_time", lambda: built.headers["x-ms-date"])
    request = SimpleNamespace(method="POST", url=built.url, body=built.body.decode(), headers={})
    context = SimpleNamespace(transport=None)
    policy.HMACCredentialsPolicy(endpoint, key)._sign_request(
        SimpleNamespace(http_request=request, context=context)
    )
    assert request.headers["Authorization"] == built.headers["Authorization"]


def without_keys(body: Any) -> Any:
    """Return a body without what a client draws by chance."""
    drawn = ("repeatabilityRequestId", "repeatabilityFirstSent")
    recipients = [{k: v for k, v in each.items() if k not in drawn} for each in body["smsRecipients"]]
    return {**body, "smsRecipients": recipients}


def aws_client() -> Any:
    """AWS's own client; it calls nobody until it is told to."""
    session = client("botocore.session").Session()
    return session.create_client(
        "pinpoint-sms-voice-v2",
        region_name="us-east-1",
        aws_access_key_id="sample-key",
        aws_secret_access_key="sample-secret",
    )


@judged("botocore", "request and signer", "aws")
def test_awss_own_client_asks_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its body, target and signature at the same moment."""
    monkeypatch.setattr(client("botocore.auth"), "get_current_datetime", lambda: AT)
    sent: list[Any] = []

    def keep(request: Any, **_rest: Any) -> Any:
        sent.append(request)
        answer = client("botocore.awsrequest").AWSResponse
        raw = SimpleNamespace(stream=lambda: iter([b'{"MessageId":"1"}']))
        return answer(request.url, 200, {}, raw)

    aws = aws_client()
    aws.meta.events.register("before-send.*.*", keep)
    aws.send_text_message(
        DestinationPhoneNumber="+12025550123",
        OriginationIdentity="+12025550100",
        MessageBody="Hello Ann, your code is 0123.",
        MessageType="TRANSACTIONAL",
        Context={"ref": "m1"},
    )
    built = built_by("aws")
    assert (sent[0].method, sent[0].url) == (built.method, built.url)
    assert json.loads(sent[0].body) == told(built)
    for name in ("X-Amz-Target", "Content-Type"):
        assert _text(sent[0].headers[name]) == built.headers[name]

    request = client("botocore.awsrequest").AWSRequest(
        method="POST",
        url=built.url,
        data=built.body,
        headers={name: built.headers[name] for name in ("Content-Type", "X-Amz-Target")},
    )
    credentials = client("botocore.credentials").Credentials("sample-key", "sample-secret")
    client("botocore.auth").SigV4Auth(credentials, "sms-voice", "us-east-1").add_auth(request)
    assert request.headers["Authorization"] == built.headers["Authorization"]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def reasons() -> Iterator[tuple[str, str]]:
    """Yield every reason of AWS's model with its exception."""
    model = aws_client().meta.service_model
    for kind in ("ConflictException", "ServiceQuotaExceededException", "ValidationException"):
        for reason in model.shape_for(kind).members["Reason"].enum:
            yield kind, reason


@judged("botocore", "every reason of an error in its model", "aws")
def test_a_send_knows_every_reason_of_awss_model() -> None:
    """A reason of a validation that is not of a send stays unknown; the others all mean something."""
    unknown = set()
    for kind, reason in reasons():
        answer = json.dumps({"__type": kind, "Message": "no", "Reason": reason})
        sample = Sample(name="reason", call="send_batch", answer=f"400\n\n{answer}")
        bench = Bench.for_sample(FOLDER / "aws.toml", sample)
        (result,) = bench.vendor.send_batch(bench.channel, bench.batch())
        if result.outcome.value == "unknown":
            unknown.add((kind, reason))
    assert {kind for kind, _ in unknown} <= {"ValidationException"}


@judged("cm-text-sdk-python", "request", "cm")
def test_cms_own_client_writes_alike() -> None:
    """Its body, but for the mark of the client and the number of parts, which it leaves to the platform."""
    text = client("cm_text.text_client").TextClient("sample-token")
    for number, content, reference in [
        ("0012025550123", "Hello Ann, your code is 0123.", "m1"),
        ("00447700900123", "Hello Zoë, your code is 4567.", "m2"),
    ]:
        text.AddMessage(content, from_="Acme", to=[number], reference=reference)
    theirs = json.loads(text.encodeData(text.messages))
    ours = told(built_by("cm"))
    for message in theirs["messages"]["msg"]:
        del message["customGrouping3"]
        message["body"]["type"] = message["body"]["type"].lower()
    for message in ours["messages"]["msg"]:
        del message["minimumNumberOfMessageParts"], message["maximumNumberOfMessageParts"]
    assert ours == theirs
