"""The emulator itself: it refuses what Aliyun refuses, runs as a process, and pushes what it kept."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from bridge.plugin import BridgeError, MessageStatus, WebhookRequest
from bridge_aliyun.client import Client
from bridge_aliyun.settings import AliyunSettings
from bridge_aliyun.vendor import Aliyun

from .conftest import Build, channel
from .emulator import Account, Emulator
from .emulator.pushing import Pusher, PushSettings
from .samples import batch, numbers


def signed_request(aliyun: Emulator, monkeypatch: pytest.MonkeyPatch) -> requests.PreparedRequest:
    """Return a request as the SDK signs it, caught before it is sent."""
    caught: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def catch(self: requests.Session, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        caught.append(request)
        return send(self, request, **kwargs)

    monkeypatch.setattr(requests.Session, "send", catch)
    settings = channel({"endpoint": aliyun.endpoint}).settings
    assert isinstance(settings, AliyunSettings)
    Client(settings).send("send_sms", phone_numbers="13800138000", sign_name="Acme", template_code="SMS_1")
    monkeypatch.undo()
    return caught[0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda r: None, "SignatureNonceUsed"),
        (lambda r: r.headers.update({"x-acs-signature-nonce": "fresh"}), "SignatureDoesNotMatch"),
        (lambda r: setattr(r, "url", r.url.replace("13800138000", "13900139000")), "SignatureDoesNotMatch"),
        (lambda r: r.headers.update({"x-acs-extra": "1"}), "IncompleteSignature"),
        (lambda r: r.headers.pop("x-acs-date"), "IncompleteSignature"),
        (lambda r: r.headers.update({"x-acs-content-sha256": "0" * 64}), "InvalidContentSha256"),
        (lambda r: r.headers.pop("Authorization"), "MissingAccessKeyId"),
        (
            lambda r: r.headers.update({"Authorization": r.headers["Authorization"].replace("testAK", "x")}),
            "InvalidAccessKeyId.NotFound",
        ),
    ],
)
def test_a_tampered_request_is_refused(
    change: Any, code: str, aliyun: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signature covers the query, the headers and the body, and is good for one request."""
    request = signed_request(aliyun, monkeypatch)
    change(request)
    with requests.Session() as session:
        answer = session.send(request, timeout=5)
    assert answer.status_code in (400, 404) and answer.json()["Code"] == code
    assert len(aliyun.account.messages) == 1


def sms(
    phones: str = "13800138000", sign: str = "Acme", code: str = "SMS_1", **more: str
) -> dict[str, object]:
    """Return the fields of a SendSms."""
    return {"phone_numbers": phones, "sign_name": sign, "template_code": code, **more}


def template(name: str = "x", content: str = "x", **more: str) -> dict[str, object]:
    """Return the fields of a CreateSmsTemplate."""
    base = {"template_name": name, "template_content": content, "template_type": 1}
    return base | {"related_sign_name": "Acme", **more}


LISTS = {"phone_number_json": '["13800138000"]', "sign_name_json": "[]", "template_code": "SMS_1"}
DETAILS = {"phone_number": "1", "send_date": "20261102", "page_size": 51, "current_page": 1}


