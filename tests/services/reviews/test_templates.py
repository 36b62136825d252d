"""Signatures and templates: reviewed by the vendor where it reviews, kept here where it does not."""

import json
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from bridge.contract.bodies import TextTemplateBody
from bridge.contract.refusal import Refusal
from bridge.plugin import (
    Carrier,
    CarrierReview,
    DigitalTemplateReview,
    Kind,
    NoSuchResource,
    ReviewChange,
    ReviewStatus,
    SignReview,
    TemplateReview,
    VendorRejected,
    VendorUnavailable,
    accepted,
)
from bridge.services.reviews.filing import NO_CODE

from ..conftest import Worlds
from ..world import NAME, World

A, P, R = ReviewStatus.APPROVED, ReviewStatus.PENDING, ReviewStatus.REJECTED
PHONES = ["13800000000", "13000000000", "13300000000"]  # China Mobile, Unicom, Telecom


def body(name: str = "Spring", content: str = "Dear ${name}") -> TextTemplateBody:
    raw = {"remark": "r", "templateContent": content, "templateName": name, "templateType": "2"}
    return TextTemplateBody.parse(json.dumps(raw).encode())


def raising(error: Exception) -> Callable[[object], NoReturn]:
    """Return a hook that fails."""

    def hook(_: object) -> NoReturn:
        raise error

    return hook


def test_a_changed_template_keeps_its_code_and_is_reviewed_again(world: World) -> None:
    """Although the vendor gave a new one."""
    templates = world.services.templates
    code = templates.create_text(body())
    world.now += 10
    assert templates.query_text(code).status is A
    world.vendor.review = TemplateReview(P)
    assert templates.update_text(code, body("Summer")) == code
    stored = world.ledger.templates.get(NAME, code)
    assert stored is not None
    assert (stored.vendor_code, stored.status, stored.name) == ("vendor-Summer-2", P, "Summer")


