"""Templates and signatures at several accounts: a row for each, and each account's own decides about it."""

import json
from typing import Any

import pytest

from bridge.contract.bodies import DigitalTemplateBody, TextTemplateBody
from bridge.contract.refusal import Refusal
from bridge.ledger import Filed
from bridge.plugin import (
    Carrier,
    CarrierReview,
    CreatedTemplate,
    CredentialsRejected,
    DigitalTemplateReview,
    Kind,
    ReviewChange,
    ReviewStatus,
    TemplateReview,
    TextTemplate,
    VendorUnavailable,
    VendorUnreachable,
)
from bridge.services.desk.explaining import Explaining
from bridge.services.desk.operating import Operating, OperatorRefused, ReviewDecision

from ..conftest import Worlds
from ..two_accounts import numbers_of, raising, soon, two
from ..world import NAME, World

A, P, R = ReviewStatus.APPROVED, ReviewStatus.PENDING, ReviewStatus.REJECTED
PHONES = ["13800000001", "13800000002"]
MOBILE, UNICOM = "13800138000", "13000000001"


def body(content: str = "Dear ${name}") -> TextTemplateBody:
    raw = {"remark": "r", "templateContent": content, "templateName": "Spring", "templateType": "2"}
    return TextTemplateBody.parse(json.dumps(raw).encode())


def reviewed(world: World, main: ReviewStatus, spare: ReviewStatus, code: str | None = None) -> str:
    """Return a template that each account has reviewed; its code."""
    first, second = world.vendors.values()
    first.review, second.review = TemplateReview(main, "main's"), TemplateReview(spare, "spare's")
    code = code or world.services.templates.create_text(body())
    world.now += 100
    world.services.templates.refresh_pending()
    return code


# approval, the reviews at both accounts -> what Quick Audience sees
SEEN: list[tuple[str, ReviewStatus, ReviewStatus, ReviewStatus]] = [
    ("primary", A, R, A),
    ("primary", P, A, P),
    ("any", P, A, A),
    ("any", R, P, P),
    ("all", A, P, P),
    ("all", A, R, R),
    ("all", A, A, A),
]


@pytest.mark.parametrize(("approval", "main", "spare", "status"), SEEN)
def test_quick_audience_sees_the_review_that_the_channel_says(
    worlds: Worlds, approval: str, main: ReviewStatus, spare: ReviewStatus, status: ReviewStatus
) -> None:
    """And a send is refused or taken by it."""
    world = two(worlds, approval=approval)
    code = reviewed(world, main, spare)
    assert world.services.templates.query_text(code).status is status
    try:
        world.send(PHONES, code=code)
        taken = True
    except Refusal as refusal:
        taken = False
        assert refusal.code == "TEMPLATE_NOT_APPROVED"
    assert taken is (status is A)


# the reviews at both accounts, and how the first one fails -> who gets the messages
TAKEN: list[tuple[str, ReviewStatus, ReviewStatus, bool, str]] = [
    ("primary", A, A, False, "main"),
    ("primary", A, A, True, "spare"),
    ("primary", A, P, True, ""),
    ("primary", A, R, True, ""),
    ("any", P, A, False, "spare"),
    ("any", R, A, True, "spare"),
]


@pytest.mark.parametrize(("approval", "main", "spare", "fails", "who"), TAKEN)
def test_an_account_takes_a_send_only_with_its_own_review(
    worlds: Worlds, approval: str, main: ReviewStatus, spare: ReviewStatus, fails: bool, who: str
) -> None:
    """Under the code that it knows; what nobody may take waits."""
    world = two(worlds, approval=approval)
    code = reviewed(world, main, spare)
    if fails:
        world.vendors["main"].answer = raising(VendorUnreachable("refused"))
    world.send(PHONES, code=code)
    soon(world, 3)
    taken = {name: vendor for name, vendor in world.vendors.items() if numbers_of(vendor)}
    if fails:
        taken.pop("main", None)
    assert set(taken) == ({who} if who else set())
    codes = {batch.template.vendor_code for vendor in taken.values() for batch in vendor.batches}
    assert codes == ({f"{who}-Spring"} if who else set())


