"""The base classes of vendors and policies."""

from collections.abc import Collection
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from .types import Channel, Limits


class PluginSettings(BaseModel):
    """Base of a plugin's own settings: unknown keys are faults, values never change, input is not shown.

    Use pydantic's SecretStr for secrets. Values arrive with `env:` and `file:` references resolved.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Vendor:
    """One channel's connection to a vendor. Hooks are methods marked `@hookimpl`.

    Built once per channel and process, after the fork; used by several threads at once. The constructor
    must not call the vendor; it raises ConfigurationFault when the settings cannot work together.
    """

    name: ClassVar[str]
    """How a channel's `vendor = "..."` names it."""
    settings_model: ClassVar[type[PluginSettings]] = PluginSettings

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @property
    def limits(self) -> Limits:
        """How many messages one call may carry."""
        return Limits()

    def withheld(self) -> Collection[str]:
        """Names of implemented hooks that this channel's settings switch off."""
        return ()

    def close(self) -> None:
        """Give up connections; called when the process stops."""


class Policy:
    """Decides before a send, or observes. Named in a channel's `policies`, in order.

    Settings come from `[channels.x.policy_settings.NAME]`; `channel.settings` is that model here.
    """

    name: ClassVar[str]
    settings_model: ClassVar[type[PluginSettings]] = PluginSettings

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def close(self) -> None:
        """Give up resources; called when the process stops."""
