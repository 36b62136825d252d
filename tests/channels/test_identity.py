"""What makes a vendor account the one it is."""

from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from bridge.channels.identity import identity_of
from bridge.plugin import ConfigurationFault, PluginSettings, Vendor

from .tiny import channel_named


class Sender(BaseModel):
    """A table below the settings."""

    number: str = ""


class Settings(PluginSettings):
    """Settings with a secret, a default, a table and a set."""

    key: SecretStr
    region: str = "cn"
    senders: dict[str, Sender] = {}
    tags: frozenset[str] = frozenset()


def vendor(cls: type[Vendor] = Vendor, **settings: Any) -> Vendor:
    """Return a vendor with these settings."""
    kind = type("Bare", (cls,), {"name": "bare", "settings_model": Settings})
    channel = channel_named("promo", settings=Settings.model_validate({"key": "secret", **settings}))
    made: Vendor = kind(channel)
    return made


class ById(Vendor):
    """Only its key tells it apart."""

    def identity(self) -> list[str]:
        settings = self.channel.settings
        assert isinstance(settings, Settings)
        return [settings.key.get_secret_value()]


class Broken(Vendor):
    """Cannot tell."""

    def identity(self) -> list[str]:
        raise KeyError("sid")


# Settings, whether it is the same account as that of the plain settings: by default, and by id.
ROWS: dict[str, tuple[dict[str, Any], bool, bool]] = {
    "the same": ({}, True, True),
    "another secret": ({"key": "other"}, False, False),
    "another region": ({"region": "us"}, False, True),
    "a sender more": ({"senders": {"a": {"number": "1"}}}, False, True),
    "a set": ({"tags": ["b", "a"]}, False, True),
}


@pytest.mark.parametrize(("settings", "by_default", "by_id"), ROWS.values(), ids=ROWS)
def test_accounts_are_told_apart(settings: dict[str, Any], by_default: bool, by_id: bool) -> None:
    """When in doubt it is another account; a plugin may say what does not matter."""
    assert (identity_of(vendor(**settings)) == identity_of(vendor())) is by_default
    assert (identity_of(vendor(ById, **settings)) == identity_of(vendor(ById))) is by_id


def test_the_digest_shows_no_secret_and_is_stable() -> None:
    """It is kept in the database, and compared by other processes."""
    one = vendor(tags=["a", "b", "c"])
    assert "secret" in one.identity()[0]
    assert identity_of(one) == identity_of(vendor(tags=["c", "b", "a"]))
    assert len(identity_of(one)) == 32 and "secret" not in identity_of(one)


def test_a_vendor_that_cannot_tell_is_a_fault() -> None:
    """Before anything is called."""
    with pytest.raises(ConfigurationFault, match="cannot tell its account apart"):
        identity_of(vendor(Broken))
