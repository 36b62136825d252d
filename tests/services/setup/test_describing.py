"""Settings for a person's eyes: all of them, and no secret."""

import pytest

from bridge.services.setup.describing import described

from ..conftest import Worlds

SECRETS = {"kkkkkkkkkkkkkkkk", "a-value-from-the-environment"}


def test_no_secret_is_shown(worlds: Worlds) -> None:
    """Neither one that is known as such, nor a text that holds what the environment gave."""
    world = worlds(
        policy_settings={"screen": {}},
        max_pending=5_000_000,
        opt_out_suffix="a-value-from-the-environment: T",
    )
    seen = {one.name: one.value for one in described(world.services.channel, SECRETS)}
    assert not any(secret in value for value in seen.values() for secret in SECRETS)
    assert (seen["key"], seen["opt_out_suffix"], seen["callback_key"]) == ("(set)", "(set)", "(not set)")
    assert seen["platform_name"] == "Acme SMS"
    assert seen["max_pending"] == "5000000"  # no phone number, and not masked as one


@pytest.mark.parametrize(
    ("name", "default"), [("platform_name", False), ("push_batch", True), ("policies", False)]
)
def test_what_is_not_the_default_is_told(worlds: Worlds, name: str, default: bool) -> None:
    """So that a person sees what this bridge does otherwise."""
    seen = {one.name: one.default for one in described(worlds().services.channel, set())}
    assert seen[name] is default


def test_accounts_have_theirs(worlds: Worlds) -> None:
    """Each below its name."""
    world = worlds(
        accounts={
            "main": {"vendor": "obedient", "hook_token": "hook-token-0123456789"},
            "spare": {"vendor": "obedient", "weight": 2},
        }
    )
    seen = {one.name: one.value for one in described(world.services.channel, set())}
    assert (seen["accounts.main.hook_token"], seen["accounts.spare.weight"]) == ("(set)", "2")
    assert "vendor" not in seen