def test_what_nobody_may_take_goes_when_its_review_is_through(worlds: Worlds) -> None:
    """The spare account approves later."""
    world = two(worlds)
    code = reviewed(world, A, P)
    world.vendors["main"].answer = raising(VendorUnreachable("refused"))
    world.send(PHONES, code=code)
    soon(world, 3)
    assert not world.vendors["spare"].batches
    reviewed(world, A, A, code)
    soon(world, 3)
    assert numbers_of(world.vendors["spare"]) == PHONES


def test_a_changed_text_is_not_sent_by_an_account_that_has_the_old_one(worlds: Worlds) -> None:
    """Its approval is that of another content."""
    world = two(worlds)
    code = reviewed(world, A, A)
    world.vendors["spare"].update_fails = VendorUnavailable("down")
    world.services.templates.update_text(code, body("Another ${name}"))
    (filed,) = world.ledger.filings.of(NAME, code).values()
    assert (filed.owed, filed.status, filed.error) == ("file", A, "VENDOR_UNAVAILABLE: down")
    world.vendors["main"].answer = raising(VendorUnreachable("refused"))
    world.now += 10
    world.send(PHONES, code=code)
    soon(world, 2)
    assert not world.vendors["spare"].batches
    world.vendors["spare"].update_fails = None
    world.now += 100
    world.services.templates.refresh_pending()
    world.now += 100
    world.services.templates.refresh_pending()
    soon(world, 2)
    assert numbers_of(world.vendors["spare"]) == PHONES


def test_a_failure_at_another_account_fails_no_call(worlds: Worlds) -> None:
    """It is kept, and tried again; one at the primary account fails the call, and files nothing."""
    world = two(worlds)
    main, spare = world.vendors.values()
    spare.create_fails = CredentialsRejected("no key")
    code = world.services.templates.create_text(body())
    (filed,) = world.ledger.filings.of(NAME, code).values()
    assert (filed.account, filed.owed, filed.error) == ("spare", "file", "CREDENTIALS_REJECTED: no key")
    assert filed.due > world.now * 1000
    spare.create_fails = None
    world.now += 100
    world.services.templates.refresh_pending()
    (filed,) = world.ledger.filings.of(NAME, code).values()
    assert (filed.owed, filed.vendor_code, filed.filed_at) == ("", "spare-Spring", "spare")
    main.create_fails = CredentialsRejected("no key")
    before = len(world.ledger.templates.list(NAME))
    with pytest.raises(Refusal, match="no key"):
        world.services.templates.create_text(body())
    assert len(world.ledger.templates.list(NAME)) == before


def test_templates_are_filed_at_an_account_that_joins_later(worlds: Worlds) -> None:
    """So that it can take over."""
    world = two(worlds)
    code = reviewed(world, A, A)
    (filed,) = world.ledger.filings.of(NAME, code).values()
    world.ledger.filings.remove(filed)
    assert not world.ledger.filings.of(NAME, code)
    world.services.templates.refresh_pending()
    assert world.ledger.filings.of(NAME, code)["spare"].vendor_code == "spare-Spring"


def test_another_opt_out_suffix_is_another_text(worlds: Worlds) -> None:
    """The other account reviews it again before it sends it; the first has what it was given."""
    first = two(worlds)
    code = reviewed(first, A, A)
    world = two(worlds, opt_out_suffix="回T退订")
    world.now = first.now + 100
    world.vendors["main"].answer = raising(VendorUnreachable("refused"))
    world.vendors["spare"].review = TemplateReview(P, "")
    world.send(PHONES, code=code)
    world.services.templates.refresh_pending()
    soon(world, 3)
    assert numbers_of(world.vendors["spare"]) == []
    assert world.ledger.filings.of(NAME, code)["spare"].status is P
    assert world.services.templates.query_text(code).status is A


def test_filings_are_read_the_newest_template_s_first(worlds: Worlds) -> None:
    """All of a channel, and no other's."""
    world = two(worlds)
    codes = [reviewed(world, A, A) for _ in range(2)]
    found = world.ledger.filings.of_channel(NAME)
    assert [(one.code, one.account) for one in found] == [(code, "spare") for code in reversed(codes)]
    assert world.ledger.filings.of_channel("elsewhere") == []


def test_a_template_is_deleted_at_every_account(worlds: Worlds) -> None:
    """One that cannot do it now is asked again."""
    world = two(worlds)
    code = reviewed(world, A, A)
    spare = world.vendors["spare"]
    spare.delete_fails = VendorUnavailable("down")
    world.services.templates.delete(code, Kind.TEXT)
    (filed,) = world.ledger.filings.of(NAME, code).values()
    assert filed.owed == "delete"
    assert world.ledger.filings.of_channel(NAME) == []
    spare.delete_fails = None
    world.now += 100
    world.services.templates.refresh_pending()
    assert not world.ledger.filings.of(NAME, code)


