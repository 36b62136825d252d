"""Signatures at each account: one that was approved by another account counts for nothing."""

from dataclasses import replace

import pytest

from bridge.contract.refusal import Refusal
from bridge.plugin import ReviewStatus, VendorUnavailable, VendorUnreachable

from ..conftest import Worlds
from ..two_accounts import numbers_of, raising, soon, two
from ..world import NAME, World
from .test_filings import PHONES, A, P, R, reviewed


def replaced(world: World) -> None:
    """The settings of the first account name another vendor account."""
    world.services.channel.accounts["main"].hooks.identity = "other"
    world.vendors["main"].create_as = "other"
    world.services.signs._hooks.identity = "other"


# what the new primary account says of a signature that the one before had approved -> whether it sends
NEW_SIGN: dict[str, tuple[dict[str, ReviewStatus], bool]] = {
    "approved": ({"Acme": A}, True),
    "pending": ({"Acme": P}, False),
    "rejected": ({"Acme": R}, False),
    "unknown there": ({}, False),
}


@pytest.mark.parametrize("names", [("main",), ("main", "spare")], ids=["one account", "two accounts"])
@pytest.mark.parametrize(("signs", "sends"), NEW_SIGN.values(), ids=NEW_SIGN)
def test_a_signature_counts_at_a_new_primary_when_that_has_answered(
    worlds: Worlds, signs: dict[str, ReviewStatus], sends: bool, names: tuple[str, ...]
) -> None:
    """Neither for what waits nor for what comes does the approval of the account before count."""
    accounts = {name: {"vendor": "obedient"} for name in names}
    world = two(worlds, accounts=accounts, routes=[{"accounts": ["main"]}])
    code, main = world.template(), world.vendors["main"]
    world.send(PHONES[:1], code=code, digest=b"before")
    replaced(world)
    main.signs = {}
    main.review_fails = VendorUnavailable("down")  # so that the template is there, and the signature not yet
    stored = world.ledger.templates.list(NAME)[0]
    world.ledger.templates.save(replace(stored, filed_at="other", vendor_code="other-Spring"))
    soon(world, 3)
    assert not main.batches, "sent under a signature that it was not asked about"
    main.signs = dict(signs)
    world.services.templates.refresh_pending()
    try:
        world.send(PHONES[1:], code=code, digest=b"after")
    except Refusal as refusal:
        assert refusal.code in ("SIGN_NOT_APPROVED", "SIGN_NOT_FOUND")
        assert not sends
    soon(world, 100)
    assert sorted(numbers_of(main)) == (PHONES if sends else [])
    if not sends:
        main.signs = {"Acme": A}
        for _ in range(2):
            world.now += 100
            world.services.templates.refresh_pending()
        soon(world, 100)
        assert numbers_of(main) == PHONES[:1]


def test_a_signature_of_another_account_by_the_name_of_the_spare_counts_for_nothing(worlds: Worlds) -> None:
    """Until the spare that is there now has answered."""
    world = two(worlds)
    code = reviewed(world, A, A)
    spare = world.services.channel.accounts["spare"]
    spare.hooks.identity = "other"
    world.vendors["spare"].signs = {"Acme": P}
    world.vendors["main"].answer = raising(VendorUnreachable("refused"))
    world.now += 100
    world.services.templates.refresh_pending()
    world.send(PHONES, code=code)
    soon(world, 3)
    assert not world.vendors["spare"].batches
    world.vendors["spare"].signs = {"Acme": A}
    world.now += 100
    world.services.templates.refresh_pending()
    soon(world, 3)
    assert numbers_of(world.vendors["spare"]) == PHONES
