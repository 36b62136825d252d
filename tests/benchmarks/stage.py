"""A bridge inside this process, over a database of the benchmark's choice, with a vendor that takes 5 ms."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask

from bridge.channels import Catalogue, open_channels
from bridge.channels.registry import close_channels
from bridge.contract import signing
from bridge.ledger import Ledger, open_ledger
from bridge.plugin import (
    Acknowledgement,
    Batch,
    Channel,
    DeliveryReceipt,
    Limits,
    MessageStatus,
    PluginSettings,
    SubmitResult,
    Vendor,
    WebhookRequest,
    WebhookResult,
    accepted,
    from_vendor,
    hookimpl,
)
from bridge.services import ChannelHistory, ChannelServices, Services, build
from bridge.settings import Settings
from bridge.web import create_app
from bridge.worker.loop import Station

CHANNEL = "promo"
SIGN = "Acme"
KEY = "benchmark-key-0123456789"
_TOKEN = "benchmark-hook-token-01"
_TEMPLATE = {
    "remark": "benchmark",
    "templateContent": "尊敬的${name}，您的专属链接${link}，验证码${code}。",
    "templateName": "Spring",
    "templateType": 1,
    "creatorAccount": "anna",
}


class SwiftSettings(PluginSettings):
    """How fast the vendor is and how much it takes at a time."""

    per_call: int = 100
    latency_s: float = 0.005


class Swift(Vendor):
    """Accepts everything after its latency, and reads receipts as [reference, id, number] lists."""

    name = "swift"
    settings_model = SwiftSettings

    @property
    def limits(self) -> Limits:
        """As the settings say."""
        assert isinstance(self.channel.settings, SwiftSettings)
        return Limits(messages=self.channel.settings.per_call)

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Wait as for an answer, then accept all."""
        assert isinstance(channel.settings, SwiftSettings)
        time.sleep(channel.settings.latency_s)
        return [accepted(f"v{message.ref}") for message in batch.messages]

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        """Return receipts that say everything was delivered."""
        now = datetime.now(UTC)
        receipts = [
            DeliveryReceipt(
                MessageStatus.DELIVERED,
                message_ref=ref,
                vendor_id=vendor_id,
                phone=from_vendor(number),
                code="DELIVRD",
                at=now,
            )
            for ref, vendor_id, number in json.loads(request.body)
        ]
        return WebhookResult(receipts, acknowledgement=Acknowledgement(b"OK"))


@dataclass(frozen=True)
class Stage:
    """An assembled bridge."""

    url: str
    settings: Settings
    ledger: Ledger
    services: Services
    app: Flask

    @property
    def channel(self) -> ChannelServices:
        """The services of the only channel."""
        return self.services[CHANNEL]

    def station(self) -> Station:
        """Return what a loop of a worker works with."""
        return Station(self.services, self.ledger, self.settings.bridge, "benchmark", time.time)

    def ask(self, method: str, path: str, body: bytes) -> Any:
        """Call as Quick Audience does; the answer. Raises AssertionError unless its code is OK."""
        query, signature = signing.fresh(KEY, datetime.now(UTC))
        answer = self.app.test_client().open(
            f"/{CHANNEL}/sms/{path}",
            method=method,
            query_string=query,
            headers={signing.HEADER: signature},
            data=body,
            content_type="application/json",
        )
        found = answer.get_json()
        assert found["code"] == "OK", found
        return found

    def template(self) -> str:
        """Return a new template, approved at once; its code."""
        return str(self.ask("POST", "smsTemplate", json.dumps(_TEMPLATE).encode())["templateCode"])

    def send(self, body: bytes) -> None:
        """Send to a list."""
        self.ask("POST", "sendBatchList", body)

    def report(self, body: bytes) -> None:
        """Call the webhook as the vendor does."""
        answer = self.app.test_client().post(f"/hooks/{CHANNEL}/{_TOKEN}", data=body)
        assert answer.status_code == 200, answer.data


@contextmanager
def opened(
    url: str, folder: Path, *, vendor: Mapping[str, object] | None = None, **channel: object
) -> Iterator[Stage]:
    """Yield a stage over a database that has its schema; `vendor` are the vendor's settings."""
    common = {
        "platform_name": "Acme SMS",
        "key": KEY,
        "vendor": "swift",
        "hook_token": _TOKEN,
        "callback_url": "http://127.0.0.1:9",
        "allow_private": True,
        "signs": {SIGN: "approved"},
        "settings": dict(vendor or {}),
    }
    bridge = {"database": url, "metrics_dir": str(folder / "metrics"), "public_url": "http://127.0.0.1:9"}
    settings = Settings.model_validate({"bridge": bridge, "channels": {CHANNEL: common | channel}})
    ledger = open_ledger(url)
    channels = open_channels(
        settings, Catalogue({"swift": Swift}), lambda name: ChannelHistory(ledger, name, time.time)
    )
    try:
        services = build(settings, channels, ledger, time.time)
        yield Stage(url, settings, ledger, services, create_app(settings, services, ledger))
    finally:
        for one in services.values():
            one.pushing.close()
        close_channels(channels)
        ledger.close()


@contextmanager
def running(loop: Callable[[threading.Event], None]) -> Iterator[None]:
    """One of the worker's loops in a thread, told to stop afterwards."""
    stop = threading.Event()
    thread = threading.Thread(target=loop, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
