"""What an account reports is about what it was called with, and no other's messages."""

from datetime import datetime
from typing import Any

import pytest

from bridge.ledger import Ledger
from bridge.plugin import (
    DeliveryReceipt,
    MessageStatus,
    MoMessage,
    OutcomeUnknown,
    VendorUnreachable,
    accepted,
    from_vendor,
)
from bridge.services import AccountServices
from bridge.services.reports.receiving import source_of
from bridge.settings import Settings

from ..conftest import Worlds
from ..two_accounts import raising, soon, tell_apart, two
from ..world import NAME, World
from .test_elsewhere_again import reviewed_often

FIRST, SECOND = "13800000001", "13800000002"
D = MessageStatus.DELIVERED


def called(worlds: Worlds) -> World:
    """Return one message at each account, to which both gave the same id."""
    world = two(worlds)
    main, spare = world.vendors.values()
    main.answer = lambda batch: [accepted("id-1") for _ in batch.messages]
    spare.answer = main.answer
    code = world.template()
    world.send([FIRST], code=code, digest=b"1")
    soon(world, 1)
    main.answer = raising(VendorUnreachable("refused"))
    world.send([SECOND], code=code, digest=b"2")
    soon(world, 3)
    assert [batch.messages[0].phone.raw for batch in spare.batches] == [SECOND]
    return world


def at(world: World, account: str) -> AccountServices:
    """Return the account's own services."""
    return world.services.at[account]


# who reports on the id that both gave -> who got it
BY_ID = {"main": {FIRST: "DELIVERED"}, "spare": {SECOND: "DELIVERED"}}


@pytest.mark.parametrize(("account", "ended"), BY_ID.items())
def test_an_id_is_that_of_the_account_which_reports_it(
    worlds: Worlds, account: str, ended: dict[str, str]
) -> None:
    """Two vendors may count from one."""
    world = called(worlds)
    at(world, account).receiving.store_reports([DeliveryReceipt(D, vendor_id="id-1")], [], "webhook")
    assert world.ended() == ended


# the accounts that the channel has afterwards -> what of each becomes of the ids that the first reports
AFTERWARDS: dict[str, tuple[dict[str, Any], str, dict[str, str]]] = {
    "the second is taken out": ({"accounts": {"main": {"vendor": "obedient"}}}, "main", {FIRST: "DELIVERED"}),
    "the first is taken out": (
        {"accounts": {"spare": {"vendor": "obedient"}}},
        "spare",
        {SECOND: "DELIVERED"},
    ),
    "another takes their place": ({}, "obedient", {}),
}


@pytest.mark.parametrize(("channel", "account", "ended"), AFTERWARDS.values(), ids=AFTERWARDS)
def test_ids_of_an_account_that_is_gone_are_not_those_of_one_that_stays(
    worlds: Worlds, channel: dict[str, Any], account: str, ended: dict[str, str]
) -> None:
    """References are: they are the bridge's own."""
    before = called(worlds)
    world = worlds(**channel)
    world.now = before.now
    receiving = at(world, account).receiving
    receiving.store_reports([DeliveryReceipt(D, vendor_id="id-1")], [], "webhook")
    assert world.ended() == ended
    refs = [vendor.batches[0].messages[0].ref for vendor in before.vendors.values()]
    receiving.store_reports([DeliveryReceipt(D, ref) for ref in refs], [], "webhook")
    assert world.ended() == {FIRST: "DELIVERED", SECOND: "DELIVERED"}


def test_an_account_knows_nothing_of_the_references_of_another(worlds: Worlds) -> None:
    """Its receipt waits in vain; that of the one that was called counts, also when it came first."""
    world = called(worlds)
    ref = world.vendors["spare"].batches[0].messages[0].ref
    at(world, "main").receiving.store_reports([DeliveryReceipt(D, ref)], [], "webhook")
    world.now += 60
    world.settle()
    assert world.ended() == {}
    at(world, "spare").receiving.store_reports([DeliveryReceipt(D, ref)], [], "webhook")
    assert world.ended() == {SECOND: "DELIVERED"}


def test_a_receipt_that_comes_before_its_message_waits_for_its_account(worlds: Worlds) -> None:
    """The other account's message with the same id is not meant."""
    world = two(worlds)
    main, spare = world.vendors.values()
    early = [DeliveryReceipt(D, vendor_id="id-1")]

    def answer(batch: Any) -> Any:
        at(world, "spare").receiving.store_reports(early, [], "webhook")
        return [accepted("id-1") for _ in batch.messages]

    main.answer = answer
    code = world.template()
    world.send([FIRST], code=code, digest=b"1")
    soon(world, 1)
    world.now += 60
    world.settle()
    assert world.ended() == {}
    main.answer = raising(VendorUnreachable("refused"))
    spare.answer = lambda batch: [accepted("id-1") for _ in batch.messages]
    world.send([SECOND], code=code, digest=b"2")
    soon(world, 3)
    assert world.ended() == {SECOND: "DELIVERED"}


