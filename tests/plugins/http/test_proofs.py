"""Whose webhook it is: signatures of SNS, Ed25519 and Huawei Cloud, made by somebody else's signer."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from bridge.plugin import VendorUnavailable, WebhookRejected
from bridge_http.answer.errors import VendorAnswer
from bridge_http.faults import RecipeFault, RecipeFaults
from bridge_http.vendor import HttpVendor

from .hooks import ASKED, CONFIRM, read, recipe, request, vendor_with
from .making import NOW, Script, compiled

ONE = '{"id": "1", "state": "ok"}'


class Aws:
    """An SNS with a key of its own."""

    def __init__(self, **changes: Any) -> None:
        self.key = changes.get("key") or rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        begins = changes.get("begins", datetime.fromtimestamp(NOW, UTC) - timedelta(days=1))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=2))
            .sign(self.key, hashes.SHA256())
        )
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)

    def signed(self, version: str = "2", names: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
        """A message as SNS pushes it (docs.aws.amazon.com/sns, "HTTP/HTTPS notification JSON format")."""
        message: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": "22b80b92",
            "TopicArn": TOPIC,
            "Subject": "S",
            "Message": ONE,
            "Timestamp": "2012-05-02T00:54:06.655Z",
            "SignatureVersion": version,
            "SigningCertURL": CERT,
            **changes,
        }
        message = {name: value for name, value in message.items() if value is not None}
        covered = names or ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
        text = "".join(f"{name}\n{message[name]}\n" for name in covered if name in message)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        proof = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {"Signature": base64.b64encode(proof).decode(), **message}


TOPIC = "arn:aws:sns:us-west-2:123456789012:MyTopic"
CERT = "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-1.pem"
SNS = f'verify = {{ scheme = "sns", topic = "{TOPIC}" }}'
_KEYS: dict[str, Aws] = {}


def aws() -> Aws:
    """Return one SNS for all tests: keys are slow to make."""
    return _KEYS.setdefault("aws", Aws())


def sns_vendor(tmp_path: Path, caller: Any) -> HttpVendor:
    """Return a vendor whose webhook SNS signs."""
    return vendor_with(tmp_path, recipe(guard=SNS, path="parse_json(Message)") + CONFIRM, caller)


@pytest.mark.parametrize(
    "changes", [{}, {"version": "1"}, {"Subject": None}, {"MessageAttributes": {"a": {"Value": "1"}}}]
)
def test_a_notification_of_sns_is_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Both versions of the signature, with and without a subject; the certificate is fetched once."""
    script = Script(VendorAnswer(200, {}, aws().pem))
    vendor = sns_vendor(tmp_path, script)
    for _ in range(2):
        (receipt,) = read(vendor, request(json.dumps(aws().signed(**changes)))).receipts
        assert receipt.vendor_id == "1"
    assert [built.url for built in script.built] == [CERT]


def test_a_subscription_of_sns_is_confirmed(tmp_path: Path) -> None:
    """It is signed over other fields."""
    names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    message = aws().signed(
        names=names, Type="SubscriptionConfirmation", Subject=None, Token="2336", SubscribeURL=ASKED
    )
    result = read(
        sns_vendor(tmp_path, Script(VendorAnswer(200, {}, aws().pem))), request(json.dumps(message))
    )
    assert result.confirm is not None


FORGED: list[dict[str, Any]] = [
    {"Message": '{"id": "2", "state": "ok"}'},
    {"TopicArn": TOPIC + "2"},
    {"Signature": ""},
    {"Signature": "AAAA"},
    {"SignatureVersion": "3"},
    {"SignatureVersion": "1"},
    {"Type": "Other"},
    {"SigningCertURL": "https://evil.example/SimpleNotificationService-1.pem"},
    {"SigningCertURL": "https://sns.us-west-2.amazonaws.com.evil.example/a.pem"},
    {"SigningCertURL": "http://sns.us-west-2.amazonaws.com/a.pem"},
    {"SigningCertURL": "https://sns.us-west-2.amazonaws.com/a.pem?x=1"},
    {"SigningCertURL": "https://sns.us-west-2.amazonaws.com/redirect?to=evil.pem"},
    {"SigningCertURL": 7},
]


@pytest.mark.parametrize("change", FORGED)
def test_a_forged_notification_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """No certificate is fetched from anywhere else."""
    script = Script(VendorAnswer(200, {}, aws().pem))
    with pytest.raises(WebhookRejected, match="signature is wrong"):
        read(sns_vendor(tmp_path, script), request(json.dumps({**aws().signed(), **change})))
    assert all(built.url == CERT for built in script.built)


def _ec_certificate() -> bytes:
    return _KEYS.setdefault("ec", Aws(key=ec.generate_private_key(ec.SECP256R1()))).pem


CERTIFICATES = [
    (lambda: VendorAnswer(404, {}, b""), "could not be fetched"),
    (lambda: VendorAnswer(200, {}, b"<html>"), "could not be fetched"),
    (lambda: VendorUnavailable("no"), "could not be fetched"),
    (_ec_certificate, "holds no RSA key"),
    (lambda: Aws(key=aws().key, begins=datetime(2020, 1, 1, tzinfo=UTC)).pem, "is not good now"),
]


