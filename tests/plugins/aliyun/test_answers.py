"""What each answer to a send means for the messages: one request, never a second."""

import time
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    NotAccepted,
    Outcome,
    VendorThrottled,
    VendorUnavailable,
)

from .conftest import Build
from .emulator import Emulator, Fault, refusing
from .samples import batch

ACCEPTED, NOT_SENT, UNKNOWN = Outcome.ACCEPTED, Outcome.NOT_SENT, Outcome.UNKNOWN


@dataclass(frozen=True)
class Answer:
    """What an answer to a send means: the outcome, the code, the error it stands for, what Aliyun took."""

    id: str
    fault: str | Fault
    outcome: Outcome
    code: str
    error: type[NotAccepted] | None = None
    taken: int = 0
    retry_after: float | None = None


DELAYED = Fault(True, status=500, body=b'{"Code":"Internal"}', headers=(("x-acs-retry-after", "100"),))
HTML = b"<html><body>Too many requests</body></html>"


def gateway(status: int, body: bytes = b"", **fields: Any) -> Fault:
    """Return an answer of the gateway, or of one in front of it, that names no code; nothing is taken."""
    return Fault(False, status=status, body=body, content_type="text/html", **fields)


ANSWERS = [
    Answer("throttled", "throttled", NOT_SENT, "Throttling.User", VendorThrottled),
    Answer(
        "with a delay", "throttled_with_delay", NOT_SENT, "Throttling.User", VendorThrottled, retry_after=1.5
    ),
    Answer("throttled with 429", "throttled_429", NOT_SENT, "Throttling", VendorThrottled),
    Answer(
        "throttled with 503", refusing("Throttling.User", 503), NOT_SENT, "Throttling.User", VendorThrottled
    ),
    Answer("429 without a body", gateway(429), NOT_SENT, "HTTP_429", VendorThrottled),
    Answer("429 with HTML", gateway(429, HTML), NOT_SENT, "HTTP_429", VendorThrottled),
    Answer("429 with a list", gateway(429, b"[]"), NOT_SENT, "HTTP_429", VendorThrottled),
    Answer("429 without a code", gateway(429, b"{}"), NOT_SENT, "HTTP_429", VendorThrottled),
    Answer("429 cut off", gateway(429, HTML, manner="cut"), NOT_SENT, "HTTP_429", VendorThrottled),
    Answer("429 of an unknown code", refusing("isv.NEW", 429), NOT_SENT, "isv.NEW", VendorThrottled),
    Answer(
        "429 of the account's limit",
        refusing("isv.DAY_LIMIT_CONTROL", 429),
        NOT_SENT,
        "isv.DAY_LIMIT_CONTROL",
        CredentialsRejected,
    ),
    Answer(
        "429 with a wait",
        gateway(429, headers=(("Retry-After", "7"),)),
        NOT_SENT,
        "HTTP_429",
        VendorThrottled,
        retry_after=7,
    ),
    Answer("no permission", "denied", NOT_SENT, "NoPermission", CredentialsRejected),
    Answer("401 without a body", gateway(401), NOT_SENT, "HTTP_401", CredentialsRejected),
    Answer("403 with HTML", gateway(403, HTML), NOT_SENT, "HTTP_403", CredentialsRejected),
    Answer("400 with HTML", gateway(400, HTML), UNKNOWN, "UNREADABLE_ANSWER"),
    Answer("404 without a body", gateway(404), UNKNOWN, "UNREADABLE_ANSWER"),
    Answer("414 with HTML", gateway(414, HTML), UNKNOWN, "UNREADABLE_ANSWER"),
    Answer("a redirect", gateway(307, headers=(("Location", "/"),)), UNKNOWN, "UNREADABLE_ANSWER"),
    Answer("500 with JSON", "server_error", UNKNOWN, "InternalError", taken=2),
    Answer("500 with a delay", DELAYED, UNKNOWN, "Internal", taken=2),
    Answer("502 with HTML", "bad_gateway", UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("503 without a body", Fault(True, status=503), UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("200 without a body", "empty", UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("200 with a list", "list", UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("200 without a Code", "no_code", UNKNOWN, "UNREADABLE_ANSWER", taken=2),
    Answer("200 cut off", "cut_off", UNKNOWN, "CONNECTION_LOST", taken=2),
    Answer("no answer, sent", "lost_answer", UNKNOWN, "READ_TIMEOUT", taken=2),
    Answer("no answer, not sent", "lost_request", UNKNOWN, "READ_TIMEOUT"),
    Answer("closed, sent", "closed_after", UNKNOWN, "CONNECTION_LOST", taken=2),
    Answer("closed, not sent", "closed_before", UNKNOWN, "CONNECTION_LOST"),
    Answer("a 404 without a name", Fault(False, status=404, body=b"{}"), UNKNOWN, "HTTP_404"),
    Answer("a code nobody documents", refusing("isv.NEW"), UNKNOWN, "isv.NEW"),
    Answer("a code nobody documents, as 400", refusing("isv.NEW", 400), UNKNOWN, "isv.NEW"),
]


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row.id)
def test_what_an_answer_means(row: Answer, aliyun: Emulator, build: Build) -> None:
    """One request, never a second; the outcome by class; no number in a text."""
    aliyun.plan.add(row.fault)
    vendor = build(send_timeout_s=0.3)
    results = vendor.send_batch(vendor.channel, batch("13800138000", "13800138001"))
    assert len(aliyun.requests) == 1
    assert len(aliyun.account.messages) == row.taken
    assert [(result.outcome, result.code) for result in results] == [(row.outcome, row.code)] * 2
    if row.error is not None:
        assert [type(result.error) for result in results] == [row.error] * 2
    if row.retry_after is not None:
        assert results[0].error is not None and results[0].error.retry_after == row.retry_after
    assert "13800138" not in repr(results)


@pytest.mark.parametrize("fault", ["trickle", "trickle_head", "endless"])
def test_an_answer_that_never_ends(fault: str, aliyun: Emulator, build: Build) -> None:
    """A peer that sends a byte now and then, or more than anybody would read, is left in time: unknown."""
    aliyun.plan.add(fault)
    vendor = build(connect_timeout_s=0.2, send_timeout_s=0.3, query_timeout_s=0.3)
    begun = time.monotonic()
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert (result.outcome, len(aliyun.requests)) == (UNKNOWN, 1)
    with pytest.raises(BridgeError):
        vendor.query_sign(vendor.channel, "Acme")
    assert time.monotonic() - begun < 15


def test_a_slow_answer_is_an_answer(aliyun: Emulator, build: Build) -> None:
    """An answer that drips in is read to its end."""
    aliyun.plan.add("drip")
    vendor = build()
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert result.outcome is ACCEPTED


def test_nobody_listens(build: Build, aliyun: Emulator) -> None:
    """A refused connection is certainly not sent."""
    vendor = build(endpoint="127.0.0.1:1")
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert (result.outcome, result.code) == (NOT_SENT, "CONNECTION_REFUSED")
    assert isinstance(result.error, VendorUnavailable)


def test_an_unknown_host(build: Build, aliyun: Emulator) -> None:
    """A name that does not resolve is certainly not sent."""
    vendor = build(endpoint="no-such-host.invalid")
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert (result.outcome, result.code) == (NOT_SENT, "DNS")


def test_a_wrong_secret(build: Build, aliyun: Emulator) -> None:
    """The emulator knows a signature made with another secret, and the channel pauses."""
    vendor = build(access_key_secret="other")
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert result.code == "SignatureDoesNotMatch" and isinstance(result.error, CredentialsRejected)


def test_temporary_credentials(build: Build, aliyun: Emulator) -> None:
    """A security token is signed with the request."""
    vendor = build(security_token="sts-token")
    (result,) = vendor.send_batch(vendor.channel, batch("13800138000"))
    assert result.outcome is ACCEPTED
