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
from bridge.services.desk.overview import Overview
from bridge.services.messages import accepting
from bridge.services.snapshots import snapshot

from .conftest import Worlds
from .test_elsewhere_again import reviewed_often
from .test_failover import PHONES, raising, soon, two
from .world import World

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
    world.services.templates.delete_text(code)


def rejected_at_spare(world: World, _code: str) -> None:
    """The spare's review went badly."""
    review = TemplateReview(ReviewStatus.REJECTED, "Not like this.")
    world.services.templates.apply_review(ReviewChange(vendor_code="spare-Spring", review=review), "spare")


def main_is_another(world: World, _code: str) -> None:
    """The settings of main name another vendor account."""
    world.services.channel.accounts["main"].hooks.identity = "other"
    world.vendors["main"].create_as = "other"


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
    "another order": Row(BOTH, TURNED, AT_SPARE),
    "another order, then changed": Row(BOTH, TURNED, AT_MAIN, after=changed),
    "deleted, then another order": Row(BOTH, TURNED, AT_MAIN, before=deleted),
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
    del document["filed_at"]
    return json.dumps(document)


OF_BEFORE = [
    "nothing changes",
    "the primary is taken out",
    "another order",
    "deleted, then another order",
    "the only one is another",
    "the only one, and changed",
]
"""What an earlier version took; of a changed template it cannot be told whose code it had."""
CASES: dict[str, tuple[Row, Callable[..., str]]] = {name: (row, snapshot) for name, row in ROWS.items()}
CASES |= {f"{name}, earlier version": (ROWS[name], without_identity) for name in OF_BEFORE}


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
