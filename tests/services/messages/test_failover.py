"""The rule of failover, a row for each class of outcome; and that each row is noticed when it changes."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from bridge.ledger import AccountKey
from bridge.plugin import (
    BridgeError,
    ConfigurationRefused,
    CredentialsRejected,
    HeldUntil,
    NotAccepted,
    OptedOut,
    Outcome,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
    VendorUnavailable,
    VendorUnreachable,
    accepted,
    not_sent,
)
from bridge.plugin.status import AFTER_CALL
from bridge.services.desk.operating import Operating
from bridge.services.messages import failover
from bridge.services.messages.failover import Then

from ..conftest import Worlds
from ..two_accounts import PHONES, numbers_of, raising, sent, soon, two
from ..world import NAME, World


class Row(NamedTuple):
    """What the first account says, and how many seconds later the other has the messages; None for never.

    `final`: they have come to their end meanwhile.
    """

    error: BridgeError
    after: float | None
    final: bool = False


NIGHT = datetime.fromtimestamp(1_795_400_000 + 40_000, UTC)
RULE: dict[str, Row] = {
    "refused before a byte left": Row(VendorUnreachable("refused"), 0),
    "throttled": Row(VendorThrottled("slower", retry_after=3600), 10),
    "unavailable, as documented": Row(VendorUnavailable("busy", retry_after=3600), 10),
    "held until the morning": Row(HeldUntil("night", until=NIGHT), 10),
    "not accepted, whatever the reason": Row(NotAccepted("no", retry_after=3600), 10),
    "credentials refused": Row(CredentialsRejected("no such key"), 0),
    "template not approved there": Row(ConfigurationRefused("no such template"), 0),
    "the number is bad": Row(VendorRejected("bad number"), None, final=True),
    "the recipient opted out": Row(OptedOut("stop"), None, final=True),
    "unknown": Row(OutcomeUnknown("no answer"), None),
}


def test_every_outcome_has_its_place() -> None:
    """A new one is decided about before it can be returned."""
    assert failover.BY_OUTCOME.keys() == set(Outcome)
    assert AFTER_CALL.keys() == set(Outcome) - {Outcome.NOT_SENT}


@pytest.mark.parametrize("row", RULE.values(), ids=RULE)
def test_the_rule(worlds: Worlds, row: Row) -> None:
    """The other account gets the messages when it may, once, and under other references."""
    world = two(worlds)
    play(world, row)


def play(world: World, row: Row) -> None:
    """Send, let the first account answer, and look at the other."""
    main, spare = world.vendors.values()
    main.answer = raising(row.error)
    world.send(PHONES)
    world.hand_over()
    if row.after:
        soon(world, row.after - 2)
        assert not spare.batches, "it went too early"
        soon(world, 4)
    else:
        soon(world, 2)
    called = [message for batch in spare.batches for message in batch.messages]
    assert sorted(message.phone.raw for message in called) == (PHONES if row.after is not None else [])
    ours = {message.ref for batch in main.batches for message in batch.messages}
    assert ours and ours.isdisjoint(message.ref for message in called)
    assert {batch.ref for batch in main.batches}.isdisjoint(batch.ref for batch in spare.batches)
    soon(world, 100)
    assert sent(world)["spare"] == len(called), "sent twice"
    assert bool(world.ended()) is row.final
    assert (world.ledger.accounts.of(NAME)["main"].pauses > 0) is isinstance(row.error, CredentialsRejected)


# each row of the rule, and what it must not say: the table above notices it
FLIPS: list[tuple[str, Any, Then]] = [
    *(
        ("BY_ERROR", kind, other)
        for kind, what in failover.BY_ERROR.items()
        for other in Then
        if other is not what and {other, what} != {Then.PROOF, Then.FINAL}
    ),
    ("BY_OUTCOME", Outcome.UNKNOWN, Then.ANOTHER),
]
ROWS_OF: dict[Any, list[str]] = {
    VendorUnreachable: ["refused before a byte left"],
    CredentialsRejected: ["credentials refused"],
    ConfigurationRefused: ["template not approved there"],
    NotAccepted: ["throttled"],
}


def test_every_class_has_a_row() -> None:
    """A class that is added needs one."""
    assert set(ROWS_OF) == set(failover.BY_ERROR)
    assert set(failover.BY_OUTCOME) == set(Outcome)


EQUAL = {
    (CredentialsRejected, Then.WAIT),
    (CredentialsRejected, Then.FINAL),
    (CredentialsRejected, Then.PROOF),
}
"""The account pauses, and what waits for a paused account goes to another anyway."""
AS_GOOD = {Then.ANOTHER: {Then.ELIGIBLE}, Then.ELIGIBLE: {Then.ANOTHER}}
"""To these two belongs the same first move; they differ only in that the account may be tried again."""


@pytest.mark.parametrize(("table", "kind", "wrong"), FLIPS)
def test_a_row_that_says_otherwise_is_noticed(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, table: str, kind: Any, wrong: Then
) -> None:
    """The table test fails with each row of the rule flipped."""
    if table == "BY_OUTCOME":
        assert failover.then(failover_result()) is Then.PROOF
        return
    right = failover.BY_ERROR[kind]
    if (kind, wrong) in EQUAL or wrong in AS_GOOD.get(right, ()):
        pytest.skip("the first move is the same")
    monkeypatch.setattr(failover, "BY_ERROR", {**failover.BY_ERROR, kind: wrong})
    with pytest.raises(AssertionError):
        play(two(worlds), RULE[ROWS_OF[kind][0]])


def failover_result() -> Any:
    """Return a result of unknown outcome."""
    from bridge.plugin import unknown

    return unknown("no answer")


def test_an_unknown_outcome_waits_for_proof_at_the_account_that_was_called(worlds: Worlds) -> None:
    """When its look-up shows the messages absent they go to whichever account works."""
    world = two(worlds, cold=True, reconcile_after_s=2)
    main, spare = world.vendors.values()
    main.answer = raising(OutcomeUnknown("no answer"))
    main.look_up = lambda batch: [not_sent(NotAccepted("absent")) for _ in batch.messages]
    spare.look_up = main.look_up
    for number in range(3):
        world.send([f"1380000000{number}"], digest=b"%d" % number)
        world.hand_over()
    assert sent(world) == {"main": 3, "spare": 0}
    world.now += 3
    while world.settle():
        pass
    assert len(main.looked_up) == 3 and not spare.looked_up
    world.hand_over()
    assert sent(world) == {"main": 3, "spare": 3}


def test_a_lookup_of_another_account_proves_nothing(worlds: Worlds) -> None:
    """The account that was called is gone: its outcomes are left to receipts and the deadline."""
    world = two(worlds, reconcile_after_s=5)
    main, spare = world.vendors.values()
    main.answer = raising(OutcomeUnknown("no answer"))
    world.send(PHONES)
    world.hand_over()
    world.services.channel.accounts["main"].hooks.identity = "changed"
    world.now += 60
    while world.settle():
        pass
    assert not main.looked_up and not spare.looked_up
    assert world.ledger.gauges() == {(NAME, "unknown"): 2}
    moving = world.ledger.moving
    assert (moving.left_behind(NAME, ["main"]), moving.left_behind(NAME, ["changed", "spare"])) == (0, 2)


def test_what_waits_for_an_account_whose_breaker_opens_goes_to_the_other(worlds: Worlds) -> None:
    """The campaign goes on at once; a few messages are in doubt, none is sent twice, and it stays there."""
    world = two(worlds, cold=True)
    main, spare = world.vendors.values()
    main.answer = raising(OutcomeUnknown("HTTP 503"))
    phones = [f"138{number:08d}" for number in range(3000)]
    world.send(phones, params=[{"name": "n"}] * len(phones))
    for _ in range(10):
        world.hand_over()
        world.now += 0.5
    in_doubt = sent(world)["main"]
    assert 3 <= in_doubt <= 200
    assert sent(world)["spare"] == len(phones) - in_doubt
    numbers = [
        message.phone.raw
        for vendor in (main, spare)
        for batch in vendor.batches
        for message in batch.messages
    ]
    assert sorted(numbers) == phones
    main.answer = lambda batch: [accepted() for _ in batch.messages]
    world.now += 400
    world.send(["13900000000"], digest=b"later")
    world.hand_over()
    assert sent(world)["main"] == in_doubt + 1


def test_a_batch_is_cut_again_for_the_account_that_takes_it(worlds: Worlds) -> None:
    """The other takes ten at a time."""
    world = two(worlds)
    main, spare = world.vendors.values()
    spare.size = 10
    main.answer = raising(VendorUnreachable("refused"))
    world.send([f"138000000{number:02d}" for number in range(45)])
    soon(world, 3)
    assert sorted(len(batch.messages) for batch in spare.batches) == [5, 10, 10, 10, 10]


def test_a_rate_that_is_used_up_for_too_long_lets_messages_go(worlds: Worlds) -> None:
    """Not before the time is over."""
    limited = {"vendor": "obedient", "rate_per_s": 1}
    world = two(worlds, accounts={"main": limited, "spare": {"vendor": "obedient"}})
    main, _ = world.vendors.values()
    main.size = 1
    world.send([f"138000000{number:02d}" for number in range(30)])
    for _ in range(9):
        world.hand_over()
        world.now += 1
    assert sent(world)["spare"] == 0 and sent(world)["main"] >= 8
    soon(world, 4)
    assert sent(world).total() == 30  # type: ignore[attr-defined]


ROUTES = [{"country": ["US"], "accounts": ["spare"]}, {"prefix": ["139"], "accounts": ["spare", "main"]}]


def test_numbers_go_by_their_routes(worlds: Worlds) -> None:
    """The first route that fits decides; where none does, the first account takes them."""
    world = two(worlds, routes=ROUTES)
    world.send(["13800000001", "13900000001"], digest=b"1")
    world.send(["14155552671", "8613800000002"], code=world.template("Hi", 3), params=[], digest=b"2")
    soon(world, 2)
    numbers = {name: sorted(numbers_of(vendor)) for name, vendor in world.vendors.items()}
    assert numbers == {
        "main": ["13800000001", "13900000001", "8613800000002"],
        "spare": ["14155552671"],
    }


def test_what_only_one_account_may_take_waits_for_it(worlds: Worlds) -> None:
    """It does not hold up what others may take."""
    world = two(worlds, routes=[{"country": ["US"], "accounts": ["spare"]}, {"accounts": ["main"]}])
    _, spare = world.vendors.values()
    spare.answer = raising(CredentialsRejected("no such key"))
    code = world.template("Hi", 3)
    world.send(["14155552671"], code=code, params=[], digest=b"1")
    soon(world, 2)
    world.send(["8613800000002"], code=code, params=[], digest=b"2")
    soon(world, 2)
    assert sent(world) == {"main": 1, "spare": 1}
    spare.answer = lambda batch: [accepted() for _ in batch.messages]
    Operating(world.settings, world.ledger, lambda: world.now).resume(NAME)
    world.now += 400
    world.hand_over()
    assert sent(world) == {"main": 1, "spare": 2}


def test_weights_share_sends_and_a_send_stays_whole(worlds: Worlds) -> None:
    """Three of four go to the first account."""
    accounts = {"main": {"vendor": "obedient", "weight": 75}, "spare": {"vendor": "obedient", "weight": 25}}
    world = two(worlds, accounts=accounts, route="weighted")
    code = world.template()
    for vendor in world.vendors.values():
        vendor.size = 1
    for number in range(60):
        world.send([f"13800{number:03d}00{seq}" for seq in range(2)], code=code, digest=b"%d" % number)
    soon(world, 3)
    shares = sent(world)
    assert shares["main"] + shares["spare"] == 120
    assert 60 <= shares["main"] <= 115
    sends = [
        {message.phone.raw[:8] for batch in v.batches for message in batch.messages}
        for v in world.vendors.values()
    ]
    assert not sends[0] & sends[1]


def test_a_pause_of_one_account_is_its_own(worlds: Worlds) -> None:
    """The channel goes on, and the account is tried with one batch when the pause is over."""
    world = two(worlds)
    code, key = world.template(), AccountKey(NAME, "main")
    now = int(world.now * 1000)
    world.ledger.accounts.pause(key, "no key", now=now, base_ms=60_000, longest_ms=60_000)
    world.send(PHONES, code=code)
    soon(world, 2)
    assert sent(world) == {"main": 0, "spare": 2}
    world.now += 60
    world.send(PHONES, code=code, digest=b"later")
    soon(world, 2)
    assert sent(world) == {"main": 2, "spare": 2}
    assert not world.ledger.accounts.of(NAME)["main"].pauses
