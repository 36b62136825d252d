"""The vendor that is a recipe: every hook looks up its operation and runs it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from bridge.plugin import (
    Batch,
    BridgeError,
    Carrier,
    CarrierReview,
    Channel,
    ConfigurationFault,
    CreatedTemplate,
    CredentialsRejected,
    DigitalTemplate,
    DigitalTemplateReview,
    Health,
    Limits,
    NoSuchResource,
    OutcomeUnknown,
    PollWindow,
    ReceiptPage,
    ReplyPage,
    ReviewStatus,
    SignReview,
    SubmitResult,
    Template,
    TemplateReview,
    TextTemplate,
    UnsupportedOperation,
    Vendor,
    VendorRejected,
    VendorUnavailable,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    hookimpl,
    unknown,
)

from .answers import Answer
from .calling import Caller, HttpCaller
from .faults import Unsendable
from .naming import Namer
from .paths import as_text, choose
from .polling import Poller
from .recipe import CompiledOperation
from .requesting import Built, Plan
from .sending import Sender
from .settings import HttpSettings
from .signing import FetchToken, TokenCache
from .values import Names

CALLS_PER_BATCH = 10
"""Calls one claimed batch may need: few, because a crash leaves the outcome of all of them unknown."""

_OPERATION_OF = {
    "send_batch": "send_text",
    "send_digital_batch": "send_digital",
    "query_sign": "sign_query",
    "create_template": "template_create",
    "update_template": "template_modify",
    "query_template": "template_query",
    "delete_template": "template_delete",
    "create_digital_template": "digital_create",
    "update_digital_template": "digital_modify",
    "query_digital_template": "digital_query",
    "delete_digital_template": "digital_delete",
    "check_channel": "check",
}


class HttpVendor(Vendor):
    """Any vendor with an HTTP API, described by a recipe."""

    name: ClassVar[str] = "http"
    settings_model = HttpSettings

    def __init__(
        self,
        channel: Channel,
        caller: Caller | None = None,
        namer: Namer | None = None,
        fetch_token: FetchToken | None = None,
    ) -> None:
        super().__init__(channel)
        assert isinstance(channel.settings, HttpSettings)  # noqa: S101 - the registry validated it
        settings = channel.settings
        self._compiled = settings.compiled
        about = self._compiled.recipe.plugin
        if self._compiled.base_url.startswith("http:") and not channel.allow_private:
            raise ConfigurationFault("The vendor's address must be https unless allow_private is set.")
        self._call = caller or HttpCaller(
            timeout=(about.connect_timeout_s, about.read_timeout_s),
            allow_private=channel.allow_private,
            proxy=settings.proxy,
            ca_file=settings.ca_file,
        )
        secrets = {name: secret.get_secret_value() for name, secret in settings.secrets.items()}
        self._namer = namer or Namer(self._compiled, secrets, settings.values, channel.hook_url)
        self._tokens = TokenCache(fetch_token or self.fetch_token)
        self._senders = {
            name: self._sender(name) for name in ("send_text", "send_digital") if self._has(name)
        }
        self._settlers = {
            name: self._sender(name, settling=True)
            for name in ("send_text", "send_digital", "lookup")
            if self._has(name)
        }
        self._poller = Poller(self._namer, self._exchange, self._with_token)

    @property
    def limits(self) -> Limits:
        """The recipe's `batch.max`; fewer where one batch would need many calls."""
        rule = self._compiled.recipe.batch
        if rule.mode == "single":
            return Limits(messages=CALLS_PER_BATCH)
        if rule.mode in ("same_text", "same_vars"):
            return Limits(messages=min(CALLS_PER_BATCH, rule.max), uniform=rule.max)
        return Limits(messages=rule.max)

    def withheld(self) -> Collection[str]:
        """The hooks this recipe has no operation for."""
        missing = {hook for hook, operation in _OPERATION_OF.items() if not self._has(operation)}
        for kind, hook in (("receipt", "poll_receipts"), ("reply", "poll_replies")):
            if kind not in self._compiled.polls:
                missing.add(hook)
        if not self._compiled.webhooks:
            missing.add("parse_webhook")
        if not self._has("lookup") and self._compiled.recipe.batch.idempotency is None:
            missing.add("reconcile_batch")
        return missing

    def close(self) -> None:
        """Close the pooled connections."""
        self._call.close()

    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        """Run the recipe's `check`."""
        try:
            self._run("check", self._namer.common())
        except BridgeError as error:
            return Health(error.reason, error)
        return Health(f"{self._compiled.recipe.plugin.title} answers.")

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Send text messages by `send_text`."""
        return self._senders["send_text"].send(batch)

    @hookimpl
    def send_digital_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Send digital messages by `send_digital`."""
        return self._senders["send_digital"].send(batch)

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Ask by `lookup`; without one, repeat the call under the key the vendor still keeps."""
        if "lookup" in self._settlers:
            return self._settlers["lookup"].send(batch)
        rule = self._compiled.recipe.batch.idempotency
        age = self._namer.clock() - batch.called_at.timestamp()
        if rule is None or not 0 <= age < rule.keep_hours * 3600:
            return [unknown("The vendor no longer keeps the call's key.")] * len(batch.messages)
        kind = "send_digital" if isinstance(batch.template, DigitalTemplate) else "send_text"
        return self._settlers[kind].send(batch)

    @hookimpl
    def query_sign(self, channel: Channel, sign_name: str) -> SignReview:
        """The review of a signature by `sign_query`."""
        operation, document = self._run("sign_query", self._namer.for_sign(sign_name))
        created = operation.clock.read(as_text(operation.created(document)))
        return SignReview(_status(operation, document), _reason(operation, document), created)

    @hookimpl
    def create_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Hand a template in by `template_create`."""
        return self._created("template_create", template)

    @hookimpl
    def update_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Change a template by `template_modify`."""
        return self._created("template_modify", template)

    @hookimpl
    def query_template(self, channel: Channel, template: TextTemplate) -> TemplateReview:
        """The review by `template_query`."""
        operation, document = self._run("template_query", self._namer.for_template(template))
        created = operation.clock.read(as_text(operation.created(document)))
        return TemplateReview(_status(operation, document), _reason(operation, document), created)

    @hookimpl
    def delete_template(self, channel: Channel, template: TextTemplate) -> bool:
        """Delete a template by `template_delete`."""
        return self._deleted("template_delete", template)

    @hookimpl
    def create_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Hand a digital template in by `digital_create`."""
        return self._created("digital_create", template)

    @hookimpl
    def update_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Change a digital template by `digital_modify`."""
        return self._created("digital_modify", template)

    @hookimpl
    def delete_digital_template(self, channel: Channel, template: DigitalTemplate) -> bool:
        """Delete by `digital_delete`."""
        return self._deleted("digital_delete", template)

    @hookimpl
    def query_digital_template(self, channel: Channel, template: DigitalTemplate) -> DigitalTemplateReview:
        """The review by `digital_query`; one status counts for every carrier unless `carriers` is given."""
        operation, document = self._run("digital_query", self._namer.for_template(template))
        reason = _reason(operation, document)
        carriers = {
            carrier: CarrierReview(
                _status(operation, document, operation.carriers.get(carrier.value)), reason
            )
            for carrier in Carrier
        }
        created = operation.clock.read(as_text(operation.created(document)))
        return DigitalTemplateReview(carriers, reason, created)

    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        """One page of receipts by `poll.receipt`."""
        return self._poller.receipts(self._compiled.polls["receipt"], window)

    @hookimpl
    def poll_replies(self, channel: Channel, window: PollWindow) -> ReplyPage:
        """One page of replies by `poll.reply`."""
        return self._poller.replies(self._compiled.polls["reply"], window)

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        """Read the webhook that the address names."""
        name = request.tail.strip("/").partition("/")[0]
        reader = self._compiled.webhooks.get(name)
        if reader is None:
            raise WebhookRejected("The recipe has no webhook of this name.")
        return reader.read(request, self._namer.common())

    def _has(self, name: str) -> bool:
        operation = self._compiled.recipe.operations.present().get(name)
        if operation is None or not operation.needs:
            return operation is not None
        return bool({**self._compiled.recipe.settings, **self._namer.values}.get(operation.needs))

    def _sender(self, name: str, *, settling: bool = False) -> Sender:
        return Sender(
            self._compiled.operations[name],
            self._namer,
            self._exchange,
            records=self.channel.records,
            token=self._with_token,
            settling=settling,
        )

    def _run(self, name: str, names: Names) -> tuple[CompiledOperation, dict[str, Any]]:
        operation = self._compiled.operations.get(name)
        if operation is None:
            raise UnsupportedOperation(f"The recipe has no operation {name}.")
        try:
            built = _plan(operation).build(self._with_token(names))
        except Unsendable as problem:
            raise VendorRejected(str(problem), code="UNSENDABLE_VALUE") from None
        return operation, operation.judge.document(self._exchange(built))

    def _created(self, name: str, template: Template) -> CreatedTemplate:
        operation, document = self._run(name, self._namer.for_template(template))
        code = as_text(operation.vendor_code(document))
        if not code and not template.vendor_code:
            if operation.response.vendor_code:
                raise OutcomeUnknown("The vendor's answer holds no template code.", code="UNREADABLE_ANSWER")
            code = template.code
        status = _status(operation, document) if operation.response.status else ReviewStatus.PENDING
        return CreatedTemplate(code or None, status, _reason(operation, document))

    def _deleted(self, name: str, template: Template) -> bool:
        try:
            self._run(name, self._namer.for_template(template))
        except NoSuchResource:
            return True
        return True

    def _exchange(self, built: Built) -> Answer:
        answer = self._call(built)
        if answer.status == 401:
            self._tokens.forget()
        return answer

    def _with_token(self, names: Names) -> Names:
        if self._compiled.token is None:
            return names
        return {**names, "token": self._tokens.get(names)}

    def fetch_token(self, names: Names) -> tuple[str, float]:
        """A new token and the seconds it is good for. What fails here fails before anything was sent."""
        scheme = self._compiled.token
        assert scheme is not None and scheme.plan is not None  # noqa: S101 - a recipe with faults is never run
        try:
            document = scheme.judge.document(self._call(scheme.plan.build(names)))
        except OutcomeUnknown as error:
            raise _unavailable(error) from None
        except Unsendable as problem:
            raise CredentialsRejected(f"The token cannot be asked for: {problem}", code="TOKEN") from None
        seconds = as_text(scheme.expires(document))
        lifetime = float(seconds) if seconds.replace(".", "", 1).isdigit() else 0.0
        return as_text(scheme.token(document)), max(lifetime - scheme.early_s, 0.0)


def _unavailable(error: BridgeError) -> BridgeError:
    return VendorUnavailable(error.reason, code=error.code)


def _plan(operation: CompiledOperation) -> Plan:
    assert operation.plan is not None  # noqa: S101 - a recipe with faults is never run
    return operation.plan


def _status(operation: CompiledOperation, document: Mapping[str, Any], path: Any = None) -> ReviewStatus:
    word = as_text((path or operation.status)(document))
    status = choose(operation.response.status_map, word)
    if status is None:
        raise OutcomeUnknown(
            "The vendor's answer has a status the recipe does not list.", code="UNKNOWN_STATUS"
        )
    return ReviewStatus(status)


def _reason(operation: CompiledOperation, document: Mapping[str, Any]) -> str:
    return operation.judge.rules.harmless(as_text(operation.reason(document)))
