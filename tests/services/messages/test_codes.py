"""Whose code of a template a send carries: that of the account which is called, or it waits for a person."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import pytest

from bridge.contract.bodies import TextTemplateBody
from bridge.plugin import (
    Carrier,
    CarrierReview,
    CreatedTemplate,
    DigitalTemplateReview,
    Kind,
    ReviewChange,
    ReviewStatus,
    TemplateReview,
    TextTemplate,
    VendorUnreachable,
)
from bridge.services.desk.operating import Operating, ReviewDecision
from bridge.services.desk.overview import Overview
from bridge.services.messages import accepting
from bridge.services.snapshots import snapshot

from ..conftest import Worlds
from ..two_accounts import PHONES, raising, sent, soon, two
from ..world import NAME, World
from .test_elsewhere_again import reviewed_often

A, R = ReviewStatus.APPROVED, ReviewStatus.REJECTED
MAIN, SPARE = ({name: {"vendor": "obedient"}} for name in ("main", "spare"))
BOTH, TURNED = MAIN | SPARE, SPARE | MAIN
Change = Callable[[World, str], None]


def changed(world: World, code: str) -> None:
    """Quick Audience changes the text."""
    raw = {"remark": "r", "templateContent": "Buy", "templateName": "Spring", "templateType": 1}
    world.services.templates.update_text(code, TextTemplateBody.parse(json.dumps(raw).encode()))


def deleted(world: World, code: str) -> None:
    """Quick Audience deletes the template."""
    world.services.templates.delete(code, Kind.TEXT)


def rejected_at_spare(world: World, _code: str) -> None:
    """The spare's review went badly."""
    review = TemplateReview(ReviewStatus.REJECTED, "Not like this.")
    world.services.templates.apply_review(ReviewChange(vendor_code="spare-Spring", review=review), "spare")


def main_is_another(world: World, _code: str) -> None:
    """The settings of main name another vendor account."""
    world.services.channel.accounts["main"].hooks.identity = "other"
    world.vendors["main"].create_as = "other"


def changed_at_another(world: World, code: str) -> None:
    """Main is another vendor account, and the text is changed before anything was looked after."""
    main_is_another(world, code)
    changed(world, code)


def another_then_changed(world: World, code: str) -> None:
    """Main is another vendor account that has the template; then Quick Audience changes the text."""
    main_is_another(world, code)
    reviewed_often(world, 2)
    changed(world, code)


def nothing(_world: World, _code: str) -> None:
    """Nothing happens."""


class Row(NamedTuple):
    """Accounts before and after a restart, what happens before and after it -> the codes of the calls then.

    Where there are none, `words` are what is seen of those that wait.
    """

    accounts: Mapping[str, Any]
    later: Mapping[str, Any]
    codes: Mapping[str, set[str]]
    before: Change = nothing
    after: Change = nothing
    words: str = ""


AT_MAIN, AT_SPARE, AT_OTHER = (
    {"main": {"main-Spring"}},
    {"spare": {"spare-Spring"}},
    {"main": {"other-Spring"}},
)
NOT_THERE = "It has not got the template"
ROWS: dict[str, Row] = {
    "nothing changes": Row(BOTH, BOTH, AT_MAIN),
    "the primary is taken out": Row(BOTH, SPARE, AT_SPARE),
    "taken out, and rejected there": Row(BOTH, SPARE, {}, before=rejected_at_spare, words="Not like this."),
    "taken out, and deleted": Row(BOTH, SPARE, {}, before=deleted, words=NOT_THERE),
    "taken out, and changed": Row(BOTH, SPARE, {}, before=changed, words=NOT_THERE),
    "another order": Row(BOTH, TURNED, AT_MAIN),
    "another order, then changed": Row(BOTH, TURNED, AT_MAIN, after=changed),
    "deleted, then another order": Row(BOTH, TURNED, AT_MAIN, before=deleted),
    "the only one is another, then changed": Row(MAIN, MAIN, {}, after=another_then_changed, words=NOT_THERE),
    "the only one is another, changed at once": Row(
        MAIN, MAIN, {}, after=changed_at_another, words=NOT_THERE
    ),
    "deleted": Row(BOTH, BOTH, AT_MAIN, before=deleted),
    "the primary is another": Row(BOTH, BOTH, AT_SPARE, after=main_is_another),
    "the only one is another": Row(MAIN, MAIN, AT_OTHER, after=main_is_another),
    "the only one is another, and deleted": Row(
        MAIN, MAIN, {}, before=deleted, after=main_is_another, words=NOT_THERE
    ),
    "the only one, and deleted": Row(MAIN, MAIN, AT_MAIN, before=deleted),
    "the only one, and changed": Row(MAIN, MAIN, AT_MAIN, before=changed),
    "the only one is replaced": Row(MAIN, SPARE, AT_SPARE),
}


