"""What was learned of a vendor account is not held against another one of the same name."""

from collections.abc import Callable

import pytest

from bridge.ledger import Account
from bridge.ledger.sending.accounts import save
from bridge.services.desk.operating import Operating

from ..conftest import Worlds
from ..two_accounts import two
from ..world import NAME, World

TERMS = {"base_ms": 3_600_000, "longest_ms": 3_600_000}


def refused(world: World) -> None:
    """The vendor refuses its key."""
    now = int(world.now * 1000)
    if world.services.channel.several:
        key = Account(NAME, "main").key
        world.ledger.accounts.pause(key, "No such key.", now=now, **TERMS)
    else:
        world.ledger.coordination.pause(NAME, "No such key.", now=now, **TERMS)


def fails(world: World) -> None:
    """Its calls fail, and it rests."""
    until = int(world.now * 1000) + 300_000
    world.ledger.write(lambda c: save(c, Account(NAME, "main", opens=7, open_until=until, reason="Down.")))


def by_a_person(world: World) -> None:
    account = "main" if world.services.channel.several else ""
    Operating(world.settings, world.ledger, lambda: world.now).pause(NAME, "Not now.", account)


# why main is not called -> whether it is after a restart, when its settings name another vendor account
ROWS: dict[str, tuple[Callable[[World], None], bool]] = {
    "refused": (refused, True),
    "its calls fail": (fails, True),
    "paused by a person": (by_a_person, False),
}


@pytest.mark.parametrize("names", [("main",), ("main", "spare")], ids=["one account", "two accounts"])
@pytest.mark.parametrize("identity", ["main", "another"])
@pytest.mark.parametrize(("happens", "ends"), ROWS.values(), ids=ROWS)
def test_another_account_of_the_name_begins_anew(
    worlds: Worlds, happens: Callable[[World], None], ends: bool, identity: str, names: tuple[str, ...]
) -> None:
    """The same one goes on as it was; a person's pause is of the name, whoever is behind it."""
    accounts = {name: {"vendor": "obedient"} for name in names}
    first = two(worlds, accounts=accounts)
    assert first.services.renewing.run() == []
    happens(first)
    world = two(worlds, accounts=accounts)
    world.services.channel.accounts["main"].hooks.identity = identity
    assert world.services.renewing.run() == (["main"] if identity == "another" else [])
    assert world.services.renewing.run() == []
    now = int(world.now * 1000)
    account = world.ledger.accounts.of(NAME).get("main", Account(NAME, "main"))
    paused = world.ledger.coordination.channel_state(NAME).paused_until > now
    assert (account.down(now) or paused) == (not ends or identity == "main")
