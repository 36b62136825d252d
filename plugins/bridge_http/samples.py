"""Running a recipe without its vendor: the dry run, the samples, and saved webhooks.

Everything goes through the same vendor class as in production; only the caller and the clock are replaced.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from bridge.plugin import (
    Batch,
    BridgeError,
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
from bridge.plugin.text import TextContent

from .answers import Answer
from .describing import HOOK_URL, described, read_answer, read_webhook, why, written
from .naming import Namer
from .recipe import load
from .requesting import Built
from .schema import Recipe
from .schema_samples import Sample, SampleRecipient
from .settings import HttpSettings
from .vendor import HttpVendor

_MAINLAND = [
    SampleRecipient(phone="13800138000", vars={"name": "Li Lei", "code": "0123"}),
    SampleRecipient(phone="13800138001", vars={"name": "韩梅梅", "code": "4567"}),
]
_ABROAD = [
    SampleRecipient(phone="12025550123", vars={"name": "Ann", "code": "0123"}),
    SampleRecipient(phone="447700900123", vars={"name": "Zoë", "code": "4567"}),
]


SAMPLE_TOKEN = "sample-token"  # noqa: S105
"""The token that samples and the dry run see; the request that fetches one is the call "token"."""


class NoRecords:
    """The records of a channel that has sent nothing yet and never waits."""

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        """Nobody."""
        return frozenset()

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        """Nothing."""
        return {}

    def take(self, bucket: str, units: float, per_second: float) -> float:
        """Never waits."""
        return 0.0

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        """None."""
        return frozenset()


class Recorder:
    """Keeps the requests it is given and answers each with the same bytes."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.built: list[Built] = []

    def __call__(self, built: Built) -> Answer:
        """Keep the request."""
        self.built.append(built)
        return self.answer

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Bench:
    """A vendor on the bench: a recipe with sample values, and a recorder in place of the network."""

    recipe: Recipe
    vendor: HttpVendor
    channel: Channel
    recorder: Recorder
    sample: Sample
    secrets: Mapping[str, str]
    namer: Namer

    @classmethod
    def for_sample(cls, path: Path, sample: Sample) -> "Bench":
        """Build the vendor for one sample; raises RecipeFaults."""
        recipe = load(path)
        given = {**recipe.sample.secrets, **sample.secrets}
        secrets = {name: given.get(name, f"sample-{name}") for name in recipe.secrets}
        values = {name: f"sample-{name}" for name in recipe.required}
        values |= {**recipe.sample.settings, **sample.settings}
        settings = HttpSettings(
            recipe=str(path),
            secrets={name: SecretStr(value) for name, value in secrets.items()},
            values=values,
            base_url="" if recipe.plugin.base_url else recipe.sample.base_url,
        )
        channel = Channel("promo", "Promo", settings, NoRecords(), hook_url=HOOK_URL, allow_private=True)
        now, nonce = recipe.sample.now if sample.now is None else sample.now, recipe.sample.nonce
        namer = Namer(settings.compiled, secrets, values, HOOK_URL, clock=lambda: now, nonce=lambda: nonce)
        recorder = Recorder(read_answer(sample.answer or "200\n\n{}"))
        vendor = HttpVendor(channel, recorder, namer, fetch_token=lambda names: (SAMPLE_TOKEN, 3600.0))
        return cls(recipe, vendor, channel, recorder, sample, secrets, namer)

    @property
    def _now(self) -> datetime:
        now = self.recipe.sample.now if self.sample.now is None else self.sample.now
        return datetime.fromtimestamp(now, UTC)

    @property
    def _type(self) -> TemplateType:
        return TemplateType.INTERNATIONAL if self.recipe.sample.international else TemplateType.PROMOTION

    def template(self, *, created: bool = True, digital: bool = False) -> Template:
        """The sample template; without a vendor code when it is not created yet."""
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
            names = TextContent(content).variables
            return DigitalTemplate("T0001", "Sample", parts, "Sample", names, sign, vendor_code)
        return TextTemplate(
            "T0001",
            "Sample",
            content,
            self._type,
            "Sample",
            TextContent(content).variables,
            sign,
            vendor_code,
        )

    def batch(self, *, digital: bool = False) -> Batch:
        """The sample batch; one message when the vendor takes one per call."""
        recipients = self.sample.recipients or self.recipe.sample.recipients
        if not recipients:
            recipients = _ABROAD if self.recipe.sample.international else _MAINLAND
            recipients = recipients[:1] if self.recipe.batch.mode == "single" else recipients
        template = self.template(digital=digital)
        content = TextContent(template.content)
        messages = tuple(
            Message(f"m{number}", parse(item.phone, self._type), item.vars, content.render(item.vars))
            for number, item in enumerate(recipients, 1)
        )
        return Batch("b1", "task1", template.sign_name, template, messages, self._now)

    def window(self) -> PollWindow:
        """A window with one message that waits for its receipt."""
        phone = parse("12025550123" if self.recipe.sample.international else "13800138000", self._type)
        pending = [PendingMessage("m1", "b1", "id-1", phone, self._now)]
        return PollWindow(datetime.fromtimestamp(0, UTC), self._now, "", pending)

    def call(self, name: str) -> Any:
        """Run an operation or poll by its name in the recipe; raises BridgeError."""
        vendor, channel = self.vendor, self.channel
        digital = name.startswith("digital") or name == "send_digital"
        template: Any = self.template(created=not name.endswith("_create"), digital=digital)
        calls: dict[str, Callable[[], Any]] = {
            "send_text": lambda: vendor.send_batch(channel, self.batch()),
            "send_digital": lambda: vendor.send_digital_batch(channel, self.batch(digital=True)),
            "lookup": lambda: vendor.reconcile_batch(channel, self.batch()),
            "sign_query": lambda: vendor.query_sign(channel, template.sign_name),
            "template_create": lambda: vendor.create_template(channel, template),
            "template_modify": lambda: vendor.update_template(channel, template),
            "template_query": lambda: vendor.query_template(channel, template),
            "template_delete": lambda: vendor.delete_template(channel, template),
            "digital_create": lambda: vendor.create_digital_template(channel, template),
            "digital_modify": lambda: vendor.update_digital_template(channel, template),
            "digital_query": lambda: vendor.query_digital_template(channel, template),
            "digital_delete": lambda: vendor.delete_digital_template(channel, template),
            "check": lambda: vendor.check_channel(channel),
            "token": self._token,
            "poll.receipt": lambda: vendor.poll_receipts(channel, self.window()),
            "poll.reply": lambda: vendor.poll_replies(channel, self.window()),
        }
        if name not in calls:
            raise KeyError(name)
        return calls[name]()

    @property
    def calls(self) -> list[str]:
        """Everything the recipe can ask of its vendor, by the names that `call` takes."""
        polls = [f"poll.{kind}" for kind in ("receipt", "reply") if getattr(self.recipe.poll, kind)]
        token = ["token"] if self.namer.compiled.token else []
        return [*token, *self.recipe.operations.present(), *polls]

    def _token(self) -> list[str]:
        if self.namer.compiled.token is None:
            raise KeyError("token")
        token, seconds = self.vendor.fetch_token(self.namer.common())
        return [f"{token} for {seconds:g} s"]


