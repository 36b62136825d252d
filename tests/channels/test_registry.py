"""From settings to open channels: every fault of every channel at once."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from bridge.channels import Catalogue, discover, open_channels
from bridge.logs import masked
from bridge.plugin import (
    Acknowledgement,
    Channel,
    ConfigurationFault,
    History,
    PluginSettings,
    Policy,
    WebhookResult,
    hookimpl,
)
from bridge.settings import BridgeSettings, ChannelSettings, Settings, SettingsFaults

from .tiny import NoHistory, Tiny


class KeyedSettings(PluginSettings):
    api_key: SecretStr
    region: str = "cn"


class Keyed(Tiny):
    name = "keyed"
    settings_model = KeyedSettings


class Hooked(Tiny):
    name = "hooked"

    @hookimpl
    def parse_webhook(self) -> WebhookResult:
        return WebhookResult(acknowledgement=Acknowledgement())


class Picky(Tiny):
    name = "picky"

    def __init__(self, channel: Channel) -> None:
        raise ConfigurationFault("A sender and a service exclude each other.")


class Crashing(Tiny):
    name = "crashing"

    def __init__(self, channel: Channel) -> None:
        raise RuntimeError("dial +14155552671")


class Mute(Tiny):
    name = "mute"

    def withheld(self) -> set[str]:
        return {"send_batch"}


class Misspelt(Tiny):
    name = "misspelt"

    @hookimpl
    def query_sing(self) -> None: ...


class Undecided(Tiny):
    name = "undecided"

    def withheld(self) -> set[str]:
        raise RuntimeError("dial +14155552671")


class CapSettings(PluginSettings):
    most: int


class Cap(Policy):
    name = "cap"
    settings_model = CapSettings


@pytest.fixture
def catalogue(install: Callable[..., EntryPoint]) -> Catalogue:
    vendors = [Tiny, Keyed, Hooked, Picky, Crashing, Mute, Misspelt, Undecided]
    return discover([install("all", vendors=vendors, policies=[Cap]), install("broken")])


def no_records(name: str) -> History:
    return NoHistory()


def channel(**values: Any) -> ChannelSettings:
    return ChannelSettings(**{"platform_name": "Acme", "key": "k", "vendor": "tiny", **values})


def settings(**channels: ChannelSettings) -> Settings:
    bridge = BridgeSettings(public_url="https://sms.example.com")
    return Settings(bridge=bridge, channels=channels)


def test_an_open_channel_shows_its_vendor_what_it_may_see(catalogue: Catalogue) -> None:
    """Validated settings, the public address of its webhooks, the zone and its own records."""
    asked: list[str] = []

    def records_for(name: str) -> NoHistory:
        asked.append(name)
        return NoHistory()

    promo = channel(
        vendor="keyed",
        settings={"api_key": "very-secret-key"},
        hook_token="0123456789abcdef",
        policies=("cap",),
        policy_settings={"cap": {"most": 3}},
    )
    tokyo = channel(timezone="Asia/Tokyo")
    opened = open_channels(settings(promo=promo, tokyo=tokyo), catalogue, records_for)
    seen = opened["promo"].channel
    assert isinstance(seen.settings, KeyedSettings)
    assert seen.settings.api_key.get_secret_value() == "very-secret-key"
    assert seen.hook_url == "https://sms.example.com/hooks/promo/0123456789abcdef"
    assert (seen.timezone, opened["tokyo"].channel.timezone) == (
        ZoneInfo("Asia/Shanghai"),
        ZoneInfo("Asia/Tokyo"),
    )
    assert opened["tokyo"].channel.hook_url == ""
    assert asked == ["promo", "tokyo"]
    assert masked("key=very-secret-key") == "key=[hidden]"


ROWS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"vendor": "tinny"}, [("vendor", "offers the vendor tinny. Did you mean tiny?")]),
    ({"vendor": "zzz"}, [("vendor", "Installed: crashing, hooked, keyed")]),
    ({"vendor": "zzz"}, [("vendor", "Plugins with a problem: broken: It registers neither")]),
    ({"policies": ("zzz",)}, [("policies", "offers the policy zzz. Installed: cap.")]),
    (
        {"vendor": "keyed", "settings": {"regoin": "x"}},
        [("settings.api_key", "missing"), ("settings.regoin", "Did you mean region?")],
    ),
    ({"settings": {"x": 1}}, [("settings.x", "There is no such setting. Remove it.")]),
    (
        {"policies": ("cap",), "policy_settings": {"cap": {"most": "many"}}},
        [("policy_settings.cap.most", "valid integer")],
    ),
    ({"policies": ("cap",)}, [("policy_settings.cap.most", "missing")]),
    ({"vendor": "picky"}, [("settings", "A sender and a service exclude each other. See the README")]),
    ({"vendor": "crashing"}, [("settings", "RuntimeError: dial +14*******71")]),
    ({"vendor": "mute"}, [("", "The vendor mute can send nothing.")]),
    ({"vendor": "misspelt"}, [("", "breaks the rules: unknown hook 'query_sing'")]),
    ({"vendor": "undecided"}, [("settings", "RuntimeError: dial +14*******71")]),
    ({"vendor": "hooked"}, [("hook_token", "their address has no token")]),
    ({"vendor": "zzz", "policies": ("zzz",)}, [("vendor", "zzz"), ("policies", "zzz")]),
]


@pytest.mark.parametrize(("values", "expected"), ROWS)
def test_faults_name_their_path_and_the_remedy(
    catalogue: Catalogue, values: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Each fault stands at the setting that must change."""
    with pytest.raises(SettingsFaults) as caught:
        open_channels(settings(promo=channel(**values)), catalogue, no_records)
    faults = caught.value.faults
    assert [fault.path for fault in faults] == [f"channels.promo.{path}".rstrip(".") for path, _ in expected]
    for fault, (_, text) in zip(faults, expected, strict=True):
        assert text in str(fault)