def test_a_review_is_applied_at_the_account_that_reports_it(worlds: Worlds) -> None:
    """The codes of two accounts may be the same."""
    world = two(worlds)
    for vendor in world.vendors.values():
        vendor.create_as = "same"
    code = reviewed(world, P, P)
    change = ReviewChange(vendor_code="same-Spring", review=TemplateReview(A))
    world.services.at["spare"].receiving._templates.apply_review(change, "spare")
    assert world.services.templates.query_text(code).status is P
    assert world.ledger.filings.of(NAME, code)["spare"].status is A


def test_a_digital_template_approved_at_one_account_only(worlds: Worlds) -> None:
    """Its messages go there."""
    world = two(worlds, approval="any")
    main, spare = world.vendors.values()
    main.digital_review = DigitalTemplateReview({one: CarrierReview(R, "no") for one in Carrier})
    spare.digital_review = DigitalTemplateReview({one: CarrierReview(A) for one in Carrier})
    code = digital(world)
    world.send(PHONES, code=code, kind=Kind.DIGITAL)
    soon(world, 2)
    assert (numbers_of(main), numbers_of(spare)) == ([], PHONES)


@pytest.mark.parametrize("approval", ["primary", "any", "all"])
def test_an_account_that_sends_no_digital_messages_refuses_none(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, approval: str
) -> None:
    """It has nothing to say of their templates: the other sends, and nothing ever goes there."""
    world = two(worlds, approval=approval)
    hooks = world.services.channel.accounts["spare"].hooks
    texts = frozenset(each for each in hooks._operations if "digital" not in each)
    monkeypatch.setattr(hooks, "_operations", texts)
    main, spare = world.vendors.values()
    main.digital_review = DigitalTemplateReview({one: CarrierReview(A) for one in Carrier})
    code = digital(world)
    assert world.services.templates.query_digital(code).status is A
    world.send(PHONES, code=code, kind=Kind.DIGITAL)
    soon(world, 2)
    main.answer = raising(VendorUnreachable("refused"))
    world.send(["13800000003"], code=code, kind=Kind.DIGITAL)
    soon(world, 15)
    assert not spare.batches
    assert not world.ended()


def digital(world: World) -> str:
    """Return the code of a digital template that was reviewed as the vendors say."""
    raw: dict[str, Any] = {
        "templateContent": [{"fileSuffix": "txt", "fileContents": "Dear ${name}", "index": 1}],
        "templateTheme": "Spring",
        "smsSignName": "Acme",
    }
    code = world.services.templates.create_digital(DigitalTemplateBody.parse(json.dumps(raw).encode()))
    world.now += 100
    world.services.templates.refresh_pending()
    return code


def test_a_signature_is_reviewed_at_each_account(worlds: Worlds) -> None:
    """An account that has not approved it takes nothing under it."""
    world = two(worlds)
    code = reviewed(world, A, A)
    world.vendors["spare"].signs = {"Acme": P}
    world.vendors["main"].answer = raising(VendorUnreachable("refused"))
    world.send(PHONES, code=code)
    soon(world, 3)
    assert not world.vendors["spare"].batches
    world.vendors["spare"].signs = {"Acme": A}
    world.now += 100
    world.services.templates.refresh_pending()
    soon(world, 3)
    assert numbers_of(world.vendors["spare"]) == PHONES


# the account that is decided for -> why it cannot be, or "" when it can
DECISIONS = {
    "spare": "",
    "gone": "has no account gone; it has main, spare",
}


@pytest.mark.parametrize(("account", "why"), DECISIONS.items())
def test_an_operator_decides_for_an_account_without_reviews(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, account: str, why: str
) -> None:
    """With the code that the template was registered by there."""
    world = two(worlds, review="manual")
    hooks = world.services.channel.accounts["spare"].hooks
    offered = hooks._operations - {"create_template", "update_template", "query_template"}
    monkeypatch.setattr(hooks, "_operations", frozenset(offered))
    code = reviewed(world, A, P)
    assert world.ledger.filings.of(NAME, code)["spare"].status is P
    desk = Operating(world.settings, world.ledger, lambda: world.now)
    decision = ReviewDecision(A, vendor_code="10001", account=account)
    if why:
        with pytest.raises(OperatorRefused, match=why):
            desk.decide(world.services.channel, code, decision)
        return
    desk.decide(world.services.channel, code, decision)
    world.vendors["main"].answer = raising(VendorUnreachable("refused"))
    world.send(PHONES, code=code)
    soon(world, 3)
    spare = world.vendors["spare"]
    assert numbers_of(spare) == PHONES
    assert {batch.template.vendor_code for batch in spare.batches} == {"10001"}


