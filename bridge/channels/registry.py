"""From settings to channels that can be called: each gets its vendor, its policies and its hooks."""

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pluggy
from pydantic import ValidationError

from bridge import logs
from bridge.plugin import BridgeError, Channel, PluginSettings, Policy, Records, Vendor
from bridge.settings import (
    BridgeSettings,
    ChannelSettings,
    Fault,
    Settings,
    SettingsFaults,
    dotted,
    faults_of,
    secrets_of,
)

from .catalogue import Catalogue
from .dispatch import Dispatch

Plugged = TypeVar("Plugged", Vendor, Policy)


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """A channel ready for use: `channel` is what its vendor sees, `hooks` the way to call it."""

    name: str
    settings: ChannelSettings
    channel: Channel
    hooks: Dispatch


def open_channels(
    settings: Settings, catalogue: Catalogue, records_for: Callable[[str], Records]
) -> dict[str, OpenChannel]:
    """Build every channel's vendor and policies; call it after a fork, once per process.

    Raises SettingsFaults with every fault of every channel. The secrets of all plugins' settings are hidden
    from the logs.
    """
    opened: dict[str, OpenChannel] = {}
    faults: list[Fault] = []
    for name, channel in settings.channels.items():
        opening = _Opening(name, channel, settings.bridge, catalogue, faults)
        found = opening.open(records_for(name))
        if found is not None:
            opened[name] = found
    if faults:
        close_channels(opened)
        raise SettingsFaults(faults)
    return opened


def close_channels(channels: Mapping[str, OpenChannel]) -> None:
    """Let every plugin give up its connections."""
    for channel in channels.values():
        channel.hooks.close()


class _Opening:
    """The opening of one channel; what is wrong goes to `faults`."""

    def __init__(
        self,
        name: str,
        settings: ChannelSettings,
        bridge: BridgeSettings,
        catalogue: Catalogue,
        faults: list[Fault],
    ) -> None:
        self._name = name
        self._settings = settings
        self._bridge = bridge
        self._catalogue = catalogue
        self._faults = faults
        self._path = dotted("channels", name)

    def open(self, records: Records) -> OpenChannel | None:
        """The channel, or None when there were faults."""
        before = len(self._faults)
        channel = Channel(
            name=self._name,
            platform_name=self._settings.platform_name,
            settings=PluginSettings(),
            records=records,
            hook_url=self._hook_url(),
            timezone=self._settings.timezone or self._bridge.timezone,
            allow_private=self._settings.allow_private,
        )
        vendor = self._vendor(channel)
        policies = [self._policy(name, channel) for name in self._settings.policies]
        if vendor is None or len(self._faults) > before:
            return None
        hooks = self._hooks(vendor, [policy for policy in policies if policy is not None])
        return OpenChannel(self._name, self._settings, vendor.channel, hooks) if hooks else None

    def _hook_url(self) -> str:
        token = self._settings.hook_token.get_secret_value()
        if not self._bridge.public_url or not token:
            return ""
        return f"{self._bridge.public_url}/hooks/{self._name}/{token}"

    def _vendor(self, channel: Channel) -> Vendor | None:
        kind = self._catalogue.vendors.get(self._settings.vendor)
        if kind is None:
            self._missing("vendor", self._settings.vendor, f"{self._path}.vendor", self._catalogue.vendors)
            return None
        return self._built(kind, channel, self._settings.settings, f"{self._path}.settings")

    def _policy(self, name: str, channel: Channel) -> Policy | None:
        kind = self._catalogue.policies.get(name)
        if kind is None:
            self._missing("policy", name, f"{self._path}.policies", self._catalogue.policies)
            return None
        values = self._settings.policy_settings.get(name, {})
        return self._built(kind, channel, values, dotted(name, under=f"{self._path}.policy_settings"))

    def _built(
        self, kind: type[Plugged], channel: Channel, values: Mapping[str, Any], path: str
    ) -> Plugged | None:
        try:
            settings = kind.settings_model.model_validate(dict(values))
        except ValidationError as error:
            self._faults += faults_of(error, path, kind.settings_model)
            return None
        logs.hide(secrets_of(settings))
        try:
            return kind(replace(channel, settings=settings))
        except BridgeError as error:
            self._faults.append(Fault(path, error.reason, f"See the README of {kind.name}."))
        except Exception as error:  # noqa: BLE001 - a stranger's constructor may fail in any way
            self._faults.append(_failed(kind.name, path, error))
        return None

    def _hooks(self, vendor: Vendor, policies: list[Policy]) -> Dispatch | None:
        try:
            hooks = Dispatch(vendor, policies)
        except BridgeError as error:
            self._faults.append(Fault(self._path, error.reason, "Use another release of the plugin."))
            return None
        except pluggy.PluginValidationError as error:
            problem = f"A plugin of this channel breaks the rules: {logs.masked(str(error))}."
            self._faults.append(Fault(self._path, problem, "Use another release of the plugin."))
            return None
        except Exception as error:  # noqa: BLE001 - `withheld` is a stranger's code, too
            self._faults.append(_failed(vendor.name, f"{self._path}.settings", error))
            return None
        self._check_webhook(hooks)
        return hooks

    def _check_webhook(self, hooks: Dispatch) -> None:
        token = self._settings.hook_token.get_secret_value()
        if hooks.supports("parse_webhook") and self._bridge.public_url and not token:
            problem = f"The vendor {self._settings.vendor} calls webhooks, and their address has no token."
            advice = "Set 16 or more random letters and digits, best from the environment."
            self._faults.append(Fault(f"{self._path}.hook_token", problem, advice))

    def _missing(self, what: str, name: str, path: str, known: Collection[str]) -> None:
        close = difflib.get_close_matches(name, known, n=1)
        broken = "; ".join(f"{entry}: {problem}" for entry, problem in self._catalogue.problems)
        advice = f"Did you mean {close[0]}?" if close else f"Installed: {', '.join(sorted(known)) or 'none'}."
        if broken:
            advice += f" Plugins with a problem: {logs.masked(broken)}"
        self._faults.append(Fault(path, f"No installed plugin offers the {what} {name}.", advice))


def _failed(name: str, path: str, error: Exception) -> Fault:
    text = logs.masked(f"{type(error).__name__}: {error}")
    return Fault(path, f"The plugin {name} could not be set up ({text}).", "Ask the plugin's author.")