LATER = {
    "one of two stays": ["spare"],
    "two of three stay": ["spare", "third"],
}


@pytest.mark.parametrize("names", LATER.values(), ids=LATER)
def test_an_early_receipt_of_an_account_that_is_gone_ends_nobody_elses(
    worlds: Worlds, names: list[str]
) -> None:
    """It waits under the name it came by, and another account's message with the same id is not meant."""
    world = two(worlds, accounts={name: {"vendor": "obedient"} for name in ("main", *names)})
    failed = DeliveryReceipt(MessageStatus.UNDELIVERABLE, vendor_id="id-1", code="X")
    at(world, "main").receiving.store_reports([failed], [], "webhook")
    later = two(worlds, accounts={name: {"vendor": "obedient"} for name in names})
    later.now = world.now + 1
    for vendor in later.vendors.values():
        vendor.answer = lambda batch: [accepted("id-1") for _ in batch.messages]
    later.send([SECOND], code=later.template(), digest=b"2")
    soon(later, 3)
    assert sum(len(vendor.batches) for vendor in later.vendors.values()) == 1
    later.now += 60
    later.settle()
    assert later.ended() == {}


def test_of_two_messages_with_one_id_the_present_vendors_own_is_meant(worlds: Worlds) -> None:
    """Another vendor behind the same name counts its ids from one again."""
    first = two(worlds)
    first.vendors["main"].answer = lambda batch: [accepted("id-1") for _ in batch.messages]
    code = first.template()
    first.send([FIRST], code=code, digest=b"1")
    soon(first, 1)
    later = two(worlds)
    later.now = first.now
    later.services.channel.accounts["main"].hooks.identity = "other vendor"
    at(later, "main").receiving._source = source_of(later.services.channel, "main")
    later.vendors["main"].answer = lambda batch: [accepted("id-1") for _ in batch.messages]
    reviewed_often(later)
    later.send([SECOND], code=code, digest=b"2")
    soon(later, 3)
    at(later, "main").receiving.store_reports([DeliveryReceipt(D, vendor_id="id-1")], [], "webhook")
    assert later.ended() == {SECOND: "DELIVERED"}


def with_another_behind_main(worlds: Worlds, code_of: list[str]) -> World:
    """A channel whose main had a message taken as id-1; now its settings name another vendor account."""
    first = two(worlds)
    first.vendors["main"].answer = lambda batch: [accepted("id-1") for _ in batch.messages]
    code_of.append(first.template())
    first.send([FIRST], code=code_of[0], digest=b"1")
    soon(first, 1)
    later = two(worlds)
    later.now = first.now
    later.services.channel.accounts["main"].hooks.identity = "other vendor"
    tell_apart(later)
    reviewed_often(later)
    return later


def a_lost_answer(batch: Any) -> Any:
    """The new vendor took it, and its answer was lost."""
    raise OutcomeUnknown("no answer")


def its_own_id(batch: Any) -> Any:
    """The new vendor counts its ids from one again."""
    return [accepted("id-1") for _ in batch.messages]


# what the new vendor answers, to whom the message goes -> what a receipt that came during the call has ended
EARLY: dict[str, tuple[Any, str, dict[str, str]]] = {
    "another person's": (its_own_id, SECOND, {SECOND: "DELIVERED"}),
    "the same person's": (its_own_id, FIRST, {FIRST: "DELIVERED"}),
    "of a lost answer": (a_lost_answer, SECOND, {}),
}


@pytest.mark.parametrize("number", [True, False], ids=["with the number", "by the id alone"])
@pytest.mark.parametrize(("answer", "phone", "ended"), EARLY.values(), ids=EARLY)
def test_an_early_receipt_of_another_vendor_by_the_name_is_not_its_predecessors(
    worlds: Worlds, answer: Any, phone: str, ended: dict[str, str], number: bool
) -> None:
    """It comes before the answer is recorded, and names an id that the vendor before had given too."""
    codes: list[str] = []
    world = with_another_behind_main(worlds, codes)
    named = from_vendor(phone) if number else None

    def answering(batch: Any) -> Any:
        early = DeliveryReceipt(D, vendor_id="id-1", phone=named)
        at(world, "main").receiving.store_reports([early], [], "webhook")
        return answer(batch)

    world.vendors["main"].answer = answering
    world.send([phone], code=codes[0], digest=b"2")
    soon(world, 3)
    for _ in range(3):
        world.now += 1
        world.settle()
    assert world.ended() == ended
    with world.ledger.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT batch.identity FROM message JOIN batch ON batch.id = message.batch_id "
            f"WHERE message.status = {int(D)}"
        ).all()
    assert [row.identity for row in rows] == (["other vendor"] if ended else [])


