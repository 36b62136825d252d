"""From settings to channels that can be called: each gets its vendor, its policies and its hooks."""

import difflib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pluggy
from pydantic import ValidationError

from bridge import logs
from bridge.clock import Clock
from bridge.plugin import BridgeError, Channel, History, PluginSettings, Policy, Vendor
from bridge.settings import (
    AccountSettings,
    BridgeSettings,
    ChannelSettings,
    Fault,
    Settings,
    SettingsFaults,
    dotted,
    faults_of,
    secrets_of,
)

from .account_history import AccountHistory
from .catalogue import Catalogue
from .hooks import Hooks

Plugged = TypeVar("Plugged", Vendor, Policy)


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """A vendor account ready for use: `channel` is what its vendor sees, `hooks` the way to call it."""

    name: str
    settings: AccountSettings
    channel: Channel
    hooks: Hooks


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """A channel ready for use. `channel` and `hooks` are those of the primary account, the first of all."""

    name: str
    settings: ChannelSettings
    channel: Channel
    hooks: Hooks
    accounts: Mapping[str, OpenAccount]

    @property
    def primary(self) -> OpenAccount:
        """The account whose reviews Quick Audience sees, and to which sends go first."""
        return next(iter(self.accounts.values()))

    @property
    def several(self) -> bool:
        """True when there is a choice of accounts."""
        return len(self.accounts) > 1

    def called(self, identity: str) -> OpenAccount | None:
        """Return the account with this identity, the primary for "" (older calls name none); None if gone."""
        same = (one for one in self.accounts.values() if identity in ("", one.hooks.identity))
        return next(same, None)

    def close(self) -> None:
        """Let the vendors and the policies, which the accounts share, close their connections."""
        for account in self.accounts.values():
            account.hooks.close(policies=account is self.primary)


def open_channels(
    settings: Settings,
    catalogue: Catalogue,
    history_for: Callable[[str], History],
    clock: Clock = time.time,
) -> dict[str, OpenChannel]:
    """Build every channel's vendor and policies; call it after a fork, once per process.

    Raises SettingsFaults with every fault of every channel. The secrets of all plugins' settings are hidden
    from the logs.
    """
    opened: dict[str, OpenChannel] = {}
    faults: list[Fault] = []
    for name, channel in settings.channels.items():
        opening = _Opening(name, channel, settings.bridge, catalogue, faults)
        found = opening.open(history_for(name), clock)
        if found is not None:
            opened[name] = found
    if faults:
        close_channels(opened)
        raise SettingsFaults(faults)
    return opened


def close_channels(channels: Mapping[str, OpenChannel]) -> None:
    """Let every plugin close its connections."""
    for channel in channels.values():
        channel.close()


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

    def open(self, history: History, clock: Clock) -> OpenChannel | None:
        """Return the channel, or None when there were faults."""
        before = len(self._faults)
        accounts = self._settings.all_accounts
        if not accounts:
            self._faults.append(Fault(f"{self._path}.vendor", "The channel has no account.", "Add one."))
        seen = {name: self._seen(name, of, history) for name, of in accounts.items()}
        vendors = {name: self._vendor(name, of, seen[name]) for name, of in accounts.items()}
        own = [replace(one, history=history, hook_url="") for one in seen.values()][:1]
        by_name = [self._policy(name, one) for name in self._settings.policies for one in own]
        policies = [policy for policy in by_name if policy is not None]
        if len(self._faults) > before:
            return None
        opened = {}
        for name, vendor in vendors.items():
            hooks = self._hooks(name, vendor, policies, clock) if vendor is not None else None
            if vendor is not None and hooks is not None:
                opened[name] = OpenAccount(name, accounts[name], vendor.channel, hooks)
        if len(self._faults) > before:
            return None
        first = next(iter(opened.values()))
        return OpenChannel(self._name, self._settings, first.channel, first.hooks, opened)

    def _seen(self, name: str, account: AccountSettings, history: History) -> Channel:
        """Return the channel as the plugins of an account see it."""
        return Channel(
            name=self._name,
            platform_name=self._settings.platform_name,
            settings=PluginSettings(),
            history=AccountHistory(history, name) if self._settings.accounts else history,
            hook_url=self._hook_url(account),
            timezone=self._settings.timezone or self._bridge.timezone,
            allow_private=self._settings.allow_private,
        )

    def _hook_url(self, account: AccountSettings) -> str:
        token = account.hook_token.get_secret_value()
        if not self._bridge.public_url or not token:
            return ""
        return f"{self._bridge.public_url}/hooks/{self._name}/{token}"

    def _at(self, account: str) -> str:
        """Return an account's place in the file: the channel's own table in the form without names."""
        return dotted(account, under=f"{self._path}.accounts") if self._settings.accounts else self._path

    def _vendor(self, name: str, account: AccountSettings, channel: Channel) -> Vendor | None:
        kind = self._catalogue.vendors.get(account.vendor)
        if kind is None:
            self._missing("vendor", account.vendor, f"{self._at(name)}.vendor", self._catalogue.vendors)
            return None
        return self._built(kind, channel, account.settings, f"{self._at(name)}.settings")

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
        except Exception as error:  # noqa: BLE001 - a third-party constructor may fail in any way
            self._faults.append(_failed(kind.name, path, error))
        return None

    def _hooks(self, name: str, vendor: Vendor, policies: list[Policy], clock: Clock) -> Hooks | None:
        path = self._at(name)
        try:
            hooks = Hooks(vendor, policies, clock)
        except BridgeError as error:
            self._faults.append(Fault(path, error.reason, "Use another release of the plugin."))
            return None
        except pluggy.PluginValidationError as error:
            problem = f"A plugin of this channel breaks the rules: {logs.masked(str(error))}."
            self._faults.append(Fault(path, problem, "Use another release of the plugin."))
            return None
        except Exception as error:  # noqa: BLE001 - `withheld` is third-party code, too
            self._faults.append(_failed(vendor.name, f"{path}.settings", error))
            return None
        self._check_webhook(name, vendor, hooks)
        return hooks

    def _check_webhook(self, name: str, vendor: Vendor, hooks: Hooks) -> None:
        if hooks.supports("parse_webhook") and self._bridge.public_url and not vendor.channel.hook_url:
            problem = f"The vendor {vendor.name} calls webhooks, and their address has no token."
            advice = "Set 16 or more random letters and digits, best from the environment."
            self._faults.append(Fault(f"{self._at(name)}.hook_token", problem, advice))

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
