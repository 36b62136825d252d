"""What `routes explain` says of each account."""

from typing import Any

import pytest

from bridge.ledger import AccountKey
from bridge.plugin import ReviewStatus
from bridge.services.desk.explaining import Explaining
from bridge.services.desk.operating import OperatorRefused

from .conftest import Worlds
from .test_failover import two
from .test_filings import reviewed
from .world import NAME, World

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