def test_a_receipt_that_waits_from_the_vendor_before_is_not_the_next_ones(worlds: Worlds) -> None:
    """It came early, and its message never; the vendor that has the name now gives the same id."""
    first = two(worlds)
    failed = DeliveryReceipt(MessageStatus.UNDELIVERABLE, vendor_id="id-9", code="X")
    at(first, "main").receiving.store_reports([failed], [], "webhook")
    codes: list[str] = []
    world = with_another_behind_main(worlds, codes)
    world.vendors["main"].answer = lambda batch: [accepted("id-9") for _ in batch.messages]
    world.send([SECOND], code=codes[0], digest=b"2")
    soon(world, 3)
    for _ in range(3):
        world.now += 60
        world.settle()
    assert world.ended() == {}


def test_a_new_key_of_the_account_does_not_lose_receipts(worlds: Worlds) -> None:
    """By its vendor's id, when no call of now can be meant."""
    world = with_another_behind_main(worlds, [])
    at(world, "main").receiving.store_reports([DeliveryReceipt(D, vendor_id="id-1")], [], "webhook")
    assert world.ended() == {FIRST: "DELIVERED"}


# seconds after the report at which the call began that is open when it is tried again -> who has got it
CALLED_AFTER_S: dict[int, dict[str, str]] = {30: {}, 120: {FIRST: "DELIVERED"}}


@pytest.mark.parametrize(("after_s", "ended"), CALLED_AFTER_S.items(), ids=str)
def test_calls_that_began_after_a_report_do_not_hold_it_up(
    worlds: Worlds, after_s: int, ended: dict[str, str]
) -> None:
    """An account that is always busy, and has a new key, still ends what was sent with the old one."""
    codes: list[str] = []
    world = with_another_behind_main(worlds, codes)
    told: list[dict[str, str]] = []

    def in_its_first_call(batch: Any) -> Any:
        late = DeliveryReceipt(D, vendor_id="id-1", phone=from_vendor(FIRST))
        at(world, "main").receiving.store_reports([late], [], "webhook")
        return [accepted("id-2") for _ in batch.messages]

    def in_a_later_call(batch: Any) -> Any:
        sources = {name: source_of(world.services.channel, name) for name in world.services.channel.accounts}
        world.ledger.receipts.retry_parked(NAME, pushes=True, now=int(world.now * 1000), sources=sources)
        told.append(world.ended())
        return [accepted("id-3") for _ in batch.messages]

    world.vendors["main"].answer = in_its_first_call
    world.send([SECOND], code=codes[0], digest=b"2")
    world.hand_over()
    world.vendors["main"].answer = in_a_later_call
    world.now += after_s
    world.send([SECOND], code=codes[0], digest=b"3")
    world.hand_over()
    assert told == [ended]


def test_a_reply_answers_a_message_of_its_account(worlds: Worlds) -> None:
    """One at another account's number is kept, and has no send."""
    world = called(worlds)
    when = datetime.fromtimestamp(world.now, world.services.channel.channel.timezone)
    for account, text in (("main", "hello"), ("spare", "hi")):
        reply = MoMessage(from_vendor(SECOND), text, at=when)
        at(world, account).receiving.store_reports([], [reply], "webhook")
    with world.ledger.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT content, out_id FROM reply").all()
    assert {row.content: row.out_id for row in rows} == {"hello": "", "hi": "task-1"}


def test_an_opt_out_counts_for_the_channel(worlds: Worlds) -> None:
    """Whoever leaves at one account is left alone by all."""
    world = called(worlds)
    reply = MoMessage(from_vendor(SECOND), "TD", opt_out=True)
    at(world, "spare").receiving.store_reports([], [reply], "webhook")
    assert world.ledger.suppressions.among(NAME, "Acme", ["86" + SECOND])


def test_policies_are_asked_once_for_all_accounts(worlds: Worlds) -> None:
    """The same objects serve every account, and close once."""
    world = two(worlds)
    screens = {id(account.hooks._policies[0]) for account in world.services.channel.accounts.values()}
    assert len(screens) == 1
    closed: list[str] = []
    world.screen.close = lambda: closed.append("screen")  # type: ignore[method-assign]
    world.services.channel.close()
    assert closed == ["screen"]


def test_what_waited_when_the_accounts_changed_is_sent(worlds: Worlds, ledger: Ledger) -> None:
    """Batches that name an account which is gone go to one that there is."""
    world = two(worlds)
    world.send([FIRST])
    world.services.routing.distribute()
    assert ledger.moving.depth(NAME) == {("main", "ready"): 1}
    again = worlds(accounts={"other": {"vendor": "obedient"}, "spare": {"vendor": "obedient"}})
    again.services.channel.accounts["other"].hooks.identity = "main"
    again.now = world.now + 1
    again.hand_over()
    assert again.sent() == [FIRST]
    assert isinstance(again.settings, Settings)


def test_a_single_account_takes_what_several_left(worlds: Worlds) -> None:
    """Whatever account it was for."""
    world = two(worlds)
    world.send([FIRST])
    world.services.routing.distribute()
    alone = worlds()
    alone.hooks.identity = "main"
    alone.now = world.now + 1
    alone.hand_over()
    assert alone.sent() == [FIRST]
