"""Every vendor in miniature before its recipe: what it takes, refuses, loses and reports."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import (
    Batch,
    CredentialsRejected,
    Message,
    MessageStatus,
    Outcome,
    OutcomeUnknown,
    PendingMessage,
    PollWindow,
    SubmitResult,
    TemplateType,
    WebhookRejected,
)
from bridge_http.answer.errors import VendorAnswer
from bridge_http.request.building import Built
from bridge_http.vendor import HttpVendor

from . import emulators
from .emulators.frame import Emulator
from .making import NOW, batch_of, vendor_for

FILES = sorted(path.stem for path in Path(emulators.__path__[0]).glob("*.py") if path.stem[0] != "_")
for stem in FILES:
    import_module(f"{emulators.__name__}.{stem}")
VENDORS = sorted(Emulator.__subclasses__(), key=lambda kind: kind.recipe)
every = pytest.mark.parametrize("kind", VENDORS, ids=lambda kind: kind.recipe)
NAMES = ["Li Lei", "韩梅梅", 'a "quoted" & <tagged> = value', "50% + 1,2;3", "😀"]


def having(part: str) -> list[type[Emulator]]:
    """Return the vendors that push replies, or sign what they push."""
    return [kind for kind in VENDORS if getattr(kind, part) is not getattr(Emulator, part)]


def opened(emulator: Emulator, caller: Any = None, **secrets: str) -> HttpVendor:
    """Return the recipe's vendor before an emulator."""
    return vendor_for(
        emulator.recipe,
        caller or emulator,
        secrets={**emulator.secrets, **secrets},
        values=dict(emulator.values),
        base_url=emulator.base_url,
    )


def batch_for(kind: type[Emulator], size: int, *, last: str = "", names: Sequence[str] = NAMES[:1]) -> Batch:
    """Return a batch for so many numbers; `last` is the national number of the last."""
    first = 13_800_138_000 if kind.mainland else 447_700_900_000
    phones = [str(first + index) for index in range(size)]
    if last:
        phones[-1] = last if kind.mainland else f"1{last}"
    values = [{"name": names[index % len(names)], "code": f"{index:04}"} for index in range(size)]
    type_ = TemplateType.NOTIFICATION if kind.mainland else TemplateType.INTERNATIONAL
    return batch_of(
        *values, content="Hello ${name}: ${code}", phones=phones, type_=type_, vendor_code="10001"
    )


def same(batch: Batch) -> Batch:
    """Return the batch with one text for everybody, as vendors with one text a call like it."""
    first = batch.messages[0]
    messages = tuple(Message(m.ref, m.phone, first.params, first.text) for m in batch.messages)
    return replace(batch, messages=messages)


def digits(number: str) -> str:
    """Return the last digits, by which numbers of these tests differ however a vendor writes them."""
    return "".join(filter(str.isdigit, number))[-10:]


def found(emulator: Emulator, batch: Batch) -> list[tuple[str, Any]]:
    """Return what the vendor must hold, in no order."""
    return sorted((m.phone.digits[-10:], repr(emulator.wanted(m))) for m in batch.messages)


def held(emulator: Emulator) -> list[tuple[str, Any]]:
    """Return what the vendor holds."""
    return sorted((digits(each.number), repr(each.content)) for each in emulator.taken)


def outcomes(results: Sequence[SubmitResult]) -> list[Outcome]:
    """Return the outcome of each message."""
    return [result.outcome for result in results]


@every
def test_everybody_is_taken_once_with_what_is_theirs(kind: type[Emulator]) -> None:
    emulator = kind()
    vendor = opened(emulator)
    batch = batch_for(kind, len(NAMES), names=NAMES)
    results = vendor.send_batch(vendor.channel, batch)
    assert outcomes(results) == [Outcome.ACCEPTED] * len(NAMES), results
    assert held(emulator) == found(emulator, batch)


@every
def test_no_call_is_larger_than_the_vendor_takes(kind: type[Emulator]) -> None:
    """More numbers than one call holds; the largest call is as large as it may be."""
    emulator = kind()
    vendor = opened(emulator)
    batch = same(batch_for(kind, min(2 * kind.most + 1, 401)))
    results = vendor.send_batch(vendor.channel, batch)
    assert set(outcomes(results)) == {Outcome.ACCEPTED}
    assert held(emulator) == found(emulator, batch)
    assert max(emulator.sizes) == kind.most


# How each vendor of mainland China wants +852 5123 4567.
INTERNATIONAL = {
    "baidu": "+85251234567",
    "qiniu": "+85251234567",
    "volcengine": "+85251234567",
    "yunxin": "+852-51234567",
}


@pytest.mark.parametrize("kind", [kind for kind in VENDORS if kind.mainland], ids=lambda kind: kind.recipe)
def test_an_international_number_is_written_as_the_vendor_wants_it(kind: type[Emulator]) -> None:
    emulator = kind()
    vendor = opened(emulator)
    values = {"name": "Li Lei", "code": "0123"}
    batch = batch_of(
        values, content="Hello ${name}: ${code}", phones=["85251234567"], type_=TemplateType.INTERNATIONAL
    )
    assert outcomes(vendor.send_batch(vendor.channel, batch)) == [Outcome.ACCEPTED]
    assert [taken.number for taken in emulator.taken] == [INTERNATIONAL[kind.recipe]]


SECRETS = [(kind, name) for kind in VENDORS for name in kind.secrets if name not in kind.open_secrets]


