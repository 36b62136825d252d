"""What an operator does: at once, and never over what Quick Audience did meanwhile."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from bridge.contract.bodies import TextTemplateBody
from bridge.ledger import AccountKey, Hold
from bridge.ledger.scope import FIRST_ROWS
from bridge.ledger.sending.account import Account
from bridge.ledger.sending.accounts import save
from bridge.plugin import CredentialsRejected, Kind, ReviewStatus, accepted, failure
from bridge.services.desk.operating import Operating, OperatorRefused, ReviewDecision
from bridge.services.desk.overview import Overview, Stop

from ..conftest import Worlds
from ..two_accounts import numbers_of, soon, two
from ..world import NAME, World

PHONES = ["13800000000", "13800000001"]
APPROVE = ReviewDecision(ReviewStatus.APPROVED)
LOCAL = ("create_template", "update_template", "delete_template", "query_template")


@pytest.fixture
def world(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a channel whose templates only an operator reviews."""
    made = worlds(review="manual")
    supports = made.hooks.supports
    names = {*LOCAL, *(name.replace("_template", "_digital_template") for name in LOCAL)}
    monkeypatch.setattr(made.hooks, "supports", lambda hook: hook not in names and supports(hook))
    return made


def desk(world: World) -> Operating:
    """Return the operator's desk of the same bridge."""
    return Operating(world.settings, world.ledger, lambda: world.now)


def text_body(**changed: str) -> TextTemplateBody:
    raw = {"remark": "r", "templateContent": "Dear ${name}", "templateName": "Spring", "templateType": "1"}
    return TextTemplateBody.parse(json.dumps({**raw, **changed}).encode())


CHANGES: dict[str, Callable[[World, str], object]] = {
    "its text": lambda w, code: w.services.templates.update_text(
        code, text_body(templateContent="New ${name}")
    ),
    "its name": lambda w, code: w.services.templates.update_text(code, text_body(templateName="Summer")),
    "its type": lambda w, code: w.services.templates.update_text(code, text_body(templateType="0")),
    "its remark": lambda w, code: w.services.templates.update_text(code, text_body(remark="for the shop")),
    "it is gone": lambda w, code: w.services.templates.delete(code, Kind.TEXT),
}


@pytest.mark.parametrize(
    "decision", [APPROVE, ReviewDecision(ReviewStatus.REJECTED, "No."), replace(APPROVE, vendor_code="V1")]
)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_decision_on_a_template_that_changed_meanwhile_is_refused(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[World, str], object],
    decision: ReviewDecision,
) -> None:
    """What Quick Audience wrote stays, and waits for its own review."""
    code = world.services.templates.create_text(text_body())
    save = world.ledger.templates.save_review

    def meanwhile(*templates: object) -> bool:
        change(world, code)
        return save(*templates)  # type: ignore[arg-type]

    monkeypatch.setattr(world.ledger.templates, "save_review", meanwhile)
    with pytest.raises(OperatorRefused, match="changed meanwhile"):
        desk(world).decide(world.services.channel, code, decision)
    stored = world.ledger.templates.get(NAME, code)
    assert stored is None or (stored.status, stored.vendor_code) == (ReviewStatus.PENDING, "")


def test_an_operator_s_vendor_code_is_what_the_vendor_is_sent(world: World) -> None:
    """Where templates are registered by hand."""
    code = world.services.templates.create_text(text_body())
    desk(world).decide(world.services.channel, code, replace(APPROVE, vendor_code="V1"))
    world.send(PHONES, code=code)
    world.hand_over()
    assert [batch.template.vendor_code for batch in world.vendor.batches] == ["V1"]


@pytest.mark.parametrize(
    ("status", "vendor_code", "refused"),
    [
        (ReviewStatus.APPROVED, "", True),
        (ReviewStatus.APPROVED, "V2", False),
        (ReviewStatus.PENDING, "", False),
        (ReviewStatus.PENDING, "V2", False),
    ],
)
def test_where_reviews_are_automatic_only_what_waits_is_decided(
    world: World, status: ReviewStatus, vendor_code: str, refused: bool
) -> None:
    """For its vendor code, as a rule."""
    code = world.services.templates.create_text(text_body())
    stored = world.ledger.templates.get(NAME, code)
    assert stored is not None
    world.ledger.templates.save(replace(stored, status=status))
    channel = world.settings.channels[NAME].model_copy(update={"review": "auto"})
    auto = Operating(world.settings.model_copy(update={"channels": {NAME: channel}}), world.ledger, lambda: 1)
    decision = replace(APPROVE, vendor_code=vendor_code)
    if refused:
        with pytest.raises(OperatorRefused, match='has review = "auto"'):
            auto.decide(world.services.channel, code, decision)
    else:
        auto.decide(world.services.channel, code, decision)
        kept = world.ledger.templates.get(NAME, code)
        assert kept is not None
        assert (kept.status, kept.vendor_code) == (ReviewStatus.APPROVED, vendor_code)