def test_all_channels_are_checked_and_the_sound_ones_closed(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One pass reports both broken channels; what was opened meanwhile is closed."""
    closed: list[str] = []
    monkeypatch.setattr(Tiny, "close", lambda self: closed.append(self.channel.name))
    channels = {"a": channel(vendor="x"), "b": channel(), "c": channel(vendor="picky")}
    with pytest.raises(SettingsFaults) as caught:
        open_channels(settings(**channels), catalogue, no_records)
    assert [fault.path for fault in caught.value.faults] == ["channels.a.vendor", "channels.c.settings"]
    assert closed == ["b"]


def accounts(**of: dict[str, Any]) -> ChannelSettings:
    return ChannelSettings.model_validate({"platform_name": "Acme", "key": "k", "accounts": of})


ACCOUNT_ROWS: list[tuple[dict[str, Any], str, str]] = [
    ({"vendor": "tinny"}, "accounts.spare.vendor", "Did you mean tiny?"),
    ({"vendor": "keyed"}, "accounts.spare.settings.api_key", "missing"),
    ({"vendor": "picky"}, "accounts.spare.settings", "A sender and a service exclude each other."),
    ({"vendor": "hooked"}, "accounts.spare.hook_token", "their address has no token"),
    ({"vendor": "mute"}, "accounts.spare", "The vendor mute can send nothing."),
]


@pytest.mark.parametrize(("values", "path", "text"), ACCOUNT_ROWS)
def test_a_fault_of_an_account_names_it(
    catalogue: Catalogue, values: dict[str, Any], path: str, text: str
) -> None:
    """Beside a sound one."""
    with pytest.raises(SettingsFaults) as caught:
        open_channels(settings(promo=accounts(main={"vendor": "tiny"}, spare=values)), catalogue, no_records)
    (fault,) = caught.value.faults
    assert (fault.path, text in str(fault)) == (f"channels.promo.{path}", True)


def test_each_account_has_its_vendor_and_its_webhook(catalogue: Catalogue) -> None:
    """The first one is the channel's primary; records of rates are each one's own."""
    token = {"main": "0123456789abcdef", "spare": "fedcba9876543210"}
    made = accounts(**{name: {"vendor": "hooked", "hook_token": token[name]} for name in token})
    opened = open_channels(settings(promo=made), catalogue, no_records)["promo"]
    assert {name: one.channel.hook_url for name, one in opened.accounts.items()} == {
        name: f"https://sms.example.com/hooks/promo/{text}" for name, text in token.items()
    }
    assert opened.several
    assert opened.primary.name == "main"
    assert opened.hooks is opened.accounts["main"].hooks is not opened.accounts["spare"].hooks
    assert opened.called("") is opened.primary
    assert opened.called("gone") is None
