"""A bridge with something on every page, and browsers that hold to what real ones do."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.clock import millis
from bridge.contract.bodies import SendListBody
from bridge.ledger import Act
from bridge.plugin import (
    Batch,
    DeliveryReceipt,
    Kind,
    MessageStatus,
    MoMessage,
    SubmitResult,
    accepted,
    from_vendor,
    rejected,
)
from bridge.services.desk.signing_in import ConsoleUser, Role, SigningIn
from bridge.settings import ConsoleSettings, PriceSettings
from bridge.web import create_app
from bridge.web.console.sealing import Sealing
from tests.services.world import World

SECRET = "console-secret-of-the-tests-0123456789"
ADDRESS = "https://sms.example.com"
THIRD_PARTY = '<script>alert("x")</script>'
"""What third parties write into names, texts, replies and errors."""
PHONES = ("13800000001", "13800000002", "13800000003")
_TOKEN = re.compile(r'name="token" value="([^"]+)"')


class Scene:
    """One bridge with a console; `house` fills its pages."""

    def __init__(self, world: World, prices: tuple[PriceSettings, ...] = (), **console: Any) -> None:
        self.world = world
        self.console = ConsoleSettings.model_validate({"secret": SECRET, "url": ADDRESS, **console})
        self.settings = world.settings.model_copy(update={"console": self.console, "prices": prices})
        self.app = create_app(self.settings, world.all_services, world.ledger, self.clock)
        self.signing_in = SigningIn(self.settings, self.console, world.ledger, self.clock)

    def link(self, role: str = "admin", name: str = "anna") -> str:
        """Return the path of a link for somebody of this role."""
        link = self.signing_in.link(ConsoleUser(name, Role[role.upper()]), "shell:root")
        return link.removeprefix(ADDRESS)

    def browser(self, role: str = "", language: str = "en") -> "Browser":
        """Return a browser in which somebody of this role is signed in; nobody with ""."""
        browser = Browser(self, language)
        if role:
            assert browser.sign_in(self.link(role)).status_code == 303
        return browser

    def house(self, written: str = THIRD_PARTY) -> str:
        """Have a campaign with every kind of end, replies, suppressions and callbacks that were given up.

        Returns the campaign's id.
        """
        world = self.world
        self.answer(written)
        world.send(PHONES, code=world.template(f"Dear ${{name}} {written}"))
        world.hand_over()
        [delivered, *_] = [message for batch in world.vendor.batches for message in batch.messages]
        charged: dict[str, Any] = {"price": Decimal("0.0501"), "currency": "CNY"}
        receipt = DeliveryReceipt(MessageStatus.DELIVERED, message_ref=delivered.ref, **charged)
        replies = [MoMessage(from_vendor(PHONES[0]), written), MoMessage(from_vendor(PHONES[1]), "R")]
        world.services.receiving.store_reports([receipt], replies, "webhook")
        self.give_up()
        world.ledger.coordination.beat("w1", started=millis(self.clock), now=millis(self.clock))
        [campaign] = self.browser("viewer").json("/console/campaigns")["campaigns"]
        return str(campaign["id"])

    def answer(self, written: str = THIRD_PARTY) -> None:
        """Have the vendor refuse the second number, in a third party's words."""
        self.world.vendor.answer = lambda batch: _answers(batch, written)

    def other_campaign(self, code: str, out_id: str = "task-2") -> str:
        """Accept a send of another campaign. Returns the campaign's id."""
        body = {
            "outId": out_id,
            "phoneNumberJson": [phone.replace("138", "139") for phone in PHONES],
            "templateParamJson": [{"name": phone} for phone in PHONES],
            "signName": "Acme",
            "templateCode": code,
        }
        self.world.services.accepting.send_list(
            SendListBody.parse(json.dumps(body).encode()), b"2" * 32, Kind.TEXT
        )
        [found] = self.browser("viewer").json(f"/console/campaigns?search={quote(out_id)}")["campaigns"]
        return str(found["id"])

    def give_up(self) -> None:
        """Let the callbacks wait until they are given up: nobody listens at their address."""
        pusher = self.world.pusher
        for wait_h in (1, 1, 1, 1, 1, 72, 0):
            while pusher.cycle(0.05 if pusher.busy else 0) or pusher.busy:
                pass
            self.world.now += wait_h * 3600

    def sealed(self, number: str) -> str:
        """Return a number as it stands in an address."""
        return Sealing(SECRET).seal(number)

    def acts(self) -> list[Act]:
        """Return what the audit holds, the latest first."""
        return self.world.ledger.audit.acts()

    def clock(self) -> float:
        """Return the time of the bridge."""
        return self.world.now


def _answers(batch: Batch, written: str) -> list[SubmitResult]:
    return [
        rejected("VENDOR_CODE", written) if message.phone.national == PHONES[1] else accepted()
        for message in batch.messages
    ]


class Browser:
    """Says where its requests come from, and fills forms with the token of the page it looks at."""

    def __init__(self, scene: Scene, language: str = "en") -> None:
        self.client: FlaskClient = scene.app.test_client()
        self.headers = {"Accept-Language": language}
        self.token = ""

    def sign_in(self, link: str) -> TestResponse:
        """Open a link and press its button."""
        self.get(link)
        return self.post(link)

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page."""
        answer = self.client.get(path, base_url=ADDRESS, headers={**self.headers, **headers})
        found = _TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        self.token = found[1] if found else self.token
        return answer

    def json(self, path: str) -> dict[str, Any]:
        """Return the tables of a page."""
        path, mark, query = path.partition("?")
        answer = self.get(f"{path}.json{mark}{query}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def post(
        self, path: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """Send a form as a page of the console does; `headers` in place of the browser's own."""
        own = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        sent = {"token": self.token, **(fields or {})}
        return self.client.post(path, base_url=ADDRESS, data=sent, headers={**self.headers, **own})
