"""A channel as a vendor sees it, without the bridge around it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import pluggy

from bridge.channels.catalogue import hooks_of
from bridge.channels.hooks import Hooks
from bridge.plugin import Batch, Channel, Event, Phone, PluginSettings, SubmitResult, Vendor, hookspecs
from bridge.plugin.hookspecs import OPERATIONS

HOOK_URL = "https://sms.example.com/hooks/promo/token"


class MemoryHistory:
    """The history in memory: nobody is suppressed, every bucket has room."""

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
        """Return the `phones` that were given as suppressed, whatever the signature."""
        return self._suppressed & frozenset(phones)

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """Return the counts given, whatever the moment."""
        return {phone: self._sends[phone] for phone in phones if phone in self._sends}

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Return 0: no wait."""
        return 0.0

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """Return the `vendor_ids` that were given as claimed."""
        return self._claimed & frozenset(vendor_ids)


class _Plugins(pluggy.PluginManager):
    """Looks only at what is marked; to look at every attribute by its source takes as long as a send."""

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """Return the options of a hook's specification, None for anything else."""
        return super().parse_hookspec_opts(module_or_class, name) if name in _SPECS else None

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return the options of an implementation, None for anything else."""
        kind: Any = type(plugin)
        marked = name in _marked(kind) or name in vars(plugin)
        return super().parse_hookimpl_opts(plugin, name) if marked else None


_SPECS = frozenset(name for name, spec in vars(hookspecs).items() if hasattr(spec, "bridge_spec"))


@lru_cache(maxsize=8)
def _marked(kind: Any) -> frozenset[str]:
    """Return the names of a class that are marked `@hookimpl`."""
    return frozenset(
        name for each in kind.__mro__ for name, value in vars(each).items() if hasattr(value, "bridge_impl")
    )


class Stage:
    """One vendor object with its settings validated and its hooks registered, as the bridge does it.

    `call` reaches a hook through pluggy and hands back exactly what the plugin said or raised. `given` are
    the settings as they were before the vendor saw them.
    """

    def __init__(
        self, vendor: type[Vendor], settings: Mapping[str, Any], *, history: MemoryHistory | None = None
    ) -> None:
        model = vendor.settings_model.model_validate(dict(settings))
        self.given = model.model_dump()
        self.channel = Channel(
            "promo", "Acme SMS", model, history or MemoryHistory(), HOOK_URL, allow_private=True
        )
        self.vendor = vendor(self.channel)
        self._plugins = _Plugins("bridge")
        self._plugins.add_hookspecs(hookspecs)
        self._plugins.register(self.vendor, name=vendor.name)
        self._plugins.check_pending()

    @property
    def operations(self) -> frozenset[str]:
        """The hooks this channel has: implemented, and not withheld by its settings."""
        return (frozenset(hooks_of(type(self.vendor))) & OPERATIONS) - set(self.vendor.withheld())

    def call(self, operation: str, **arguments: Any) -> Any:
        """Return what the plugin answers; its exceptions come through."""
        return getattr(self._plugins.hook, operation)(channel=self.channel, **arguments)

    def send(self, batch: Batch) -> list[SubmitResult]:
        """Return what the bridge makes of a send: it turns a plugin's bug into unknown outcomes."""
        return Hooks(self.vendor).send(batch)

    def tell(self, event: Event) -> None:
        """Tell the plugin of an event, as the bridge tells every observer."""
        self._plugins.hook.on_event(event=event)

    def close(self) -> None:
        """Close the vendor."""
        self.vendor.close()


def with_url(settings: Any, url: str) -> Any:
    """Return the settings with `{url}` in any text replaced."""
    if isinstance(settings, str):
        return settings.replace("{url}", url)
    if isinstance(settings, Mapping):
        return {key: with_url(value, url) for key, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [with_url(value, url) for value in settings]
    return settings


def minimal(model: type[PluginSettings]) -> list[str]:
    """Return the names of settings that must be given."""
    return [info.alias or name for name, info in model.model_fields.items() if info.is_required()]
