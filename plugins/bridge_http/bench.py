"""A recipe on the bench: the vendor class of production, with another caller and clock."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from bridge.plugin import (
    Batch,
    Channel,
    DigitalPart,
    DigitalTemplate,
    Message,
    PendingMessage,
    Phone,
    PollWindow,
    Template,
    TemplateType,
    TextTemplate,
)
from bridge.plugin.phone import parse
from bridge.plugin.text import TextContent, segments, signed

from .answer.errors import VendorAnswer
from .describing import HOOK_URL, read_answer
from .faults import RecipeFault, RecipeFaults
from .reading import load
from .recipe import Compiled
from .request.building import Built
from .request.naming import Namer
from .schema import Recipe, Sample, SampleRecipient
from .settings import HttpSettings, SettingFault
from .vendor import HttpVendor

_MAINLAND = [
    SampleRecipient(phone="13800138000", vars={"name": "Li Lei", "code": "0123"}),
    SampleRecipient(phone="13800138001", vars={"name": "韩梅梅", "code": "4567"}),
]
_INTERNATIONAL = [
    SampleRecipient(phone="12025550123", vars={"name": "Ann", "code": "0123"}),
    SampleRecipient(phone="447700900123", vars={"name": "Zoë", "code": "4567"}),
]


SAMPLE_TOKEN = "sample-token"  # noqa: S105
"""The token that samples and the dry run see; the request that fetches one is the call "token"."""


class NoHistory:
    """The history of a channel that has sent nothing yet and never waits."""

    def suppressed(self, *_asked: Any) -> frozenset[Phone]:
        """Return nobody."""
        return frozenset()

    def recent_sends(self, *_asked: Any) -> Mapping[Phone, int]:
        """Return nothing."""
        return {}

    def take(self, *_asked: Any) -> float:
        """Return no wait."""
        return 0.0

    def claimed(self, *_asked: Any) -> frozenset[str]:
        """Return none."""
        return frozenset()


class RequestRecorder:
    """Keeps the requests it is given and answers each with the same bytes."""

    def __init__(self, answer: VendorAnswer) -> None:
        self.answer = answer
        self.built: list[Built] = []

    def __call__(self, built: Built) -> VendorAnswer:
        """Keep the request."""
        self.built.append(built)
        return self.answer

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class _SampleSettings(HttpSettings):
    """The settings of a sample: nothing connects, so no certificate of ours is needed."""

    def _certificate_faults(self, needed: bool) -> list[SettingFault]:
        return []


@lru_cache(maxsize=64)
def _settings(path: Path, _changed: int, given: str) -> HttpSettings:
    """Compile a recipe once for all samples with the same values; vendors only read it."""
    secrets, values, base_url = json.loads(given)
    try:
        return _SampleSettings(
            recipe=str(path),
            secrets={name: SecretStr(value) for name, value in secrets.items()},
            values=values,
            templates={},
            base_url=base_url,
        )
    except ValidationError as problem:
        told = [RecipeFault(".".join(map(str, each["loc"])), each["msg"]) for each in problem.errors()]
        raise RecipeFaults(f"{path}: sample values", told) from None


@dataclass
class Bench:
    """A vendor on the bench: a recipe with sample values, and a recorder in place of the network."""

    recipe: Recipe
    vendor: HttpVendor
    channel: Channel
    recorder: RequestRecorder
    sample: Sample
    secrets: Mapping[str, str]
    namer: Namer

    @classmethod
    def for_sample(cls, path: Path, sample: Sample) -> "Bench":
        """Build the vendor for one sample; raises RecipeFaults."""
        recipe = load(path)
        given = {**recipe.sample.secrets, **sample.secrets}
        secrets = {name: given.get(name, f"sample-{name}") for name in recipe.secrets}
        secrets |= {name: given[name] for name in recipe.optional_secrets if name in given}
        values = {name: f"sample-{name}" for name in recipe.required}
        values |= {**recipe.sample.settings, **sample.settings}
        base_url = "" if recipe.vendor.base_url else recipe.sample.base_url
        settings = _settings(path, path.stat().st_mtime_ns, json.dumps([secrets, values, base_url]))
        channel = Channel("promo", "Promo", settings, NoHistory(), hook_url=HOOK_URL, allow_private=True)
        now, nonce = recipe.sample.now if sample.now is None else sample.now, recipe.sample.nonce
        namer = Namer(
            settings.compiled.recipe, secrets, values, HOOK_URL, clock=lambda: now, nonce=lambda: nonce
        )
        recorder = RequestRecorder(read_answer(sample.answer or "200\n\n{}"))
        vendor = HttpVendor(channel, recorder, namer, fetch_token=lambda names: (SAMPLE_TOKEN, 3600.0))
        return cls(recipe, vendor, channel, recorder, sample, secrets, namer)

    @property
    def _compiled(self) -> Compiled:
        assert isinstance(self.channel.settings, HttpSettings)  # noqa: S101 - made by for_sample
        return self.channel.settings.compiled

    @property
    def _now(self) -> datetime:
        now = self.recipe.sample.now if self.sample.now is None else self.sample.now
        return datetime.fromtimestamp(now, UTC)

    @property
    def _type(self) -> TemplateType:
        return TemplateType.INTERNATIONAL if self.recipe.sample.international else TemplateType.PROMOTION

    def template(self, *, created: bool = True, digital: bool = False) -> Template:
        """Return the sample template; without a vendor code when it is not created yet."""
        defaults, sample = self.recipe.sample, self.sample
        content = defaults.content if sample.content is None else sample.content
        code = defaults.vendor_code if sample.vendor_code is None else sample.vendor_code
        sign = defaults.sign_name if sample.sign_name is None else sample.sign_name
        vendor_code = code if created else ""
        names = TextContent(content).variables
        if digital:
            parts = (
                DigitalPart("txt", text=content),
                DigitalPart("jpg", "a.jpg", url="https://media.example.com/a.jpg"),
            )
            return DigitalTemplate("T0001", "Sample", parts, "Sample", names, sign, vendor_code)
        return TextTemplate("T0001", "Sample", content, self._type, "Sample", names, sign, vendor_code)

    def batch(self, *, digital: bool = False) -> Batch:
        """Return the sample batch; one message when the vendor takes one per call."""
        recipients = self.sample.recipients or self.recipe.sample.recipients
        if not recipients:
            recipients = _INTERNATIONAL if self.recipe.sample.international else _MAINLAND
            recipients = recipients[:1] if self.recipe.batch.mode == "single" else recipients
        template = self.template(digital=digital)
        content = TextContent(template.content)
        messages = tuple(
            self._message(f"m{number}", item, content.render(item.vars), template.sign_name)
            for number, item in enumerate(recipients, 1)
        )
        return Batch("b1", "task1", template.sign_name, template, messages, self._now)

    def _message(self, ref: str, item: SampleRecipient, text: str, sign_name: str) -> Message:
        parts = segments(signed(sign_name, text, self._type), self._type)
        return Message(ref, parse(item.phone, self._type), item.vars, text, parts)

    def _forgotten(self) -> Batch:
        """Return the sample batch when the vendor has forgotten the key of its call, where it keeps one."""
        rule = self.recipe.batch.idempotency
        hours = rule.keep_hours if rule is not None else 0
        return replace(self.batch(), called_at=self._now - timedelta(hours=hours))

    def window(self) -> PollWindow:
        """Return a window with one message that waits for its receipt."""
        phone = parse("12025550123" if self.recipe.sample.international else "13800138000", self._type)
        pending = [PendingMessage("m1", "b1", "id-1", phone, self._now)]
        return PollWindow(datetime.fromtimestamp(0, UTC), self._now, "", pending)

    def call(self, name: str) -> Any:
        """Run an operation or poll by its name in the recipe; raises BridgeError."""
        run = self._hooks().get(name)
        if run is None:
            raise KeyError(name)
        return run()

    def _hooks(self) -> dict[str, Callable[[], Any]]:
        vendor, channel = self.vendor, self.channel
        text: Any = self.template()
        digital: Any = self.template(digital=True)
        new_text: Any = self.template(created=False)
        new_digital: Any = self.template(created=False, digital=True)
        hooks: dict[str, Callable[[], Any]] = {
            "send_batch": lambda: vendor.send_batch(channel, self.batch()),
            "send_digital_batch": lambda: vendor.send_digital_batch(channel, self.batch(digital=True)),
            "reconcile_batch": lambda: vendor.reconcile_batch(channel, self._forgotten()),
            "query_sign": lambda: vendor.query_sign(channel, text.sign_name),
            "create_template": lambda: vendor.create_template(channel, new_text),
            "update_template": lambda: vendor.update_template(channel, text),
            "query_template": lambda: vendor.query_template(channel, text),
            "delete_template": lambda: vendor.delete_template(channel, text),
            "create_digital_template": lambda: vendor.create_digital_template(channel, new_digital),
            "update_digital_template": lambda: vendor.update_digital_template(channel, digital),
            "query_digital_template": lambda: vendor.query_digital_template(channel, digital),
            "delete_digital_template": lambda: vendor.delete_digital_template(channel, digital),
            "check_channel": lambda: vendor.check_channel(channel),
            "poll.receipt": lambda: vendor.poll_receipts(channel, self.window()),
            "poll.reply": lambda: vendor.poll_replies(channel, self.window()),
        }
        return {**hooks, "token": self._token} if self._compiled.token else hooks

    @property
    def calls(self) -> list[str]:
        """Everything the recipe can ask of its vendor, by the names that `call` takes."""
        polls = [f"poll.{kind}" for kind in ("receipt", "reply") if getattr(self.recipe.poll, kind)]
        token = ["token"] if self._compiled.token else []
        return [*token, *self.recipe.operations.present(), *polls]

    def _token(self) -> list[str]:
        token, seconds = self.vendor.fetch_token(self.namer.common())
        return [f"{token} for {seconds:g} s"]