def codes_of(world: World) -> Mapping[str, set[str]]:
    """Return the codes that each account was called with."""
    found = {name: {one.template.vendor_code for one in made.batches} for name, made in world.vendors.items()}
    return {name: codes for name, codes in found.items() if codes}


def without_identity(*given: Any) -> str:
    """Return a template as an earlier version kept it with a send."""
    document = json.loads(snapshot(*given))
    del document["filed_at"], document["sign_at"]
    return json.dumps(document)


OF_BEFORE = [
    "nothing changes",
    "the primary is taken out",
    "another order",
    "deleted, then another order",
    "the only one is another",
]
"""What an earlier version took."""
WHOSE = {
    "the only one, and changed": Row(MAIN, MAIN, {}, before=changed, words=NOT_THERE),
    "the only one is another, then changed": Row(MAIN, MAIN, {}, after=another_then_changed, words=NOT_THERE),
    "the primary is another, then changed": Row(BOTH, BOTH, {}, after=another_then_changed, words=NOT_THERE),
}
"""What an earlier version took, of a text that has another code now: nobody can tell whose the first was."""
CASES: dict[str, tuple[Row, Callable[..., str]]] = {name: (row, snapshot) for name, row in ROWS.items()}
CASES |= {f"{name}, earlier version": (ROWS[name], without_identity) for name in OF_BEFORE}
CASES |= {f"{name}, earlier version": (row, without_identity) for name, row in WHOSE.items()}


@pytest.mark.parametrize(("row", "shape"), CASES.values(), ids=CASES)
def test_a_send_carries_the_code_of_the_account_that_is_called(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, row: Row, shape: Callable[..., str]
) -> None:
    """Never another's, by which a vendor may know another text."""
    monkeypatch.setattr(accepting, "snapshot", shape)
    first = two(worlds, accounts=row.accounts)
    code = first.template()
    first.send(PHONES, code=code)
    row.before(first, code)
    world = two(worlds, accounts=row.later)
    world.now = first.now + 100
    row.after(world, code)
    world.hand_over()  # before anything was looked after
    reviewed_often(world, 2)
    soon(world, 2)
    assert codes_of(world) == row.codes
    [seen] = Overview(world.settings, world.ledger, lambda: world.now).channels()
    waits = [(hold.reason, row.words in hold.words) for account in seen.accounts for hold in account.held]
    assert waits == ([("review", True)] if row.words else [])


class Unfiled(NamedTuple):
    """How templates are reviewed where the account takes none, and what the next account says of them."""

    review: str
    digital: bool = False
    answer: ReviewStatus = A


UNFILED: dict[str, Unfiled] = {
    "approved by the bridge": Unfiled("auto"),
    "waiting for a person": Unfiled("manual"),
    "digital": Unfiled("auto", digital=True),
    "and rejected": Unfiled("auto", answer=R),
}


@pytest.mark.parametrize("names", [("main",), ("main", "spare")], ids=["one account", "two accounts"])
@pytest.mark.parametrize("row", UNFILED.values(), ids=UNFILED)
def test_a_primary_that_takes_templates_gets_those_that_were_never_filed(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, row: Unfiled, names: Collection[str]
) -> None:
    """Made while its predecessor took none; nothing is sent with them before they are filed and approved."""
    accounts = {name: {"vendor": "obedient"} for name in names}
    routes = [{"accounts": ["main"]}]
    first = two(worlds, accounts=accounts, routes=routes, review=row.review)
    without_templates(first, monkeypatch)
    code = first.digital() if row.digital else first.template()
    kind = Kind.DIGITAL if row.digital else Kind.TEXT
    waits = row.review == "auto"
    if waits:
        first.send(PHONES, code=code, kind=kind)
    world = two(worlds, accounts=accounts, routes=routes, review=row.review)
    world.now = first.now + 100
    main_is_another(world, code)
    main, made = world.vendors["main"], list[str]()
    main.review = TemplateReview(row.answer)
    main.digital_review = DigitalTemplateReview(GOOD if row.answer is A else BAD)
    noting(world, monkeypatch, made)
    assert world.services.templates.seen(world.ledger.templates.list(NAME)[0]).status is not R
    soon(world, 2)
    assert not main.batches, "sent with what was not filed"
    reviewed_often(world, 4)
    soon(world, 100)
    assert made == ["main"]
    if not waits:
        world.send(PHONES, code=code, kind=kind)
        soon(world, 2)
    codes = {one.template.vendor_code for one in main.batches}
    assert codes == ({"other-digital" if row.digital else "other-Spring"} if row.answer is A else set())