def test_a_template_waits_for_the_code_that_only_a_person_can_give(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With review = "auto" too; once there is one it is approved, and not before."""
    world = worlds(review="auto")
    made = frozenset({"create_template", "query_template", "update_template"})
    monkeypatch.setattr(type(world.vendor), "withheld", lambda self: made)
    world = worlds(review="auto")
    monkeypatch.setattr(type(world.vendor), "lacks_code", lambda self, template: not template.vendor_code)
    templates = world.services.templates
    code = templates.create_text(body())
    waiting = templates.query_text(code)
    assert (waiting.status, waiting.reason) == (P, NO_CODE)
    monkeypatch.setattr(type(world.vendor), "lacks_code", lambda self, template: False)
    assert templates.query_text(code).status is A


def test_the_vendor_is_not_asked_more_often_than_makes_sense(world: World) -> None:
    """Quick Audience may ask ten times a second; an approved template is never asked about again."""
    world.vendor.review = TemplateReview(P)
    code = world.services.templates.create_text(body())
    world.vendor.review = TemplateReview(A)
    for _ in range(10):
        assert world.services.templates.query_text(code).status is P
    world.now += 6
    assert world.services.templates.query_text(code).status is A
    world.vendor.review = TemplateReview(R)
    world.now += 3600
    assert world.services.templates.query_text(code).status is A


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "template under review": ({"review": P}, "TEMPLATE_NOT_APPROVED"),
    "template rejected": ({"review": R}, "TEMPLATE_NOT_APPROVED"),
    "no such template": ({"code": "T404"}, "404"),
    "signature under review": ({"sign": "Slow"}, "SIGN_NOT_APPROVED"),
    "no such signature": ({"sign": "Nobody"}, "SIGN_NOT_FOUND"),
    "too many": ({"count": 200_001}, "TOO_MANY_RECIPIENTS"),
    "queue full": ({"channel": {"max_pending": 2}}, "TOO_MANY_PENDING"),
}


@pytest.mark.parametrize(("given", "code"), REFUSED.values(), ids=REFUSED)
def test_a_send_that_cannot_go_is_refused_before_anything_is_stored(
    worlds: Worlds, given: dict[str, Any], code: str
) -> None:
    """With a code of its own and a sentence."""
    world = worlds(**given.get("channel", {}))
    world.vendor.review = TemplateReview(given.get("review", A))
    phones = [f"138{index:08d}" for index in range(given.get("count", 3))]
    with pytest.raises(Refusal) as refusal:
        world.send(phones, code=given.get("code"), sign=given.get("sign", "Acme"), params=[])
    assert refusal.value.code == code
    assert refusal.value.message.endswith(".")
    assert world.ledger.sends.pending(NAME) == 0


def test_a_vendor_out_of_reach_does_not_stop_what_it_approved_before(world: World) -> None:
    """The last known reviews stand."""
    code = world.template()
    world.services.templates.query_text(code)
    world.send(PHONES, code=code)

    world.vendor.signs = _Failing()
    world.now += 3600
    assert world.send(PHONES, code=code, digest=b"second")


class _Failing(dict[str, ReviewStatus]):
    def __contains__(self, key: object) -> bool:
        raise VendorUnavailable("down")


def test_a_template_of_another_account_waits_with_the_reason(world: World) -> None:
    """The account in use now cannot tell of its review; when it changes, it is filed there."""
    world.vendor.review = TemplateReview(P)
    code = world.services.templates.create_text(body())
    world.services.channel.hooks.identity = "another"
    world.now += 60
    world.vendor.review = TemplateReview(R, "no such template here")
    reply = world.services.templates.query_text(code)
    assert (reply.status, "another vendor account" in reply.reason) == (P, True)
    world.services.templates.apply_review(ReviewChange(vendor_code="vendor-Spring", review=TemplateReview(A)))
    with pytest.raises(Refusal, match="another vendor account"):
        world.send(PHONES, code=code)
    world.services.templates.update_text(code, body())
    stored = world.ledger.templates.get(NAME, code)
    assert stored is not None and (stored.filed_at, stored.vendor_code) == ("another", "vendor-Spring")
    world.now += 60
    assert world.services.templates.query_text(code).status is R


REVIEWS: dict[str, tuple[ReviewChange, ReviewStatus]] = {
    "approved": (ReviewChange(vendor_code="vendor-Spring", review=TemplateReview(A)), A),
    "rejected": (ReviewChange(vendor_code="vendor-Spring", review=TemplateReview(R, "no")), R),
    "ask again": (ReviewChange(vendor_code="vendor-Spring"), R),
    "another's": (ReviewChange(vendor_code="vendor-Other", review=TemplateReview(R)), P),
}


@pytest.mark.parametrize(("change", "status"), REVIEWS.values(), ids=REVIEWS)
def test_a_review_that_the_vendor_reports_is_applied(
    world: World, change: ReviewChange, status: ReviewStatus
) -> None:
    """Pushed reviews reach the template they are about, and no other."""
    world.vendor.review = TemplateReview(R, "bad words")
    code = world.services.templates.create_text(body())
    world.services.templates.apply_review(change)
    stored = world.ledger.templates.get(NAME, code)
    assert stored is not None and stored.status is status


def test_a_review_of_a_signature_is_applied(world: World) -> None:
    """The next question is answered from it."""
    world.services.templates.apply_review(ReviewChange(sign_name="Acme", review=SignReview(R, "expired")))
    reply = world.services.signs.reply("Acme")
    assert (reply.status, reply.reason) == (R, "expired")


def test_a_template_the_vendor_lost_is_rejected(world: World) -> None:
    """Nobody waits for a review that will never come."""
    code = world.services.templates.create_text(body())

    class Lost:
        def __getattr__(self, name: str) -> object:
            raise NoSuchResource("The vendor does not know the template.")

    world.vendor.review = Lost()  # type: ignore[assignment]
    world.hooks.query_template = _lost  # type: ignore[method-assign]
    world.now += 10
    assert world.services.templates.query_text(code).status is R


def _lost(template: object) -> TemplateReview:
    raise NoSuchResource("The vendor does not know the template.")


def test_promotional_texts_carry_the_opt_out_suffix_once(worlds: Worlds) -> None:
    """Only promotional ones, only where the channel asks for it, and counted in the segments."""
    world = worlds(opt_out_suffix="拒收请回复R")
    for type_, content in ((2, "上新"), (2, "上新回T退订"), (1, "到货")):
        world.send(
            [f"1380000000{type_}"], code=world.template(content, type_), params=[], digest=content.encode()
        )
    world.hand_over()
    texts = [message.text for batch in world.vendor.batches for message in batch.messages]
    assert sorted(texts) == sorted(["上新拒收请回复R", "上新回T退订", "到货"])


def test_a_carrier_that_did_not_approve_gets_nothing(world: World) -> None:
    """A partly approved digital template goes to the other carriers' numbers; the rest is told why not."""
    reviews = {
        Carrier.MOBILE: CarrierReview(A),
        Carrier.UNICOM: CarrierReview(R, "no"),
        Carrier.TELCOM: CarrierReview(A),
    }
    world.vendor.digital_review = DigitalTemplateReview(reviews)
    world.vendor.answer = lambda batch: [accepted() for _ in batch.messages]
    world.send(PHONES, code=world.digital(), kind=Kind.DIGITAL)
    world.hand_over()
    assert world.sent() == [PHONES[0], PHONES[2]]
    assert world.ended() == {PHONES[1]: "CARRIER_NOT_APPROVED"}


def test_a_vendor_without_the_operation_says_what_to_do(world: World) -> None:
    """It creates digital templates but cannot change them."""
    from bridge.contract.bodies import DigitalTemplateBody

    code = world.digital()
    raw = {"templateContent": [{"fileSuffix": "txt", "fileContents": "x"}], "templateTheme": "t"}
    with pytest.raises(Refusal, match="create a new one"):
        world.services.templates.update_digital(code, DigitalTemplateBody.parse(json.dumps(raw).encode()))


def test_a_deleted_template_is_gone(world: World) -> None:
    """It can be neither queried nor sent."""
    code = world.digital()
    assert world.services.templates.delete(code, Kind.DIGITAL) == code
    for use in (
        lambda: world.services.templates.query_digital(code),
        lambda: world.send(PHONES, code=code, kind=Kind.DIGITAL),
    ):
        with pytest.raises(Refusal) as refusal:
            use()
        assert refusal.value.status == 404


@pytest.mark.parametrize(
    ("setting", "phone", "e164"),
    [("domestic", "14155552671", "+8614155552671"), ("international", "14155552671", "+14155552671")],
)
def test_the_channel_says_how_digital_numbers_are_read(
    worlds: Worlds, setting: str, phone: str, e164: str
) -> None:
    """The contract has no type for digital templates, and the digits cannot tell."""
    world = worlds(digital_numbers=setting)
    every = {carrier: CarrierReview(A) for carrier in Carrier}
    world.vendor.digital_review = DigitalTemplateReview(every)
    world.send([phone], code=world.digital(), kind=Kind.DIGITAL)
    world.hand_over()
    assert [message.phone.e164 for message in world.vendor.batches[0].messages] == [e164]


# what the vendor does when asked to delete -> the code of the refusal, "" when it is gone
DELETIONS: dict[str, tuple[Callable[[object], bool] | None, str]] = {
    "it does": (lambda template: True, ""),
    "it does not": (lambda template: False, "NOT_DELETED"),
    "out of reach": (raising(VendorUnavailable("down", code="DOWN")), "DOWN"),
    "it refuses": (raising(VendorRejected("It is in use.", code="IN_USE")), "IN_USE"),
    "it has no such operation": (None, ""),
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(("delete", "code"), DELETIONS.values(), ids=DELETIONS)
def test_a_template_is_deleted_here_only_when_the_vendor_did(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    kind: Kind,
    delete: Callable[[object], bool] | None,
    code: str,
) -> None:
    """A failure is told and nothing is lost; where the vendor has no deletion it is forgotten here."""
    templates, text = world.services.templates, kind is Kind.TEXT
    hook = "delete_template" if text else "delete_digital_template"
    monkeypatch.setattr(world.hooks, hook, delete)
    monkeypatch.setattr(world.hooks, "supports", lambda name: name != hook or delete is not None)
    made = world.template() if text else world.digital()
    told = ""
    try:
        templates.delete(made, kind)
    except Refusal as refusal:
        told = refusal.code
    stored = world.ledger.templates.get(NAME, made)
    assert (told, stored is not None) == (code, bool(code))


def test_reviews_are_looked_up_without_being_asked_for(world: World) -> None:
    """By the worker, so that a template is ready when its first send comes."""
    world.vendor.review = TemplateReview(P)
    codes = [world.services.templates.create_text(body(name)) for name in ("one", "two")]
    world.vendor.review = TemplateReview(A)
    assert world.services.templates.refresh_pending() == 0
    world.now += 3600
    assert world.services.templates.refresh_pending() == 2
    assert world.services.templates.refresh_pending() == 0
    stored = [world.ledger.templates.get(NAME, code) for code in codes]
    assert [one and one.status for one in stored] == [A, A]


def test_a_review_that_cannot_be_looked_up_stays_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marketer sees the last known state, not an error."""
    world.vendor.review = TemplateReview(P)
    code = world.services.templates.create_text(body())
    world.now += 3600
    monkeypatch.setattr(world.hooks, "query_template", raising(VendorUnavailable("down")))
    assert world.services.templates.query_text(code).status is P


def test_a_signature_that_changed_is_asked_about_again(world: World) -> None:
    """Although the last answer is fresh."""
    templates = world.services.templates
    assert world.services.signs.reply("Slow").status is P
    world.vendor.signs["Slow"] = A
    assert world.services.signs.reply("Slow").status is P
    templates.apply_review(ReviewChange(sign_name="Slow"))
    assert world.services.signs.reply("Slow").status is A
    templates.apply_review(ReviewChange(sign_name="Nobody asked for it"))


def test_a_signature_that_cannot_be_asked_for_stops_no_send(world: World) -> None:
    """The vendor itself will judge it; the question itself is answered with the failure."""
    code = world.template()
    world.vendor.signs = _Failing()
    assert world.send(PHONES, code=code)
    with pytest.raises(Refusal, match="down"):
        world.services.signs.reply("Acme")