class DryRun(NamedTuple):
    """One operation or poll with sample values: the requests it makes, or why it makes none."""

    name: str
    built: list[Built]
    refusal: str


def dry_runs(path: Path) -> Iterator[DryRun]:
    """Everything the recipe can ask, once; raises RecipeFaults."""
    sample = Sample(name="dry run")
    for name in Bench.for_sample(path, sample).calls:
        bench = Bench.for_sample(path, sample)
        try:
            result = bench.call(name)
        except BridgeError as error:
            result = error
        built = bench.recorder.built
        yield DryRun(name, built, "" if built else why(result))


def differences(path: Path, sample: Sample) -> list[str]:
    """What does not hold of a sample; nothing when all of it does. Raises RecipeFaults."""
    bench = Bench.for_sample(path, sample)
    if sample.webhook:
        return _webhook_differences(bench, sample)
    try:
        result = bench.call(sample.call)
    except KeyError:
        return [f"call: {sample.call!r} is no operation or poll; there are {', '.join(bench.calls)}"]
    except BridgeError as error:
        result = error
    found = []
    if sample.request:
        built = bench.recorder.built
        sent = written(built[-1]) if built else f"(nothing was sent: {why(result)})"
        found += _compare("request", sample.request.strip("\n").replace("\r\n", "\n"), sent)
    expected = {"results": sample.results, "receipts": sample.receipts, "replies": sample.replies}
    for name, lines in expected.items():
        if lines is not None:
            found += _compare(name, "\n".join(lines), "\n".join(described(result)))
    return found


def _webhook_differences(bench: Bench, sample: Sample) -> list[str]:
    try:
        result = bench.vendor.parse_webhook(bench.channel, read_webhook(sample.webhook))
    except BridgeError as error:
        return [] if sample.refused else [f"webhook: is refused: {error.reason}"]
    if sample.refused:
        return ["webhook: is taken, but should be refused"]
    found = []
    for name, lines in (
        ("receipts", sample.receipts),
        ("replies", sample.replies),
        ("reviews", sample.reviews),
    ):
        found += _compare(name, "\n".join(lines or []), "\n".join(described(getattr(result, name))))
    if sample.ack is not None:
        found += _compare("ack", sample.ack, result.acknowledgement.body.decode())
    return found


def _compare(name: str, expected: str, got: str) -> list[str]:
    if expected == got:
        return []
    return [f"{name} is not as expected\n--- expected\n{expected}\n--- got\n{got}"]
