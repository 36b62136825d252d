"""What `routes explain` says of each account."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bridge.ledger import AccountKey
from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    OutcomeUnknown,
    ReviewStatus,
    VendorThrottled,
)
from bridge.services.desk.explaining import Explaining
from bridge.services.desk.operating import OperatorRefused

from ..conftest import Worlds
from ..reviews.test_filings import reviewed
from ..two_accounts import numbers_of, raising, two
from ..world import NAME, World

A, R = ReviewStatus.APPROVED, ReviewStatus.REJECTED
WEIGHTED = {
    "accounts": {"main": {"vendor": "obedient", "weight": 75}, "spare": {"vendor": "obedient", "weight": 25}},
    "route": "weighted",
}

# the channel, what happened, the number -> what is said of each account, in the order in which they are asked
ROWS: dict[str, tuple[dict[str, Any], str, dict[str, str]]] = {
    "both work": ({}, "", {"main": "takes it", "spare": "takes it if main does not"}),
    "the first is paused": ({}, "paused", {"main": "It is paused: no key", "spare": "takes it"}),
    "the channel is paused": (
        {},
        "stopped",
        {"main": "The channel is paused: a break", "spare": "The channel is paused: a break"},
    ),
    "the other has not approved it": (
        {},
        "rejected",
        {"main": "takes it", "spare": "The template is rejected there. spare's"},
    ),
    "a route leads elsewhere": (
        {"routes": [{"prefix": ["138"], "accounts": ["spare"]}]},
        "",
        {"spare": "takes it", "main": "No route leads this message to it."},
    ),
    "shared by weight": (
        WEIGHTED,
        "",
        {"main": "takes it with 75 of 100 sends", "spare": "takes it with 25 of 100 sends"},
    ),
}


def explained(world: World, number: str, code: str) -> dict[str, str]:
    """Return the verdicts."""
    desk = Explaining(world.services.channel, world.ledger, lambda: world.now)
    return {one.account: one.verdict for one in desk.routes(number, code, "Acme")}


@pytest.mark.parametrize(("channel", "happened", "said"), ROWS.values(), ids=ROWS)
def test_each_account_has_its_reason(
    worlds: Worlds, channel: dict[str, Any], happened: str, said: dict[str, str]
) -> None:
    """In words that an operator can act on."""
    world = two(worlds, **channel)
    code = reviewed(world, A, R if happened == "rejected" else A)
    world.services.signs.require("Acme")
    now = int(world.now * 1000)
    if happened == "paused":
        key = AccountKey(NAME, "main")
        world.ledger.accounts.pause(key, "no key", now=now, base_ms=60_000, longest_ms=60_000)
    if happened == "stopped":
        world.ledger.coordination.pause_until_resumed(NAME, "a break")
    found = explained(world, "13800000001", code)
    assert found == said
    assert list(found) == list(said)


FAILED = "no call has worked since it was stopped"
ONE = {"accounts": {"main": {"vendor": "obedient"}}}
LIMITED = {"accounts": {"main": {"vendor": "obedient", "rate_per_s": 1}, "spare": {"vendor": "obedient"}}}
BOTH_LIMITED = {
    "accounts": {name: {"vendor": "obedient", "rate_per_s": 1} for name in ("main", "spare")},
}


def refuses(error: BridgeError, times: int = 1) -> Callable[[World, str], None]:
    """Let the first account refuse some messages."""

    def happen(world: World, code: str) -> None:
        world.vendors["main"].answer = raising(error)
        world.cold = True
        for number in range(times):
            world.send([f"1370000000{number}"], code=code, digest=b"%d" % number)
            world.hand_over()
            world.now += 1
        world.hand_over()  # what may go elsewhere has gone

    return happen


def later(happens: Callable[[World, str], None], seconds: float) -> Callable[[World, str], None]:
    """Let that be some time ago."""

    def happen(world: World, code: str) -> None:
        happens(world, code)
        world.now += seconds

    return happen


def at_once(world: World, code: str) -> None:
    """Use up the rate of each account."""
    rates, coordination = world.services.routing.rates, world.ledger.coordination
    for account in filter(rates.per_second, world.vendors):
        rate = rates.rate(account, int(world.now * 1000))
        world.ledger.write(partial(coordination.take, units=1, **rate))


def is_silent(world: World, code: str) -> None:
    """Let another worker wait for the first account's answers."""
    world.services.routing.rates.note_silent("main", int(world.now * 1000))


def silent_before(world: World, code: str) -> None:
    """Let it have waited in vain until it answered."""
    is_silent(world, code)
    world.now += 6