def test_reviews_of_an_account_that_is_gone_keep_no_other_waiting(worlds: Worlds) -> None:
    """More than are asked about at once, and all of them older."""
    world = two(worlds)
    code = reviewed(world, A, P)
    for number in range(60):
        world.ledger.filings.save(Filed(NAME, f"T{number}", "gone", "v", "d", status=P, checked=1))
    world.vendors["spare"].review = TemplateReview(A)
    world.now += 100
    world.services.templates.refresh_pending()
    assert world.ledger.filings.of(NAME, code)["spare"].status is A


@pytest.mark.parametrize(
    ("identity", "handed_in"), [("spare", 0), ("another", 1)], ids=["renamed", "another"]
)
def test_an_account_that_is_renamed_files_nothing_twice(
    worlds: Worlds, identity: str, handed_in: int
) -> None:
    """Its identity says that it is the same; any other account gets the template."""
    first = two(worlds)
    code = reviewed(first, A, A)
    world = two(worlds, accounts={"main": {"vendor": "obedient"}, "backup": {"vendor": "obedient"}})
    world.now = first.now + 100
    hooks, handed = world.services.channel.accounts["backup"].hooks, list[str]()
    hooks.identity = identity
    create = hooks.create_template

    def noted(template: TextTemplate) -> CreatedTemplate:
        handed.append(template.name)
        return create(template)

    hooks.create_template = noted  # type: ignore[method-assign]
    world.services.templates.refresh_pending()
    assert len(handed) == handed_in
    filed = world.ledger.filings.of(NAME, code)["backup"]
    assert (filed.filed_at, filed.vendor_code) == (identity, "backup-Spring" if handed_in else "spare-Spring")


ALL = frozenset(Carrier)
# the carriers that approved at each account -> who gets a China Mobile and a China Unicom number, what ended
CARRIERS: dict[str, tuple[frozenset[Carrier], frozenset[Carrier], list[str], list[str], int]] = {
    "all at both": (ALL, ALL, [MOBILE, UNICOM], [], 0),
    "the spare has one more": (ALL - {Carrier.UNICOM}, ALL, [MOBILE], [UNICOM], 0),
    "the spare has the other alone": (ALL - {Carrier.UNICOM}, ALL - {Carrier.MOBILE}, [MOBILE], [UNICOM], 0),
    "neither has it": (ALL - {Carrier.UNICOM}, ALL - {Carrier.UNICOM}, [MOBILE], [], 1),
}


@pytest.mark.parametrize(("main", "spare", "at_main", "at_spare", "ended"), CARRIERS.values(), ids=CARRIERS)
def test_a_carrier_that_refuses_at_one_account_may_approve_at_another(
    worlds: Worlds,
    main: frozenset[Carrier],
    spare: frozenset[Carrier],
    at_main: list[str],
    at_spare: list[str],
    ended: int,
) -> None:
    """A message ends only when no account may send to its carrier; `explain` says the same."""
    world = two(worlds)
    for vendor, approved in zip(world.vendors.values(), (main, spare), strict=True):
        vendor.digital_review = DigitalTemplateReview(
            {one: CarrierReview(A if one in approved else R) for one in Carrier}
        )
    code = world.digital()
    for _ in range(2):
        world.now += 100
        world.services.templates.refresh_pending()
    world.send([MOBILE, UNICOM], code=code, kind=Kind.DIGITAL)
    soon(world, 5)
    assert [numbers_of(vendor) for vendor in world.vendors.values()] == [at_main, at_spare]
    assert len(world.ended()) == ended
    desk = Explaining(world.services.channel, world.ledger, lambda: world.now)
    takers = [one.account for one in desk.routes(UNICOM, code) if one.verdict == "takes it"]
    assert takers == (["main"] if UNICOM in at_main else ["spare"] if UNICOM in at_spare else [])
