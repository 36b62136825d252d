"""One channel over a real ledger, with a vendor and a Quick Audience that obey the test, and a set clock."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import bridge_policies
from bridge.channels import Catalogue, Hooks, discover, open_channels
from bridge.contract.bodies import DigitalTemplateBody, SendListBody, TextTemplateBody
from bridge.ledger import Account, Callee, Claimed, Holder, Ledger, Scope, TimeSpan
from bridge.ledger.sending.account import FREE, FREE_CALLS, Room
from bridge.ledger.sending.accounts import save
from bridge.plugin import (
    Batch,
    BridgeError,
    Channel,
    CreatedTemplate,
    DigitalTemplate,
    DigitalTemplateReview,
    Event,
    Kind,
    Limits,
    ListedTemplate,
    MessageStatus,
    Policy,
    ReviewStatus,
    SignReview,
    SubmitResult,
    TemplateReview,
    TextTemplate,
    Vendor,
    Verdict,
    accepted,
    hookimpl,
)
from bridge.services import ChannelHistory, ChannelServices, build
from bridge.settings import Settings
from bridge.worker import Duties, Pusher, Sender
from bridge.worker.loop import Station

NAME = "promo"
Answer = Callable[[Batch], Sequence[SubmitResult]]


class Obedient(Vendor):
    """Answers as the test says, and remembers what it was asked."""

    name = "obedient"
    size = 100

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.batches: list[Batch] = []
        self.looked_up: list[Batch] = []
        self.answer: Answer = lambda batch: [accepted(f"v-{message.ref}") for message in batch.messages]
        self.look_up: Answer = lambda batch: [accepted() for _ in batch.messages]
        self.look_up_repeats = False
        self.review = TemplateReview(ReviewStatus.APPROVED)
        self.review_fails: BridgeError | None = None
        self.listed: list[ListedTemplate] = []
        self.list_fails: BridgeError | None = None
        self.digital_review = DigitalTemplateReview({})
        self.create_as = "vendor"
        self.create_fails: BridgeError | None = None
        self.update_fails: BridgeError | None = None
        self.delete_fails: BridgeError | None = None
        self.signs = {"Acme": ReviewStatus.APPROVED, "Slow": ReviewStatus.PENDING}

    @property
    def limits(self) -> Limits:
        return Limits(self.size)

    def repeats(self, batch: Batch) -> bool:
        return self.look_up_repeats

    @hookimpl
    def query_sign(self, channel: Channel, sign_name: str) -> SignReview:
        from bridge.plugin import NoSuchResource

        if sign_name not in self.signs:
            raise NoSuchResource("There is no such signature.")
        return SignReview(self.signs[sign_name])

    @hookimpl
    def create_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        _fail(self.create_fails)
        return CreatedTemplate(f"{self.create_as}-{template.name}")

    @hookimpl
    def update_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        _fail(self.update_fails)
        return CreatedTemplate(f"{self.create_as}-{template.name}-2")

    @hookimpl
    def delete_template(self, channel: Channel, template: TextTemplate) -> bool:
        _fail(self.delete_fails)
        return True

    @hookimpl
    def query_template(self, channel: Channel, template: TextTemplate) -> TemplateReview:
        _fail(self.review_fails)
        return self.review

    @hookimpl
    def list_templates(self, channel: Channel) -> Sequence[ListedTemplate]:
        _fail(self.list_fails)
        return self.listed

    @hookimpl
    def create_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        return CreatedTemplate(f"{self.create_as}-digital")

    @hookimpl
    def query_digital_template(self, channel: Channel, template: DigitalTemplate) -> DigitalTemplateReview:
        return self.digital_review

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        self.batches.append(batch)
        return self.answer(batch)

    @hookimpl
    def send_digital_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        self.batches.append(batch)
        return self.answer(batch)

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        self.looked_up.append(batch)
        return self.look_up(batch)


def _fail(error: BridgeError | None) -> None:
    if error is not None:
        raise error


class Screen(Policy):
    """Decides as the test says, and remembers what it was told of."""

    name = "screen"

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.decide: Callable[[str], Verdict] = lambda number: Verdict()
        self.events: list[Event] = []

    @hookimpl
    def screen_batch(self, channel: Channel, batch: Batch) -> Sequence[Verdict]:
        return [self.decide(message.phone.national) for message in batch.messages]

    @hookimpl
    def on_event(self, event: Event) -> None:
        self.events.append(event)


def _ours(hooks: Hooks) -> tuple[Screen, Obedient]:
    """Return the policy and the vendor that obey the test."""
    plugins: list[Any] = list(hooks._plugins)
    return plugins[0], plugins[-1]


BRIDGE: dict[str, Any] = {"poll_idle_s": 0.01, "lease_s": 60, "clocks_apart_s": 0}
"""One machine, as most tests mean."""


class World:
    """`clock` is set by tests; nothing happens between calls of `hand_over`, `duty` and `push`."""

    _set_s = 0.0

    def __init__(self, ledger: Ledger, **channel: Any) -> None:
        self.now: float = 1_795_400_000.0 + float(channel.pop("ahead_s", 0))
        self.cold = channel.pop("cold", False)
        prices = channel.pop("prices", [])
        self.ledger = ledger
        settings = Settings.model_validate(
            {
                "bridge": BRIDGE | channel.pop("bridge", {}),
                "channels": {
                    NAME: {
                        "platform_name": "Acme SMS",
                        "key": "k" * 16,
                        **({} if "accounts" in channel else {"vendor": "obedient"}),
                        "callback_url": "http://127.0.0.1:9",
                        "allow_private": True,
                        "policies": ["screen"],
                        **channel,
                    }
                },
                "prices": prices,
            }
        )
        self.settings = settings
        kinds: list[type[Policy]] = [Screen, *bridge_policies.register_policies()]
        policies = {kind.name: kind for kind in kinds}
        vendors: dict[str, type[Vendor]] = {"obedient": Obedient, **discover().vendors}
        catalogue = Catalogue(vendors=vendors, policies=policies)
        clock = lambda: self.now  # noqa: E731
        channels = open_channels(settings, catalogue, lambda name: ChannelHistory(ledger, name, clock), clock)
        services = self.all_services = build(settings, channels, ledger, clock, self.tick)
        self.services: ChannelServices = services[NAME]
        self.hooks = channels[NAME].hooks
        self.screen, self.vendor = _ours(self.hooks)
        self.vendors: dict[str, Obedient] = {
            name: account.hooks._vendor  # type: ignore[misc]
            for name, account in channels[NAME].accounts.items()
        }
        station = Station(services, ledger, settings.bridge, "worker", clock)
        self.sender = Sender(station)
        self.pusher = Pusher(station)
        self.duties = Duties(station)

    def close(self) -> None:
        """Stop the pools."""
        self.sender.close()
        self.pusher.close()
        self.services.pushing.close()

    def template(self, content: str = "Dear ${name}", type_: int = 1) -> str:
        """Return an approved text template's code."""
        code = self.services.templates.create_text(
            TextTemplateBody.parse(
                json.dumps(
                    {
                        "remark": "r",
                        "templateContent": content,
                        "templateName": "Spring",
                        "templateType": type_,
                    }
                ).encode()
            )
        )
        self.now += 10
        return code

    def digital(self) -> str:
        """Return a digital template's code."""
        body = {
            "templateContent": [{"fileSuffix": "txt", "fileContents": "Dear ${name}", "index": 1}],
            "templateTheme": "Spring",
            "smsSignName": "Acme",
        }
        code = self.services.templates.create_digital(DigitalTemplateBody.parse(json.dumps(body).encode()))
        self.now += 10
        return code

    def send(
        self,
        phones: Sequence[str],
        *,
        code: str | None = None,
        params: Sequence[dict[str, str]] | None = None,
        sign: str = "Acme",
        limit: int = 0,
        kind: Kind = Kind.TEXT,
        digest: bytes | None = None,
    ) -> str:
        """Accept a send. Returns its id."""
        values = [{"name": f"n{index}"} for index in range(len(phones))] if params is None else params
        raw = json.dumps(
            {
                "limit": limit,
                "outId": "task-1",
                "phoneNumberJson": list(phones),
                "templateParamJson": list(values),
                "signName": sign,
                "templateCode": code or self.template(),
            }
        ).encode()
        return self.services.accepting.send_list(SendListBody.parse(raw), digest or raw[-32:], kind)

    def hand_over(self) -> None:
        """Send until nothing that is due is left."""
        self.warm()
        while self.sender.cycle(0.05 if self.sender.busy else 0) or self.sender.busy:
            pass

    def warm(self) -> None:
        """Let the vendor account run freely, as one does that has worked for a while."""
        if self.cold:
            return
        for name in self.vendors:
            free = Account(NAME, name, FREE_CALLS, 1 << 20, succeeded=int(self.now * 1000))
            self.ledger.write(lambda connection, free=free: save(connection, free))  # type: ignore[misc]

    def settle(self) -> bool:
        """Do what is due for batches that nobody calls any more. Returns whether there was any."""
        return self.duties.take_over() | self.duties.expire() | self.duties.settle(self.services)

    def set_clock(self, by_s: float) -> None:
        """Set the clock, while its process runs, without time passing."""
        self.now += by_s
        self._set_s += by_s

    def tick(self) -> float:
        """How much time has passed, however the clock was set."""
        return self.now - self._set_s

    @property
    def now_ms(self) -> int:
        """The time as the ledger counts it."""
        return int(self.now * 1000)

    def claimed(self, room: Room = FREE, *, lease_s: int = 60) -> list[Claimed]:
        """Claim what is due and do nothing with it, as a worker that dies."""
        return self.ledger.write(
            lambda c: self.ledger.batches.claim(
                c,
                Scope(NAME, self.now_ms),
                Holder("dead", lease_s * 1000),
                Callee("obedient", self.services.channel.hooks.identity),
                limit=room.calls,
                most=room.messages,
            )
        )

    def ended(self) -> dict[str, str]:
        """Number to code (DELIVERED or whatever failed it) of all that came to their end."""
        details, _ = self.ledger.history.details(NAME, "task-1", TimeSpan(0, 1 << 62), limit=10_000, offset=0)
        return {detail.phone: detail.code or MessageStatus(detail.status).name for detail in details}

    def sent(self) -> list[str]:
        """Return the numbers the vendor was called with, in order, repeats included."""
        return [message.phone.raw for batch in self.vendor.batches for message in batch.messages]