@pytest.mark.parametrize(("made", "reason"), CERTIFICATES)
def test_without_a_good_certificate_the_vendor_is_asked_again(tmp_path: Path, made: Any, reason: str) -> None:
    """503, whatever the recipe answers to forged ones; a failure is not tried again at once."""
    given = made()
    script = Script(given if isinstance(given, VendorAnswer | Exception) else VendorAnswer(200, {}, given))
    vendor = sns_vendor(tmp_path, script)
    for expected in (reason, "is "):
        with pytest.raises(WebhookRejected, match=expected) as caught:
            read(vendor, request(json.dumps(aws().signed())))
        assert caught.value.status == 503
        if reason != "is not good now":
            assert len(script.built) == 1
            reason = "is being fetched"


SEED = bytes(range(32))
PUBLIC = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
ED25519 = (
    f'verify = {{ scheme = "ed25519", header = "telnyx-signature-ed25519", key = "{PUBLIC}", '
    'signed = "{{ headers[\'telnyx-timestamp\'] }}|{{ text }}", time = "telnyx-timestamp" }'
)


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"at": NOW - 301}, False),
        ({"at": NOW + 301}, False),
        ({"body": ONE + " "}, False),
        ({"proof": ""}, False),
        ({"proof": "AAAA"}, False),
        ({"seed": bytes(32)}, False),
        ({"header": "1.5"}, False),
        ({"header": "²"}, False),
    ],
)
def test_an_ed25519_signature_covers_time_and_body(
    tmp_path: Path, change: dict[str, Any], good: bool
) -> None:
    """Made with the library's own signer."""
    moment = str(change.get("at", NOW))
    key = Ed25519PrivateKey.from_private_bytes(change.get("seed", SEED))
    proof = base64.b64encode(key.sign(f"{moment}|{ONE}".encode())).decode()
    headers = {
        "telnyx_timestamp": change.get("header", moment),
        "telnyx_signature_ed25519": change.get("proof", proof),
    }
    vendor, given = vendor_with(tmp_path, recipe(guard=ED25519)), request(change.get("body", ONE), **headers)
    if good:
        assert len(read(vendor, given).receipts) == 1
        return
    with pytest.raises(WebhookRejected, match="signature is wrong"):
        read(vendor, given)


HUAWEI = 'verify = { scheme = "sdk_hmac_sha256", key = "push-ak", secret = "{{ secret.key }}" }'


def huawei_push(ak: str = "push-ak", sk: str = "s3cret", body: str = ONE) -> dict[str, str]:
    """Return the headers of a push, signed by Huawei's own signer."""
    stamp = datetime.fromtimestamp(NOW, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "Keep-Alive",
        "Host": "sms.example.com",
        "X-Sdk-Date": stamp,
    }
    pushed = SdkRequest(
        method="POST",
        schema="https",
        host="sms.example.com",
        resource_path="/hooks/promo/token/event",
        query_params=[("a", "1")],
        header_params=dict(headers),
        body=body.encode(),
    )
    signed = Signer(BasicCredentials(ak, sk)).sign(pushed).header_params
    assert "SignedHeaders=connection;content-length;content-type;host;x-sdk-date" in signed["Authorization"]
    return {name.lower().replace("-", "_"): value for name, value in signed.items()}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"connection": "close"}, True),  # a proxy's own
        ({"x_sdk_date": "20261101T012640Z"}, False),
        ({"x_sdk_date": "20261301T012640Z"}, False),
        ({"authorization": ""}, False),
        ({"host": "other.example.com"}, False),
    ],
)
def test_a_push_that_huawei_signs(tmp_path: Path, change: dict[str, str], good: bool) -> None:
    """By the signer of huaweicloudsdkcore; the header that a proxy writes anew does not matter."""
    vendor = vendor_with(tmp_path, recipe(guard=HUAWEI))
    given = request(ONE, "a=1", **{**huawei_push(), **change})
    if good:
        assert len(read(vendor, given).receipts) == 1
        return
    with pytest.raises(WebhookRejected, match="signature is wrong"):
        read(vendor, given)


@pytest.mark.parametrize("pushed", [huawei_push(ak="other"), huawei_push(sk="other"), huawei_push(body="{}")])
def test_a_push_that_somebody_else_signs(tmp_path: Path, pushed: dict[str, str]) -> None:
    """Another key, another secret, another body."""
    with pytest.raises(WebhookRejected):
        read(vendor_with(tmp_path, recipe(guard=HUAWEI)), request(ONE, "a=1", **pushed))


NEEDS = """allow_unsigned = true
verify = { needs = "push_key", header = "x-sign", equals = "{{ secret.push_key }}" }"""
OPTIONAL = '[optional_secrets]\npush_key = "the key of pushes"\n'


def test_an_optional_secret_switches_the_check_on(tmp_path: Path) -> None:
    """Without it the secret address alone guards."""
    text = recipe(guard=NEEDS) + OPTIONAL
    assert len(read(vendor_with(tmp_path, text), request(ONE)).receipts) == 1
    vendor = vendor_with(tmp_path, text, secrets={"key": "s3cret", "push_key": "k"})
    assert len(read(vendor, request(ONE, x_sign="k")).receipts) == 1
    for headers in ({}, {"x_sign": ""}, {"x_sign": "s3cret"}):
        with pytest.raises(WebhookRejected):
            read(vendor, request(ONE, **headers))


def test_what_switches_a_check_on_must_exist() -> None:
    """And the recipe must say that it works unsigned without it."""
    with pytest.raises(RecipeFaults) as caught:
        compiled(recipe(guard=NEEDS))
    assert (
        RecipeFault("webhooks.event.verify.needs", "there is no secret or setting 'push_key'")
        in caught.value.faults
    )
    with pytest.raises(ValueError, match="needs allow_unsigned = true beside verify"):
        compiled(recipe(guard=NEEDS.replace("allow_unsigned = true", "")) + OPTIONAL)
