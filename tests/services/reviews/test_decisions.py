"""Decisions on a template against a change, a deletion or another decision at the same time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bridge.contract.refusal import Refusal
from bridge.ledger import Filed
from bridge.plugin import CreatedTemplate, Kind, ReviewStatus, TemplateReview, TextTemplate
from bridge.services.desk.operating import OperatorRefused, ReviewDecision
from bridge.services.reviews.filing import Filing
from bridge.services.snapshots import digest

from ..conftest import Worlds
from ..desk.test_operating import APPROVE, LOCAL, desk, text_body
from ..two_accounts import two
from ..world import NAME, World

REFUSE = ReviewDecision(ReviewStatus.REJECTED, "No.")


def local(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Let only a person review its templates."""
    for account in world.services.channel.accounts.values():
        supports = account.hooks.supports
        monkeypatch.setattr(
            account.hooks, "supports", lambda hook, supports=supports: hook not in LOCAL and supports(hook)
        )
    return world


def before(owner: Any, name: str, first: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let something happen immediately before a call, once."""
    call = getattr(owner, name)

    def meanwhile(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(owner, name, call)
        first()
        return call(*given, **named)

    monkeypatch.setattr(owner, name, meanwhile)


def text_of(world: World, code: str) -> tuple[str, str, str] | None:
    """What is kept of a template: text, review and the vendor's code."""
    found = world.ledger.templates.get(NAME, code)
    return None if found is None else (found.content, str(found.status), found.vendor_code)


def filed(world: World, code: str) -> Filed | None:
    """What is kept of it at the spare account."""
    return world.ledger.filings.of(NAME, code).get("spare")


# What happens while Quick Audience's change is being made -> what is kept, None for nothing.
DURING_A_CHANGE: dict[str, tuple[Callable[[World, str], object], tuple[str, str, str] | None]] = {
    "deleted": (lambda w, code: w.services.templates.delete(code, Kind.TEXT), None),
    "approved": (
        lambda w, code: desk(w).decide(w.services.channel, code, APPROVE),
        ("New ${name}", "pending", ""),
    ),
    "given a code": (
        lambda w, code: desk(w).decide(w.services.channel, code, replace(APPROVE, vendor_code="V1")),
        ("New ${name}", "pending", "V1"),
    ),
    "refused": (
        lambda w, code: desk(w).decide(w.services.channel, code, REFUSE),
        ("New ${name}", "pending", ""),
    ),
}


@pytest.mark.parametrize(("event", "kept"), DURING_A_CHANGE.values(), ids=DURING_A_CHANGE)
def test_a_change_overwrites_neither_a_deletion_nor_a_code(
    worlds: Worlds,
    monkeypatch: pytest.MonkeyPatch,
    event: Callable[[World, str], object],
    kept: tuple[str, str, str] | None,
) -> None:
    """A template that was deleted does not come back, and the code that an operator gave it stays."""
    world = local(worlds(review="manual"), monkeypatch)
    templates = world.services.templates
    code = templates.create_text(text_body())
    before(templates, "_changed", lambda: event(world, code), monkeypatch)
    change = text_body(templateContent="New ${name}")
    if kept is None:
        with pytest.raises(Refusal, match="no text template"):
            templates.update_text(code, change)
    else:
        templates.update_text(code, change)
    assert text_of(world, code) == kept


def test_what_a_vendor_reviews_is_handed_in_once_and_does_not_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted while the vendor took the change."""
    code = world.services.templates.create_text(text_body())
    store = world.ledger.templates
    before(store, "change", lambda: store.delete(NAME, code, 1), monkeypatch)
    with pytest.raises(Refusal, match="no text template"):
        world.services.templates.update_text(code, text_body(templateContent="New ${name}"))
    assert text_of(world, code) is None


@pytest.mark.parametrize("account", ["", "spare"])
def test_of_two_decisions_at_once_the_second_is_told(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    """At the primary account, and at another: nobody's decision is turned round unseen."""
    world = local(two(worlds, review="manual"), monkeypatch)
    code = world.services.templates.create_text(text_body())
    channel, decide = world.services.channel, desk(world).decide
    store = world.ledger.filings if account else world.ledger.templates
    before(store, "save_review", lambda: decide(channel, code, replace(REFUSE, account=account)), monkeypatch)
    with pytest.raises(OperatorRefused, match="changed meanwhile"):
        decide(channel, code, replace(APPROVE, account=account))
    kept = filed(world, code) if account else world.ledger.templates.get(NAME, code)
    assert kept is not None
    assert kept.status is ReviewStatus.REJECTED


# What Quick Audience does while a person decides for another account -> what is kept there.
AT_AN_ACCOUNT: dict[str, tuple[Callable[[World, str], object], ReviewStatus | None]] = {
    "changed": (
        lambda w, code: w.services.templates.update_text(code, text_body(templateContent="New ${name}")),
        ReviewStatus.PENDING,
    ),
    "deleted": (lambda w, code: w.services.templates.delete(code, Kind.TEXT), None),
}


@pytest.mark.parametrize("decision", [APPROVE, REFUSE, replace(APPROVE, vendor_code="V1")])
@pytest.mark.parametrize(("event", "status"), AT_AN_ACCOUNT.values(), ids=AT_AN_ACCOUNT)
def test_a_decision_for_another_account_is_guarded_too(
    worlds: Worlds,
    monkeypatch: pytest.MonkeyPatch,
    event: Callable[[World, str], object],
    status: ReviewStatus | None,
    decision: ReviewDecision,
) -> None:
    """The new text waits for its own review, and what is gone does not come back."""
    world = local(two(worlds, review="manual"), monkeypatch)
    code = world.services.templates.create_text(text_body())
    before(world.ledger.filings, "save_review", lambda: event(world, code), monkeypatch)
    with pytest.raises(OperatorRefused, match="changed meanwhile"):
        desk(world).decide(world.services.channel, code, replace(decision, account="spare"))
    kept = filed(world, code)
    assert (kept and kept.status) == status


@pytest.mark.parametrize(("event", "status"), AT_AN_ACCOUNT.values(), ids=AT_AN_ACCOUNT)
def test_what_another_account_says_of_an_older_text_is_not_kept(
    worlds: Worlds,
    monkeypatch: pytest.MonkeyPatch,
    event: Callable[[World, str], object],
    status: ReviewStatus | None,
) -> None:
    """A worker asks it while Quick Audience changes the template: the new text would never be filed."""
    world = two(worlds)
    spare = world.vendors["spare"]
    spare.review = TemplateReview(ReviewStatus.PENDING)
    code = world.services.templates.create_text(text_body())
    world.now += 100
    spare.review = TemplateReview(ReviewStatus.APPROVED)
    before(world.ledger.filings, "save_review", lambda: event(world, code), monkeypatch)
    world.services.templates.refresh_pending()
    kept, template = filed(world, code), world.ledger.templates.get(NAME, code)
    assert (kept and kept.status) == status
    if kept is not None and template is not None:
        assert template.content == "New ${name}"
        assert kept.digest == digest(template, world.services.channel.settings.opt_out_suffix)


@pytest.mark.parametrize(("store", "name"), [("templates", "change"), ("filings", "keep")])
def test_of_two_changes_at_once_the_one_that_is_kept_is_at_every_account(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, store: str, name: str
) -> None:
    """Else one text would be reviewed, and another sent."""
    world = two(worlds)
    templates = world.services.templates
    code = templates.create_text(text_body())
    given: dict[str, object] = {}
    update = Filing.update

    def noted(filing: Filing, template: TextTemplate) -> CreatedTemplate:
        given[filing._hooks.identity] = template.content
        return update(filing, template)

    monkeypatch.setattr(Filing, "update", noted)
    another = text_body(templateContent="Another ${name}")
    before(getattr(world.ledger, store), name, lambda: templates.update_text(code, another), monkeypatch)
    templates.update_text(code, text_body(templateContent="New ${name}"))
    world.now += 100
    templates.refresh_pending()
    kept, template = filed(world, code), world.ledger.templates.get(NAME, code)
    assert kept is not None
    assert template is not None
    suffix = world.services.channel.settings.opt_out_suffix
    assert (kept.digest, kept.owed) == (digest(template, suffix), "")
    assert list(given.values()) == [template.content] * 2


def test_a_change_that_a_killed_process_did_not_hand_on_is_handed_in(worlds: Worlds) -> None:
    """At an account that has the older text, within a minute."""
    world = two(worlds)
    code = world.services.templates.create_text(text_body())
    older = world.ledger.templates.get(NAME, code)
    assert older is not None
    newer = replace(older, content="New ${name}")
    assert world.ledger.templates.change(older, newer)
    world.now += 100
    world.services.templates.refresh_pending()
    kept = filed(world, code)
    assert kept is not None
    assert kept.digest == digest(newer, world.services.channel.settings.opt_out_suffix)


def test_a_person_decides_what_was_shown(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page may stay open while Quick Audience writes another text."""
    world = local(worlds(review="manual"), monkeypatch)
    code = world.services.templates.create_text(text_body())
    seen = desk(world).seen(NAME, code)
    world.services.templates.update_text(code, text_body(templateContent="New ${name}"))
    with pytest.raises(OperatorRefused, match="changed meanwhile"):
        desk(world).decide(world.services.channel, code, replace(APPROVE, seen=seen))
    now = desk(world).seen(NAME, code)
    desk(world).decide(world.services.channel, code, replace(APPROVE, seen=now))
    assert text_of(world, code) == ("New ${name}", "approved", "")
