"""A channel as a vendor sees it, without the bridge around it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import pluggy

from bridge.channels.catalogue import discover, hooks_of
from bridge.channels.dispatch import Dispatch
from bridge.plugin import Batch, Channel, Phone, PluginSettings, SubmitResult, Vendor, hookspecs
from bridge.plugin.hookspecs import OPERATIONS

HOOK_URL = "https://sms.example.com/hooks/promo/token"


class MemoryRecords:
    """The bridge's records in memory: nobody is suppressed, every bucket has room."""

    def __init__(
        self,
        suppressed: Iterable[Phone] = (),
        sends: Mapping[Phone, int] | None = None,
        claimed: Iterable[str] = (),
    ) -> None:
        self._suppressed = frozenset(suppressed)
        self._sends = dict(sends or {})
        self._claimed = frozenset(claimed)

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        """Those of `phones` given as suppressed, whatever the signature."""
        return self._suppressed & frozenset(phones)

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """The counts given, whatever the moment."""
        return {phone: self._sends[phone] for phone in phones if phone in self._sends}

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Always 0: no wait."""
        return 0.0

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """Those of `vendor_ids` given as claimed."""
        return self._claimed & frozenset(vendor_ids)


class Stage:
    """One vendor object with its settings validated and its hooks registered, as the bridge does it.

    `call` reaches a hook through pluggy and hands back exactly what the plugin said or raised.
    """

    def __init__(
        self, vendor: type[Vendor], settings: Mapping[str, Any], *, records: MemoryRecords | None = None
    ) -> None:
        model = vendor.settings_model.model_validate(dict(settings))
        self.channel = Channel(
            "promo", "Acme SMS", model, records or MemoryRecords(), HOOK_URL, allow_private=True
        )
        self.vendor = vendor(self.channel)
        self._plugins = pluggy.PluginManager("bridge")
        self._plugins.add_hookspecs(hookspecs)
        self._plugins.register(self.vendor, name=vendor.name)
        self._plugins.check_pending()

    @property
    def operations(self) -> frozenset[str]:
        """The hooks this channel has: implemented, and not withheld by its settings."""
        return (frozenset(hooks_of(type(self.vendor))) & OPERATIONS) - set(self.vendor.withheld())

    def call(self, operation: str, **arguments: Any) -> Any:
        """What the plugin answers; its exceptions come through."""
        return getattr(self._plugins.hook, operation)(channel=self.channel, **arguments)

    def send(self, batch: Batch) -> list[SubmitResult]:
        """What the bridge makes of a send: its dispatch turns a plugin's bug into unknown outcomes."""
        return Dispatch(self.vendor).send(batch)

    def close(self) -> None:
        """Close the vendor."""
        self.vendor.close()


@cache
def find_vendor(name: str) -> type[Vendor]:
    """The installed vendor of that name; raises LookupError with what there is."""
    catalogue = discover()
    if name in catalogue.vendors:
        return catalogue.vendors[name]
    problems = "; ".join(f"{point}: {problem}" for point, problem in catalogue.problems)
    raise LookupError(f"there is no vendor {name!r} among {', '.join(catalogue.vendors)}. {problems}".strip())


def with_url(settings: Any, url: str) -> Any:
    """The settings with `{url}` in any text replaced."""
    if isinstance(settings, str):
        return settings.replace("{url}", url)
    if isinstance(settings, Mapping):
        return {key: with_url(value, url) for key, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [with_url(value, url) for value in settings]
    return settings


def minimal(model: type[PluginSettings]) -> list[str]:
    """The names of settings that must be given."""
    return [info.alias or name for name, info in model.model_fields.items() if info.is_required()]
