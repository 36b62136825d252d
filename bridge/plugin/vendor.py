"""The base classes of vendors and policies."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, SecretBytes, SecretStr

from .beginning import Beginning, questions_of
from .channel import Channel, Limits
from .sending import Batch
from .settings import PluginSettings
from .templates import Template


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

    @classmethod
    def beginnings(cls) -> Sequence[Beginning]:
        """Return the ways to begin a channel with this vendor, for `sms-bridge init`.

        The default asks for every setting that must be given, with the sentence below it.
        """
        return (Beginning(cls.name, cls.name, tuple(questions_of(cls.settings_model))),)

    @property
    def limits(self) -> Limits:
        """How many messages one call may carry."""
        return Limits()

    def withheld(self) -> Collection[str]:
        """Return the names of implemented hooks that this channel's settings switch off."""
        return ()

    def lacks_code(self, template: Template) -> bool:
        """Return True for a template that cannot be sent with before a person gives the vendor's code of it.

        For vendors whose templates are made by hand, there: such a template stays pending.
        """
        return False

    def written(self, template: Template) -> str:
        """Return a template's text as it is filed at the vendor: with the vendor's placeholders.

        For previews; nothing is asked. Raises VendorRejected for a template that the vendor would refuse.
        """
        return template.content

    def needs_sign(self) -> bool:
        """Return True when the vendor reviews texts under a signature, and the settings name none.

        Then it is the channel's `default_sign`, and `sms-bridge check` says so where that is missing.
        """
        return False

    def repeats(self, batch: Batch) -> bool:
        """Return True when `reconcile_batch` would make a batch's call again, under a key the vendor knows.

        Such a look-up may hand the messages over: the bridge makes it only when it might send them. The
        default is a look-up that only asks.
        """
        return False

    def identity(self) -> Sequence[str]:
        """Return the texts that make this vendor account the one it is: its id, the address of the API.

        The bridge keeps a digest of them with every call and every template it files. What a look-up says
        is believed only at the account that was called: another one has not got the message, which proves
        nothing. Leave out what may change while the account stays the same (a rotated password, a time-out).
        The default is every setting that was written, secrets included: when in doubt it is another account.
        """
        return (json.dumps(_revealed(self.channel.settings), sort_keys=True, default=str),)

    def close(self) -> None:
        """Close connections; called when the process stops."""


def _revealed(value: Any) -> Any:
    """Return a setting as plain values, secrets as they are and defaults left out."""
    if isinstance(value, SecretStr | SecretBytes):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: _revealed(getattr(value, name)) for name in sorted(value.model_fields_set)}
    if isinstance(value, Mapping):
        return {str(key): _revealed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_revealed(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted((_revealed(one) for one in value), key=str)
    return value


class Policy:
    """Decides before a send, or observes. Named in a channel's `policies`, in order.

    Settings come from `[channels.x.policy_settings.NAME]`; `channel.settings` is that model here.
    """

    name: ClassVar[str]
    settings_model: ClassVar[type[PluginSettings]] = PluginSettings

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def close(self) -> None:
        """Release resources; called when the process stops."""
