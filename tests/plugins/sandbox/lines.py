"""A sandbox channel, the carrier behind it and the webhook in front."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import requests

from bridge.channels.hooks import Hooks
from bridge.plugin import (
    Batch,
    Channel,
    DigitalPart,
    DigitalTemplate,
    Message,
    Template,
    TemplateType,
    TextTemplate,
    WebhookRequest,
)
from bridge.plugin.phone import parse
from bridge.testing.play.stage import MemoryHistory
from bridge_sandbox.settings import SandboxSettings
from bridge_sandbox.vendor import Sandbox

from .carrying import KEY, Clock, Webhook

SALE = TextTemplate("T1", "sale", "Hi ${name}", TemplateType.PROMOTION, sign_name="Acme")
INTERNATIONAL = replace(SALE, type=TemplateType.INTERNATIONAL)


class Line:
    """A sandbox channel, the carrier behind it and the webhook in front."""

    def __init__(self, url: str, webhook: Webhook, clock: Clock) -> None:
        self.url = url
        self.webhook = webhook
        self.clock = clock
        self.views: list[Sandbox] = []
        self.hooks = self.open()

    def open(self, **changes: Any) -> Hooks:
        """Another process's view of the channel, with other settings."""
        quick = {"receipt_delay_s": 0, "review_delay_s": 0, "failure_rate": 0, "reply_rate": 0}
        settings = SandboxSettings.model_validate({"url": self.url, "key": KEY} | quick | changes)
        vendor = Sandbox(
            Channel("promo", "Acme", settings, MemoryHistory(), hook_url=self.webhook.url, allow_private=True)
        )
        self.views.append(vendor)
        return Hooks(vendor)

    def close(self) -> None:
        """Close every view."""
        for vendor in self.views:
            vendor.close()

    def approved(self, template: TextTemplate = SALE) -> TextTemplate:
        """Return the template as the carrier approved it."""
        return replace(template, vendor_code=self.hooks.create_template(template).vendor_code or "")

    def batch(self, template: Template, *numbers: str, ref: str = "b1", sign: str = "Acme") -> Batch:
        """Return a batch called now, with the references b1-0, b1-1 and so on."""
        messages = tuple(
            Message(f"{ref}-{index}", parse(number, template.type), {"name": "Li"}, "Hi Li")
            for index, number in enumerate(numbers)
        )
        return Batch(ref, "out-1", sign, template, messages, datetime.fromtimestamp(self.clock.now, UTC))

    def faults(self, **faults: float) -> None:
        """The carrier's faults from now on."""
        requests.put(f"{self.url}/faults", json=faults, timeout=5).raise_for_status()

    def accepted(self) -> int:
        """Return how many messages the carrier has accepted."""
        return int(requests.get(f"{self.url}/record/summary", timeout=5).json()["accepted"])

    def received(self) -> WebhookRequest:
        """Return the last webhook, as the bridge hands it over."""
        headers, body = self.webhook.requests[-1]
        return WebhookRequest(
            "POST", "https://sms.example.com/hooks/promo/t/reports", "/reports", b"", headers, body
        )


def digital(webhook_url: str, name: str = "show", suffix: str = "png") -> DigitalTemplate:
    parts = (DigitalPart("txt", text="Hi ${name}"), DigitalPart(suffix, url=f"{webhook_url}/picture"))
    return DigitalTemplate("D1", name, parts, sign_name="Acme")
