"""The rungs that come with the bridge's own plugins were reached by the source as it is."""

import pytest

from bridge.channels import discover
from bridge.testing.commands import rung_of


@pytest.mark.parametrize("name", ["aliyun", "http", "sandbox", "twilio"])
def test_a_built_in_plugin_is_gold(name: str) -> None:
    """After a change the kit must be run again, which writes the record."""
    rung = rung_of(discover().vendors[name])
    assert rung == "gold", f"{name} is {rung}: run sms-bridge plugins verify {name} and commit its rung.json"