def without_templates(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the primary account take no templates."""
    hooks = world.hooks
    offered = {one for one in hooks._operations if "template" not in one}
    monkeypatch.setattr(hooks, "_operations", frozenset(offered))


def noting(world: World, monkeypatch: pytest.MonkeyPatch, made: list[str]) -> None:
    """Note what is handed in at the primary account."""
    hooks = world.hooks
    for name in ("create_template", "create_digital_template"):
        create = getattr(hooks, name)

        def noted(template: Any, create: Callable[..., Any] = create) -> Any:
            made.append("main")
            return create(template)

        monkeypatch.setattr(hooks, name, noted)


def test_a_code_that_a_person_gave_is_not_used_at_the_next_account(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given where the account could not be told; known to be the account's before when another has come."""
    first = two(worlds, accounts=MAIN, review="manual")
    without_templates(first, monkeypatch)
    first.services.renewing.run()
    code = first.template()
    desk = Operating(first.settings, first.ledger, lambda: first.now)
    desk.decide(NAME, code, ReviewDecision(A, vendor_code="10001"))
    first.send(PHONES[:1], code=code, digest=b"first")
    first.hand_over()
    assert codes_of(first) == {"main": {"10001"}}
    first.send(PHONES, code=code)
    world = two(worlds, accounts=MAIN, review="manual")
    world.now = first.now + 100
    without_templates(world, monkeypatch)
    main_is_another(world, code)
    world.services.renewing.run()
    soon(world, 2)
    reviewed_often(world, 2)
    soon(world, 100)
    assert codes_of(world) == {}
    desk.decide(world.services.channel, code, ReviewDecision(A, vendor_code="20002"))
    soon(world, 100)
    assert codes_of(world) == {"main": {"20002"}}


def test_a_worker_with_settings_of_before_uses_no_code_of_after(worlds: Worlds) -> None:
    """It still runs when another process has the new ones, and the template is changed there."""
    old = two(worlds, accounts=MAIN)
    code = old.template()
    old.send(PHONES[:1], code=code, digest=b"before")
    new = two(worlds, accounts=MAIN)
    new.now = old.now + 100
    another_then_changed(new, code)
    reviewed_often(new, 2)
    new.send(PHONES[1:], code=code, digest=b"after")
    old.now = new.now
    old.hand_over()
    assert codes_of(old) == {"main": {"main-Spring"}}
    assert sent(old) == {"main": 1}
    new.now += 100
    new.hand_over()
    assert codes_of(new) == {"main": {"other-Spring-2"}}


GOOD, BAD = ({one: CarrierReview(status) for one in Carrier} for status in (A, R))
# who approved a digital template, which account fails its calls -> the codes of the calls that were answered
DIGITAL: dict[str, tuple[Collection[str], str, Mapping[str, set[str]]]] = {
    "both approved it": (("main", "spare"), "", {"main": {"main-digital"}}),
    "both, and the first fails": (("main", "spare"), "main", {"spare": {"spare-digital"}}),
    "the first alone": (("main",), "", {"main": {"main-digital"}}),
    "the first alone, and it fails": (("main",), "main", {}),
    "the spare alone": (("spare",), "", {"spare": {"spare-digital"}}),
    "the spare alone, and it fails": (("spare",), "spare", {}),
}


@pytest.mark.parametrize(("approved", "fails", "codes"), DIGITAL.values(), ids=DIGITAL)
def test_a_digital_send_carries_the_code_of_an_account_that_approved_it(
    worlds: Worlds, approved: Collection[str], fails: str, codes: Mapping[str, set[str]]
) -> None:
    """The account that did not approve it is not called, whoever fails."""
    world = two(worlds, approval="any")
    for name, vendor in world.vendors.items():
        vendor.digital_review = DigitalTemplateReview(GOOD if name in approved else BAD)
    code = world.digital()
    reviewed_often(world, 2)
    if fails:
        world.vendors[fails].answer = raising(VendorUnreachable("refused"))
    world.send(PHONES, code=code, kind=Kind.DIGITAL)
    soon(world, 5)
    found = codes_of(world)
    assert {name: seen for name, seen in found.items() if name != fails} == codes
    assert found.get(fails, {f"{fails}-digital"}) == {f"{fails}-digital"}


def test_an_account_that_comes_back_has_its_templates(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken out for a while it is handed in nothing a second time."""
    code = two(worlds).template()
    made: list[str] = []
    for accounts in (SPARE, BOTH):
        world = two(worlds, accounts=accounts)
        for name, account in world.services.channel.accounts.items():

            def noted(template: TextTemplate, name: str = name) -> CreatedTemplate:
                made.append(name)
                return CreatedTemplate("anew")

            monkeypatch.setattr(account.hooks, "create_template", noted)
        world.now += 1000
        reviewed_often(world, 2)
    world.send(PHONES, code=code)
    soon(world, 1)
    assert ([one.template.vendor_code for one in world.vendors["main"].batches], made) == (
        ["main-Spring"],
        [],
    )
