"""What `channels` shows of several accounts: each its own, and what belongs to none of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from bridge.plugin import BridgeError, CredentialsRejected, OutcomeUnknown
from bridge.services.desk.operating import Operating
from bridge.services.desk.overview import Overview, SeenAccount

from ..conftest import Worlds
from ..two_accounts import PHONES, raising, soon, two
from ..world import NAME, World

_LIMITED = {"main": {"vendor": "obedient", "rate_per_s": 1}, "spare": {"vendor": "obedient"}}
_BY_TYPE = [{"type": ["promotion"], "accounts": ["spare"]}, {"accounts": ["main"]}]


def shown(account: SeenAccount) -> tuple[int, int, str, list[tuple[str, int, str]]]:
    """Return what is ready, of unknown outcome, why it is not called, and what is held."""
    held = [(one.reason, one.messages, one.words) for one in account.held]
    return account.ready, account.unknown, account.stop.reason if account.stop else "", held


def pause(world: World, account: str) -> None:
    Operating(world.settings, world.ledger, lambda: world.now).pause(NAME, f"{account} is mended.", account)


def spare_paused(world: World, code: str) -> None:
    pause(world, "spare")
    world.send(PHONES, code=code)
    soon(world, 2)


def all_paused(world: World, code: str) -> None:
    pause(world, "spare")
    pause(world, "main")
    world.send(PHONES, code=code)
    soon(world, 2)


def no_rate_and_a_pause(world: World, code: str) -> None:
    pause(world, "spare")
    world.send(PHONES, code=code)
    soon(world, 1)


def nobody_knows(world: World, code: str) -> None:
    world.vendors["main"].answer = raising(OutcomeUnknown("no answer"))
    world.send(PHONES, code=code)
    world.hand_over()


class Row(NamedTuple):
    """The channel, what happens, which accounts there are then, and what is shown of each."""

    channel: dict[str, Any]
    happens: Callable[[World, str], None]
    names: tuple[str, ...]
    shown: dict[str, tuple[int, int, str, list[tuple[str, int, str]]]]


ROWS = {
    "the account of a route is paused": Row(
        {"routes": _BY_TYPE},
        spare_paused,
        (),
        {
            "main": (0, 0, "", []),
            "spare": (0, 0, "pause", []),
            "": (0, 0, "", [("pause", 2, "spare: spare is mended.")]),
        },
    ),
    "all are paused, each for its own reason": Row(
        {},
        all_paused,
        (),
        {
            "main": (0, 0, "pause", []),
            "spare": (0, 0, "pause", []),
            "": (0, 0, "", [("pause", 2, "main: main is mended. spare: spare is mended.")]),
        },
    ),
    "one is out of rate and the other paused": Row(
        {"accounts": _LIMITED},
        no_rate_and_a_pause,
        (),
        {"main": (0, 0, "rate", [("rate", 1, "1 messages a second")]), "spare": (0, 0, "pause", [])},
    ),
    "unknown outcomes of one that is gone": Row(
        {},
        nobody_knows,
        ("other", "spare"),
        {"other": (0, 0, "", []), "spare": (0, 0, "", []), "main": (0, 2, "gone", [])},
    ),
    "of one that is gone, and one is left": Row(
        {}, nobody_knows, ("spare",), {"spare": (0, 0, "", []), "main": (0, 2, "gone", [])}
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_account_shows_its_own(worlds: Worlds, row: Row) -> None:
    """Nothing is hidden, and nothing stands at another account than its own."""
    world = two(worlds, **row.channel)
    row.happens(world, world.template(type_=2))
    if row.names:
        now, world = world.now, two(worlds, accounts={name: {"vendor": "obedient"} for name in row.names})
        world.now = now
    [seen] = Overview(world.settings, world.ledger, lambda: world.now).channels()
    assert {one.name: shown(one) for one in seen.accounts} == row.shown


EMPTY, LOST = CredentialsRejected("The balance is empty."), OutcomeUnknown("no answer")
# what the first account says to one send after the other, an hour apart -> the last error that is shown
SAID: dict[str, tuple[list[BridgeError], str]] = {
    "a call that failed": ([LOST], "no answer"),
    "an empty balance after it": ([LOST, EMPTY], "The balance is empty."),
    "a call that failed after that": ([EMPTY, LOST], "no answer"),
}


@pytest.mark.parametrize("names", [("main",), ("main", "spare")], ids=["one account", "two accounts"])
@pytest.mark.parametrize(("errors", "error"), SAID.values(), ids=SAID)
def test_the_last_error_is_the_last(
    worlds: Worlds, errors: list[BridgeError], error: str, names: tuple[str, ...]
) -> None:
    """Show the latest error, if it paused the account or not."""
    accounts = {name: {"vendor": "obedient"} for name in names}
    world = two(worlds, accounts=accounts, routes=[{"accounts": ["main"]}], cold=True)
    code = world.template()
    for number, raised in enumerate(errors):
        world.now += 3600
        world.vendors["main"].answer = raising(raised)
        world.send([f"1380000000{number}"], code=code, digest=b"%d" % number)
        soon(world, 1)
    [seen] = Overview(world.settings, world.ledger, lambda: world.now).channels()
    assert seen.accounts[0].error.startswith(error)