@pytest.mark.parametrize("kind", Kind)
def test_what_can_only_fail_later_is_refused_at_creation(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """A template of a kind that the channel cannot send, made or changed."""
    made = {Kind.TEXT: world.template, Kind.DIGITAL: world.digital}[kind]
    made()
    supports = world.hooks.supports
    hook = {Kind.TEXT: "send_batch", Kind.DIGITAL: "send_digital_batch"}[kind]
    monkeypatch.setattr(world.hooks, "supports", lambda name: name != hook and supports(name))
    with pytest.raises(Exception, match=f"cannot send {kind} messages"):
        made()


@pytest.mark.parametrize("paused_by", ["operator", "vendor"])
def test_a_resumed_channel_sends_within_a_second(world: World, paused_by: str) -> None:
    """Also what waited for its next attempt."""
    code = world.services.templates.create_text(text_body())
    desk(world).decide(world.services.channel, code, APPROVE)
    if paused_by == "vendor":
        refused = failure(CredentialsRejected("The key is wrong."))
        world.vendor.answer = lambda batch: [refused] * len(batch.messages)
    else:
        desk(world).pause(NAME, "Wait.")
    world.send(PHONES, code=code)
    world.hand_over()
    world.vendor.answer = lambda batch: [accepted()] * len(batch.messages)
    before = len(world.vendor.batches)
    world.hand_over()
    assert len(world.vendor.batches) == before
    desk(world).resume(NAME)
    world.now += 1
    world.hand_over()
    assert len(world.vendor.batches) == before + 1


def test_one_account_is_paused_and_the_other_takes_its_messages(worlds: Worlds) -> None:
    """A success of a call in flight does not end a person's pause."""
    world = two(worlds)
    main, spare = world.vendors.values()
    code = world.template()
    desk(world).pause(NAME, "Their maintenance.", "main")
    world.ledger.accounts.resume(AccountKey(NAME, "main"), int(world.now * 1000))
    world.send(PHONES, code=code)
    soon(world, 3)
    assert (numbers_of(main), numbers_of(spare)) == ([], PHONES)
    seen = Overview(world.settings, world.ledger, lambda: world.now).channels()[0]
    assert [one.stop for one in seen.accounts] == [Stop(Hold.PAUSE, None, "Their maintenance."), None]
    assert seen.stop is None
    desk(world).resume(NAME, "main")
    world.send(PHONES, code=code, digest=b"again")
    soon(world, 1)
    assert numbers_of(main) == PHONES
    told = [(act.what, act.after) for act in world.ledger.audit.acts() if "account" in act.what]
    assert told[::-1] == [
        ("account paused", {"account": "main", "paused": True}),
        ("account resumed", {"account": "main", "paused": False, "rest_s": 0}),
    ]


def states(world: World, what: str) -> list[tuple[object, object]]:
    acts = world.ledger.audit.acts()
    return [(act.before, act.after) for act in acts if (act.who, act.what) == ("shell", what)]


@pytest.mark.parametrize("account", ["main", ""])
def test_what_kept_an_account_is_written_when_a_person_frees_it(worlds: Worlds, account: str) -> None:
    """The pause's reason and what was left of the rest, also of a whole channel's accounts."""
    world = two(worlds)
    now, main = int(world.now * 1000), AccountKey(NAME, "main")
    world.ledger.accounts.pause(main, "The key is wrong.", now=now, base_ms=60_000, longest_ms=60_000)
    rests = Account(*main, opens=1, open_until=now + 9_000, reason="It hangs.")
    world.ledger.write(lambda connection: save(connection, rests))
    desk(world).resume(NAME, account)
    before = {"paused": True, "reason": "The key is wrong.", "rest_s": 9, "rest_reason": "It hangs."}
    assert states(world, "account resumed") == [(before, {"account": "main", "paused": False, "rest_s": 0})]
    held = world.ledger.accounts.of(NAME)["main"]
    assert (held.paused(now), held.rests(now)) == (False, False)


def test_an_account_that_a_person_paused_stays_so_when_its_channel_goes_on(worlds: Worlds) -> None:
    """Its rest alone is over, and the audit says so; of one that nothing kept it says nothing."""
    world = two(worlds)
    now, main = int(world.now * 1000), AccountKey(NAME, "main")
    desk(world).pause(NAME, "Wait.", "main")
    desk(world).resume(NAME)
    assert states(world, "account resumed") == []
    world.ledger.write(lambda connection: save(connection, Account(*main, open_until=now + 9_000)))
    desk(world).resume(NAME)
    before = {"paused": True, "reason": "Wait.", "rest_s": 9, "rest_reason": ""}
    assert states(world, "account resumed") == [(before, {"account": "main", "paused": True, "rest_s": 0})]
    assert world.ledger.accounts.of(NAME)["main"].paused(now)


@pytest.mark.parametrize(
    ("sign", "signs", "left"), [(None, ["", "Acme", "Beta"], []), ("Acme", ["Acme"], ["", "Beta"])]
)
def test_the_signatures_under_which_a_number_was_suppressed_are_written(
    world: World, sign: str | None, signs: list[str], left: list[str]
) -> None:
    """So that it can be put back."""
    for one in ("", "Acme", "Beta"):
        desk(world).suppress(NAME, ["8613800000000"], one)
    desk(world).allow(NAME, ["8613800000000"], sign)
    under = {} if sign is None else {"sign": sign}
    assert states(world, "suppressions removed") == [
        ({"signs": signs, "entries": len(signs)}, {**under, "entries": 0})
    ]
    held = world.ledger.suppressions.list(NAME, FIRST_ROWS)
    assert [one.sign_name for one in held] == left


def test_an_account_that_does_not_exist_is_named(world: World) -> None:
    """With those that do."""
    for act in (partial(desk(world).pause, NAME, ""), partial(desk(world).resume, NAME)):
        with pytest.raises(OperatorRefused, match="has no account spare; it has obedient"):
            act(account="spare")


def test_a_channel_that_does_not_exist_is_named(world: World) -> None:
    """With those that do."""
    for act in (
        desk(world).resume,
        lambda name: desk(world).pause(name, ""),
        lambda name: desk(world).replay(channel=name),
    ):
        with pytest.raises(OperatorRefused, match=f"There is no channel nope; the configuration has {NAME}"):
            act("nope")
