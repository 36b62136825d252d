"""Accounts that are not what they seem: taken out while something is open, or one under two names."""

from typing import NamedTuple

import pytest

from bridge.plugin import BridgeError, DeliveryReceipt, MessageStatus, OutcomeUnknown, unknown
from bridge.services.desk.unknowns import UnknownOutcomes
from bridge.services.setup.checking import left_behind, same_accounts

from ..conftest import Worlds
from ..two_accounts import PHONES, raising, two
from ..world import World

_LOST = OutcomeUnknown("no answer")


def left(first: World, worlds: Worlds, *names: str) -> World:
    """Return the same ledger under accounts of these names."""
    world = two(worlds, accounts={name: {"vendor": "obedient"} for name in names})
    world.now = first.now
    return world


class Row(NamedTuple):
    """What the account answered, which accounts there are then, and what `check` says of how many."""

    error: BridgeError | None
    names: tuple[str, ...]
    said: tuple[str, ...]
    reported: int = 0


ROWS = {
    "nothing is known of what it was given": Row(_LOST, ("other", "spare"), ("The outcome of 2 messages",)),
    "it took them and has not reported": Row(None, ("other", "spare"), ("2 messages have no receipt yet",)),
    "it reported one": Row(None, ("other", "spare"), ("1 messages have no receipt yet",), 1),
    "it reported both": Row(None, ("other", "spare"), (), 2),
    "another is gone": Row(None, ("main", "other"), ()),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_check_tells_what_waits_for_it(worlds: Worlds, row: Row) -> None:
    """Unknown outcomes that nobody can be asked about, and receipts that have no address any more."""
    first = two(worlds)
    main = first.vendors["main"]
    if row.error is not None:
        main.answer = raising(row.error)
    first.send(PHONES)
    first.hand_over()
    for message in [one for batch in main.batches for one in batch.messages][: row.reported]:
        report = DeliveryReceipt(MessageStatus.DELIVERED, message.ref)
        first.services.at["main"].receiving.store_reports([report], [], "webhook")
    world = left(first, worlds, *row.names)
    found = [fault.problem for fault in left_behind(world.services.channel, world.ledger)]
    assert len(found) == len(row.said)
    assert all(problem.startswith(said) for problem, said in zip(found, row.said, strict=True)), found


# The accounts there are then, with their identities -> can what became of main's messages be asked for?
ASKED = {
    "there": ({"main": "main", "spare": "spare"}, True),
    "renamed": ({"first": "main", "spare": "spare"}, True),
    "gone": ({"other": "other", "spare": "spare"}, False),
    "another behind its name": ({"main": "new key", "spare": "spare"}, False),
}


@pytest.mark.parametrize(("identities", "askable"), ASKED.values(), ids=ASKED)
def test_nobody_is_said_to_be_asked_who_is_not_there(
    worlds: Worlds, identities: dict[str, str], askable: bool
) -> None:
    """The list says so once it was tried, by what the accounts are and not by their names."""
    first = two(worlds)
    first.vendors["main"].answer = raising(_LOST)
    first.send(PHONES)
    first.hand_over()
    world = left(first, worlds, *identities)
    for name, account in world.services.channel.accounts.items():
        account.hooks.identity = identities[name]
        world.vendors[name].look_up = lambda batch: [unknown("Ask later.") for _ in batch.messages]
    desk = UnknownOutcomes(world.settings, world.ledger, lambda: world.now)
    [one] = desk.list(None, limit=5)
    assert (one.messages, one.next_look is not None) == (2, True)
    assert world.services.settling.ask("me").not_asked == (0 if askable else 2)
    [one] = desk.list(None, limit=5)
    assert (one.messages, one.next_look is not None) == (2, askable)


@pytest.mark.parametrize(("identity", "count"), [("spare", 0), ("main", 1)], ids=["another", "the same"])
def test_one_vendor_account_under_two_names_is_cautioned(worlds: Worlds, identity: str, count: int) -> None:
    """It cannot stand in for itself."""
    channel = two(worlds).services.channel
    channel.accounts["spare"].hooks.identity = identity
    found = list(same_accounts(channel))
    assert [fault.path for fault in found] == ["channels.promo.accounts.spare"][:count]
