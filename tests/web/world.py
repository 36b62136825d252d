"""A bridge for one test: real services on a SQLite file, a vendor that obeys the test, a set clock."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from flask import Flask
from werkzeug.test import TestResponse

from bridge.channels import Catalogue, open_channels
from bridge.contract import signing
from bridge.ledger import open_ledger, upgrade
from bridge.plugin import (
    Acknowledgement,
    Batch,
    Channel,
    NoSuchResource,
    ReviewStatus,
    SignReview,
    SubmitResult,
    Vendor,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    accepted,
    hookimpl,
)
from bridge.services import ChannelHistory, build
from bridge.settings import Settings
from bridge.web import create_app
from tests.contract.vectors import KEY, TIMESTAMP

TOKEN = "hook-token-0123456789"
PLATFORM = 'Acme "短信" é'
TEMPLATE = {
    "remark": "",
    "templateContent": "Dear ${name}",
    "templateName": "Spring",
    "templateType": 1,
    "creatorAccount": "anna",
}
DIGITAL = {
    "templateContent": [{"fileSuffix": "txt", "fileContents": "Dear ${name}"}],
    "templateTheme": "Spring",
    "smsSignName": "Acme",
}


class Mute(Vendor):
    """Sends, and has no webhook."""

    name = "mute"

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        return [accepted() for _ in batch.messages]


class Scripted(Mute):
    """Knows every signature that begins with "Acme"; hands webhooks to `webhook`."""

    name = "scripted"
    webhook: Callable[[WebhookRequest], WebhookResult]
    signs: list[str]

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.webhook = lambda request: WebhookResult(acknowledgement=Acknowledgement(b"taken"))
        self.signs = []

    @hookimpl
    def send_digital_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        return [accepted() for _ in batch.messages]

    @hookimpl
    def query_sign(self, channel: Channel, sign_name: str) -> SignReview:
        self.signs.append(sign_name)
        if not sign_name.startswith("Acme"):
            raise NoSuchResource("There is no such signature.")
        return SignReview(ReviewStatus.APPROVED)

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        if request.headers.get("x-forged"):
            raise WebhookRejected("The signature is wrong.")
        return self.webhook(request)


def settings_for(folder: Path, *, bridge: dict[str, Any], channels: dict[str, dict[str, Any]]) -> Settings:
    """Return the default channel promo, the unauthenticated open, and mute without webhooks."""
    common = {"platform_name": PLATFORM, "vendor": "scripted", "receipts": "pull", "hook_token": TOKEN}
    named: dict[str, dict[str, Any]] = {
        "promo": {"key": KEY, "default": True},
        "open": {"key": "", "platform_name": "Open SMS"},
        "mute": {"key": KEY, "vendor": "mute", "signs": {"Acme": "approved"}},
    }
    for name, changes in channels.items():
        named[name] = named.get(name, {"key": KEY}) | changes
    return Settings.model_validate(
        {
            "bridge": {"database": f"sqlite:///{folder}/bridge.db", "public_url": "https://sms.example.com"}
            | bridge,
            "channels": {name: common | channel for name, channel in named.items()},
        }
    )


class World:
    """The application and the means to call it as Quick Audience does."""

    def __init__(self, folder: Path, *, bridge: dict[str, Any], channels: dict[str, dict[str, Any]]) -> None:
        self.now = float(TIMESTAMP)
        self.settings = settings_for(folder, bridge=bridge, channels=channels)
        _prepare(folder / "bridge.db")
        self.ledger = open_ledger(self.settings.bridge.database)
        self.channels = open_channels(
            self.settings,
            Catalogue({"scripted": Scripted, "mute": Mute}),
            lambda name: ChannelHistory(self.ledger, name, self.clock),
            self.clock,
        )
        self.services = build(self.settings, self.channels, self.ledger, self.clock, self.clock)
        self.app: Flask = create_app(self.settings, self.services, self.ledger, self.clock)
        self.client = self.app.test_client()
        self._nonces = 0

    def clock(self) -> float:
        return self.now

    def vendor(self, channel: str = "promo") -> Scripted:
        """Return the channel's vendor object."""
        found = self.channels[channel].hooks._vendor
        assert isinstance(found, Scripted)
        return found

    def signed(self, *, key: str = KEY, timestamp: str = "", nonce: str = "") -> dict[str, Any]:
        """Query and header of a request that is signed now, with a nonce of its own."""
        self._nonces += 1
        timestamp = timestamp or str(int(self.now))
        nonce = nonce or f"{self._nonces:032x}"
        return {
            "query_string": {"timestamp": timestamp, "nonce": nonce},
            "headers": {signing.HEADER: signing.sign(key, timestamp, nonce)},
        }

    def call(self, method: str, path: str, body: Any = None, **changes: Any) -> TestResponse:
        """Return a signed request; `body` is JSON, or bytes as they are."""
        sent = self.signed() | changes
        if body is not None:
            sent["data"] = body if isinstance(body, bytes) else json.dumps(body)
            sent["content_type"] = "application/json"
        return self.client.open(path, method=method, **sent)

    def template(self, path: str = "/sms/smsTemplate") -> str:
        """Return a new template, approved at once; its code."""
        body = DIGITAL if "digital" in path else TEMPLATE
        answer = self.call("POST", path, body).get_json()
        assert answer["code"] == "OK", answer
        return str(answer["templateCode"])

    def send(self, code: str, **changes: Any) -> dict[str, Any]:
        """Return the body of a send to two numbers."""
        body = {
            "outId": "out-1",
            "phoneNumberJson": ["13900001111", "13900002222"],
            "templateParamJson": [{"name": "Anna"}, {"name": "Bob"}],
            "signName": "Acme",
            "templateCode": code,
        }
        return body | changes

    def close(self) -> None:
        self.ledger.close()


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "empty.db")
        upgrade(f"sqlite:///{path}")
        return path.read_bytes()


def _prepare(database: Path) -> None:
    """Migrations take a tenth of a second: they run once, and every test gets a copy."""
    database.write_bytes(_empty_database())


def encoded(text: str) -> str:
    """Return a path segment with everything encoded."""
    return quote(text, safe="")