@pytest.mark.parametrize(
    ("operation", "fields", "code"),
    [
        ("send_sms", sms(code=""), "isv.INVALID_PARAMETERS"),
        ("send_sms", sms(",".join(numbers(1001))), "isv.MOBILE_COUNT_OVER_LIMIT"),
        ("send_sms", sms(sign="Other"), "isv.SMS_SIGNATURE_ILLEGAL"),
        ("send_sms", sms(code="SMS_404"), "isv.SMS_TEMPLATE_ILLEGAL"),
        ("send_sms", sms("1"), "isv.MOBILE_NUMBER_ILLEGAL"),
        ("send_sms", sms(code="SMS_2", template_param='{"name":"a","code":1}'), "isv.INVALID_JSON_PARAM"),
        ("send_sms", sms(code="SMS_2", template_param='{"name":"a"}'), "isv.TEMPLATE_MISSING_PARAMETERS"),
        ("send_sms", sms(out_id="x" * 256), "isv.INVALID_PARAMETERS"),
        ("send_sms", sms("8613800138000", code="SMS_9"), "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
        ("send_batch_sms", LISTS, "isv.INVALID_PARAMETERS"),
        ("query_send_details", DETAILS, "isv.INVALID_PARAMETERS"),
        (
            "create_sms_template",
            template(content="${a}${b}", template_rule='{"a":"name"}'),
            "isv.INVALID_PARAMETERS",
        ),
        ("create_sms_template", template("x" * 31), "isv.TEMPLATE_OVER_LIMIT"),
        ("create_sms_template", template(related_sign_name=""), "isv.INVALID_PARAMETERS"),
    ],
)
def test_a_wrong_call_is_refused(
    operation: str, fields: dict[str, object], code: str, build: Build, aliyun: Emulator
) -> None:
    """Required fields, limits, approved signatures and templates, text values: as Aliyun checks them."""
    with pytest.raises(BridgeError) as refusal:
        build()._client.query(operation, **fields)
    assert refusal.value.code == code and not aliyun.account.messages


def test_the_day_limit(build: Build, aliyun: Emulator) -> None:
    """Fifty a day for one number, signature and template."""
    aliyun.account.day_limit = 2
    vendor = build()
    codes = [vendor.send_batch(vendor.channel, batch("13800138000"))[0].code for _ in range(3)]
    assert codes == ["", "", "isv.BUSINESS_LIMIT_CONTROL"]


class _Hook(BaseHTTPRequestHandler):
    bodies: list[bytes]
    answers: list[tuple[int, bytes]]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        status, body = self.answers.pop(0) if self.answers else (200, b'{"code":0}')
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence."""


@pytest.fixture
def hook() -> Iterator[tuple[str, type[_Hook]]]:
    """Yield a receipt address and what it got."""
    handler = type("Hook", (_Hook,), {"bodies": [], "answers": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_pushes_are_repeated_until_acknowledged(
    hook: tuple[str, type[_Hook]], build: Build, aliyun: Emulator
) -> None:
    """After 1, 5 and 10 minutes, then never again; only a 200 with a number as code counts."""
    url, handler = hook
    handler.answers = [(500, b""), (200, b'{"code":"OK"}'), (200, b"not json"), (403, b"")]
    pusher = Pusher(aliyun.account, PushSettings(url=url, delay_s=10))
    vendor = build()
    vendor.send_batch(vendor.channel, batch("13800138000"))
    attempts = []
    for now in (0, 9, 10, 69, 70, 369, 370, 969, 970, 5000):
        pusher.step(float(now))
        attempts.append(len(handler.bodies))
    assert attempts == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert (pusher.acknowledged, pusher.abandoned, pusher.waiting()) == (0, 1, 0)


def test_a_push_is_what_the_plugin_reads(
    hook: tuple[str, type[_Hook]], build: Build, aliyun: Emulator
) -> None:
    """Receipts, failures, repeats and replies come out of the same messages that were sent."""
    url, handler = hook
    settings = PushSettings(url, 0.0, failure_rate=0.5, reply_rate=0.5, duplicate_rate=0.5)
    pusher = Pusher(aliyun.account, settings)
    vendor = build()
    vendor.send_batch(vendor.channel, batch(*numbers(40)))
    pusher.step(0.0)
    (body,) = handler.bodies
    result = vendor.parse_webhook(vendor.channel, WebhookRequest("POST", url, "", b"", {}, body))
    assert {receipt.phone and receipt.phone.national for receipt in result.receipts} == set(numbers(40))
    assert len(result.receipts) > 40 and 0 < len(result.replies) < 40
    statuses = {receipt.status for receipt in result.receipts}
    assert statuses == {MessageStatus.DELIVERED, MessageStatus.UNDELIVERABLE}
    assert pusher.acknowledged == 1


def test_as_a_process(hook: tuple[str, type[_Hook]]) -> None:
    """It is started, sent to, upset, inspected and stopped from outside."""
    url, _ = hook
    command = [sys.executable, "-m", "tests.plugins.aliyun.emulator", "--sign", "Acme"]
    command += ["--template", "SMS_1=Hello", "--push-url", url, "--push-delay", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        endpoint = json.loads(process.stdout.readline())["endpoint"]
        try:
            _drive(endpoint)
        finally:
            process.terminate()
    assert process.returncode == 0


def _drive(endpoint: str) -> None:
    room = f"http://{endpoint}/_emulator/"
    vendor = Aliyun(channel({"endpoint": endpoint, "send_timeout_s": 0.3}))
    with requests.Session() as session:
        session.trust_env = False

        def ask(path: str, **wish: object) -> Any:
            return session.post(room + path, json=wish, timeout=5).json()

        assert vendor.send_batch(vendor.channel, batch("13800138000"))[0].code == ""
        ask("faults", fault="closed_after", times=1)
        assert vendor.send_batch(vendor.channel, batch("13800138000"))[0].code == "CONNECTION_LOST"
        assert ask("duplicates") == {"13800138000": 2}
        ask("faults", code="isv.OUT_OF_SERVICE")
        assert vendor.send_batch(vendor.channel, batch("13800138000"))[0].code == "isv.OUT_OF_SERVICE"
        assert ask("faults") == {"rules": 0}
        deadline = threading.Event()
        for _ in range(500):
            state = ask("state")
            if not state["waiting"]:
                break
            deadline.wait(0.02)
        assert (state["messages"], state["phones"], state["duplicates"]) == (2, 1, 1)
        assert (state["waiting"], state["calls"]) == (0, {"SendSms": 2})
        assert [message["status"] for message in ask("messages")] == [3, 3]
        assert session.post(room + "faults", json={"fault": "nonsense"}, timeout=5).status_code == 400


def test_the_account_is_its_own(aliyun: Emulator) -> None:
    """Two emulators share nothing."""
    assert Account().messages is not aliyun.account.messages
