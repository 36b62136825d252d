"""An approval counts at the vendor account that gave it, whatever accounts are called."""

import pytest
from sqlalchemy import update

from bridge.contract.refusal import Refusal
from bridge.ledger.database import tables
from bridge.plugin import ReviewStatus

from ..conftest import Worlds
from ..two_accounts import PHONES, two
from .test_filings import A, P, R, reviewed

# approval, the reviews at both accounts, which of them becomes another -> what Quick Audience sees at once
CHANGED: list[tuple[str, ReviewStatus, ReviewStatus, str, ReviewStatus]] = [
    ("any", P, A, "", A),
    ("any", P, A, "main", A),
    ("any", P, A, "spare", P),
    ("any", A, P, "main", P),
    ("any", R, A, "spare", P),
    ("all", A, A, "", A),
    ("all", A, A, "main", P),
    ("all", A, A, "spare", P),
    ("all", A, R, "spare", P),
]


@pytest.mark.parametrize(("approval", "main", "spare", "changed", "status"), CHANGED)
def test_an_approval_counts_at_the_account_that_gave_it(
    worlds: Worlds, approval: str, main: ReviewStatus, spare: ReviewStatus, changed: str, status: ReviewStatus
) -> None:
    """An account whose settings name another one has reviewed nothing, also before any duty has looked."""
    world = two(worlds, approval=approval)
    code = reviewed(world, main, spare)
    if changed:
        world.services.channel.accounts[changed].hooks.identity = "another"
    assert world.services.templates.query_text(code).status is status
    if status is A:
        world.send(PHONES, code=code)
    else:
        with pytest.raises(Refusal):
            world.send(PHONES, code=code)


def test_an_account_that_was_only_renamed_keeps_its_approval(worlds: Worlds) -> None:
    """It is the same one under whatever name its row has."""
    world = two(worlds, approval="any")
    code = reviewed(world, P, A)
    world.ledger.write(lambda c: c.execute(update(tables.filing).values(account="once")))
    assert world.services.templates.query_text(code).status is A
