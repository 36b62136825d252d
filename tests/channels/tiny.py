"""Tiny plugins for one test: modules made from classes, and channels that use them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from bridge.channels import Hooks
from bridge.plugin import (
    Batch,
    Channel,
    Message,
    Phone,
    PluginSettings,
    Policy,
    SubmitResult,
    TemplateType,
    TextTemplate,
    Vendor,
    accepted,
    hookimpl,
)

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
TEMPLATE = TextTemplate("T1", "Greeting", "Hello", TemplateType.NOTIFICATION)


class NoHistory:
    """The records of a bridge that has none."""

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        return frozenset()

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        return {}

    def take(self, bucket: str, units: float, per_second: float) -> float:
        return 0.0

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        return frozenset()


class Tiny(Vendor):
    """Accepts everything."""

    name = "tiny"

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        return [accepted(f"v-{message.ref}") for message in batch.messages]


def channel_named(name: str, settings: PluginSettings | None = None) -> Channel:
    """Return a channel without records."""
    return Channel(name, "Acme", settings or PluginSettings(), NoHistory())


def hooks_of(vendor: type[Vendor], *policies: type[Policy]) -> Hooks:
    """Return the hooks of a channel with these plugins."""
    channel = channel_named("promo")
    return Hooks(vendor(channel), [policy(channel) for policy in policies])


def batch_of(count: int) -> Batch:
    """Return a batch of `count` messages to mainland numbers."""
    phones = [f"1380013800{number}" for number in range(count)]
    messages = tuple(
        Message(f"m{number}", Phone(text, f"+86{text}"), {}) for number, text in enumerate(phones)
    )
    return Batch("b1", "out-1", "Acme", TEMPLATE, messages, NOW)


def plugin_module(name: str, **content: Any) -> ModuleType:
    """Return a plugin module with `vendors` and `policies` to register and anything else as it is."""
    module = ModuleType(name)
    for kind in ("vendors", "policies"):
        if kind in content:
            classes = content.pop(kind)
            setattr(module, f"register_{kind}", hookimpl(lambda classes=classes: classes))
    for key, value in content.items():
        setattr(module, key, value)
    return module