NO_KEY, SLOWER = CredentialsRejected("no such key"), VendorThrottled("slower", retry_after=30)
LOST = OutcomeUnknown("HTTP 503")
NO_ROOM, NO_ANSWER = "It has no room now: ", "Its calls have no answer yet."
BOTH = {"main": "takes it", "spare": "takes it if main does not"}
# the channel, what a worker was told just now -> what is said of each account, and who gets a message then
FRESH: dict[str, tuple[dict[str, Any], Callable[[World, str], None], dict[str, str], str]] = {
    "no such key": ({}, refuses(NO_KEY), {"main": "It is paused: no such key", "spare": "takes it"}, "spare"),
    "its only account has no key": (ONE, refuses(NO_KEY), {"main": "The channel is paused: no such key"}, ""),
    "the pause is over": (
        {},
        later(refuses(NO_KEY), 61),
        {"main": f"is tried with one batch: {FAILED}", "spare": "takes it"},
        "main",
    ),
    "the breaker opened": (
        {},
        refuses(LOST, 3),
        {"main": "Its calls fail: HTTP 503", "spare": "takes it"},
        "spare",
    ),
    "the breaker is half open": (
        {},
        later(refuses(LOST, 3), 6),
        {"main": f"is tried with one batch: {FAILED}", "spare": "takes it"},
        "main",
    ),
    "the only breaker opened": (ONE, refuses(LOST, 3), {"main": "Its calls fail: HTTP 503"}, ""),
    "the only breaker is half open": (
        ONE,
        later(refuses(LOST, 3), 6),
        {"main": f"takes it, one message at first: {FAILED}"},
        "main",
    ),
    "one lost answer": ({}, refuses(LOST), BOTH, "main"),
    "throttled": (
        {},
        refuses(SLOWER),
        {"main": f"{NO_ROOM}The vendor asked to send slower.", "spare": "takes it"},
        "spare",
    ),
    "throttled a while ago": (
        {},
        later(refuses(SLOWER), 31),
        {"main": "takes it", "spare": "takes it if main does not"},
        "main",
    ),
    "the only one is throttled": (
        ONE,
        refuses(SLOWER),
        {"main": "takes it, later: The vendor asked to send slower."},
        "",
    ),
    "its rate is used up": (
        LIMITED,
        at_once,
        {"main": f"{NO_ROOM}1 messages a second", "spare": "takes it"},
        "spare",
    ),
    "both rates are used up": (
        BOTH_LIMITED,
        at_once,
        {
            "main": "takes it, later: 1 messages a second",
            "spare": "takes it if main does not, later: 1 messages a second",
        },
        "",
    ),
    "its calls hang": ({}, is_silent, {"main": NO_ANSWER, "spare": "takes it"}, "spare"),
    "its calls hung": (
        {},
        silent_before,
        {"main": "takes it", "spare": "takes it if main does not"},
        "main",
    ),
}


@pytest.mark.parametrize(("channel", "happens", "said", "who"), FRESH.values(), ids=FRESH)
def test_what_a_worker_was_told_is_known_at_once(
    worlds: Worlds,
    channel: dict[str, Any],
    happens: Callable[[World, str], None],
    said: dict[str, str],
    who: str,
) -> None:
    """Another process says it, and another worker does it: the message goes where it was said."""
    first = two(worlds, reconcile_after_s=100_000, failover_after_s=100_000, **channel)
    code = first.template()
    first.services.signs.require("Acme")
    first.services.templates.refresh_pending()
    happens(first, code)
    world = two(worlds, reconcile_after_s=100_000, failover_after_s=100_000, **channel)
    world.now, world.cold = first.now, True
    assert explained(world, "13800000001", code) == said
    world.send(["13800000001"], code=code, digest=b"new")
    world.hand_over()
    called = {name for name, vendor in world.vendors.items() if "13800000001" in numbers_of(vendor)}
    assert called == ({who} if who else set())


@pytest.mark.parametrize(
    ("sign", "default", "meant", "verdict"),
    [
        ("", "", "", "takes it if main does not"),
        ("Other", "", "Other", "It was not asked about the signature yet."),
        ("", "Other", "Other", "The signature is rejected there. There is no such signature."),
        ("Acme", "Other", "Acme", "takes it if main does not"),
    ],
)
def test_without_a_signature_none_is_considered(
    worlds: Worlds, sign: str, default: str, meant: str, verdict: str
) -> None:
    """The template's own and the channel's default are one, too."""
    world = two(worlds, default_sign=default)
    code = reviewed(world, A, A)
    world.services.signs.require("Acme")
    desk = Explaining(world.services.channel, world.ledger, lambda: world.now)
    verdicts = {one.account: one.verdict for one in desk.routes("13800000001", code, sign)}
    assert (desk.sign_of(code, sign), verdicts["spare"]) == (meant, verdict)


@pytest.mark.parametrize(
    ("number", "code", "why"),
    [("13800000001", "T404", "has no template T404"), ("42", "", "not an 11-digit mainland mobile number")],
)
def test_what_cannot_be_explained_is_said(worlds: Worlds, number: str, code: str, why: str) -> None:
    """The number itself is not quoted."""
    world = two(worlds)
    with pytest.raises(OperatorRefused, match=why):
        explained(world, number, code or world.template())