@pytest.mark.parametrize(("kind", "name"), SECRETS, ids=lambda value: getattr(value, "recipe", value))
def test_a_wrong_secret_stops_the_account_and_sends_nothing(kind: type[Emulator], name: str) -> None:
    emulator = kind()
    wrong = kind.secrets[name][::-1]
    vendor = opened(emulator, **{name: wrong})
    results = vendor.send_batch(vendor.channel, batch_for(kind, 2))
    assert [type(result.error) for result in results] == [CredentialsRejected] * 2, results
    assert emulator.taken == []


@pytest.mark.parametrize("kind", [kind for kind in VENDORS if kind.blocked], ids=lambda kind: kind.recipe)
def test_a_number_the_vendor_refuses_stands_alone(kind: type[Emulator]) -> None:
    """The others of the batch are taken."""
    emulator = kind()
    vendor = opened(emulator)
    batch = batch_for(kind, 3, last=kind.blocked)
    *good, bad = vendor.send_batch(vendor.channel, batch)
    assert outcomes(good) == [Outcome.ACCEPTED] * 2
    assert (bad.outcome, bad.opted_out) == (Outcome.REJECTED, kind.blocked_is == "opted_out"), bad
    assert len(emulator.taken) == 2


@every
@pytest.mark.parametrize("broken", ["lost", "500", "502 html", "200 empty", "200 {}", "302"])
def test_an_answer_that_breaks_is_unknown(kind: type[Emulator], broken: str) -> None:
    """The vendor took the messages; asked again it takes none twice, and nobody is told anything final."""
    emulator = kind()

    def breaking(built: Built) -> VendorAnswer:
        emulator(built)
        if broken == "lost":
            raise OutcomeUnknown("The connection broke.")
        status, _, body = broken.partition(" ")
        content = {"html": "<html>Bad Gateway</html>", "empty": "", "{}": "{}"}.get(body, "{}")
        return VendorAnswer(int(status), {}, content.encode())

    breaking.close = lambda: None  # type: ignore[attr-defined]
    vendor = opened(emulator, breaking)
    batch = batch_for(kind, 2)
    assert outcomes(vendor.send_batch(vendor.channel, batch)) == [Outcome.UNKNOWN] * 2
    taken = len(emulator.taken)
    assert taken == 2
    later = replace(batch, called_at=datetime.fromtimestamp(NOW, UTC) - timedelta(minutes=10))
    again = outcomes(vendor.reconcile_batch(vendor.channel, later))
    assert Outcome.NOT_SENT not in again and Outcome.REJECTED not in again
    assert len(emulator.taken) == taken


def named(batch: Batch, receipt: Any) -> Message:
    """Return the message a receipt is about, found as the bridge finds it."""
    by_ref = [m for m in batch.messages if receipt.message_ref and m.ref == receipt.message_ref]
    if by_ref:
        return by_ref[0]
    assert receipt.vendor_id or receipt.batch_ref == batch.ref
    return next(m for m in batch.messages if receipt.phone and m.phone.digits == receipt.phone.digits)


def asked(vendor: HttpVendor, emulator: Emulator, batch: Batch) -> list[str]:
    """Return the messages that were delivered, as the vendor tells when asked."""
    moment = datetime.fromtimestamp(NOW, UTC)
    ids = {digits(taken.number): taken.vendor_id for taken in emulator.taken}
    pending = [
        PendingMessage(m.ref, batch.ref, ids[m.phone.digits[-10:]], m.phone, moment) for m in batch.messages
    ]
    page = vendor.poll_receipts(vendor.channel, PollWindow(moment, moment, "", pending))
    return [receipt.message_ref for receipt in page.receipts if receipt.status is MessageStatus.DELIVERED]


@every
@pytest.mark.parametrize("delivered", [True, False])
def test_a_report_ends_its_message(kind: type[Emulator], delivered: bool) -> None:
    """The report of each message names it and no other."""
    emulator = kind()
    vendor = opened(emulator)
    batch = batch_for(kind, 2)
    vendor.send_batch(vendor.channel, batch)
    ended = []
    for taken in emulator.taken:
        request = emulator.report(taken, delivered=delivered)
        if request is None:
            assert asked(vendor, emulator, batch) == [m.ref for m in batch.messages]
            return
        result = vendor.parse_webhook(vendor.channel, request)
        (receipt,) = result.receipts
        assert (receipt.status is MessageStatus.DELIVERED) is delivered
        assert receipt.status >= MessageStatus.DELIVERED
        assert 200 <= result.acknowledgement.status < 300
        if receipt.phone is None:
            assert receipt.message_ref
        ended.append(named(batch, receipt).ref)
    assert sorted(ended) == sorted(m.ref for m in batch.messages)


@pytest.mark.parametrize("kind", having("reply"), ids=lambda kind: kind.recipe)
def test_a_reply_is_read(kind: type[Emulator]) -> None:
    emulator = kind()
    vendor = opened(emulator)
    batch = batch_for(kind, 1)
    request = emulator.reply(batch.messages[0].phone.e164, "退订 STOP & 1+1")
    assert request is not None
    (reply,) = vendor.parse_webhook(vendor.channel, request).replies
    assert (reply.phone, reply.content) == (batch.messages[0].phone, "退订 STOP & 1+1")


@pytest.mark.parametrize("kind", having("forged"), ids=lambda kind: kind.recipe)
def test_a_forged_report_is_refused(kind: type[Emulator]) -> None:
    """Where the vendor signs: another body, another secret, no signature."""
    emulator = kind()
    vendor = opened(emulator)
    vendor.send_batch(vendor.channel, batch_for(kind, 1))
    genuine = emulator.report(emulator.taken[0], delivered=True)
    assert genuine is not None
    for forgery in emulator.forged(genuine):
        with pytest.raises(WebhookRejected):
            vendor.parse_webhook(vendor.channel, forgery)
