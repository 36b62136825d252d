"""The vendor that is a recipe: every hook looks up its operation and runs it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from bridge.plugin import (
    CLOCKS_APART,
    Batch,
    Beginning,
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

from .answer.errors import VendorAnswer
from .auth.base import FETCH
from .auth.token import FetchToken, TokenCache
from .beginnings import beginnings
from .faults import Unsendable
from .identity import identity
from .language.paths import as_text, choose
from .language.values import Names, TemplateView
from .request.building import Built, RequestPlan
from .request.calling import Caller, HttpCaller
from .request.naming import Namer
from .request.operations import CompiledOperation
from .request.polling import Poller
from .request.sending import TIME_BUDGET_S, OperationSender
from .schema.recipe import Operations
from .settings import HttpSettings

CALLS_PER_BATCH = 10
"""Calls one claimed batch may need: few, because a crash leaves the outcome of all of them unknown."""

_REPEATED_WITHIN_S = TIME_BUDGET_S + CLOCKS_APART.total_seconds()
"""A repeat takes a while, and is made by another clock than the call was: its key must be kept until then."""

_OPERATIONS = tuple(Operations.model_fields)
"""The hooks that are operations of a recipe, of the same names."""


class HttpVendor(Vendor):
    """Any vendor with an HTTP API, described by a recipe."""

    name: ClassVar[str] = "http"
    settings_model = HttpSettings

    @classmethod
    def beginnings(cls) -> Sequence[Beginning]:
        """Return one way for each recipe."""
        return tuple(beginnings())

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
        if self._compiled.base_url.startswith("http:") and not channel.allow_private:
            raise ConfigurationFault("The vendor's address must be https unless allow_private is set.")
        self._call = caller or _caller(channel, settings)
        secrets = {name: secret.get_secret_value() for name, secret in settings.secrets.items()}
        self._namer = namer or Namer(
            self._compiled.recipe,
            secrets,
            settings.values,
            channel.hook_url,
            codes=settings.templates or {},
        )
        self._tokens = TokenCache(fetch_token or self.fetch_token)
        self._senders = {
            name: self._sender(name) for name in ("send_batch", "send_digital_batch") if self._has(name)
        }
        self._settlers = {
            name: self._sender(name, settling=True)
            for name in ("send_batch", "send_digital_batch", "reconcile_batch")
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
        """Return the hooks this recipe has no operation for."""
        missing = {name for name in _OPERATIONS if name != "reconcile_batch" and not self._has(name)}
        for kind, hook in (("receipt", "poll_receipts"), ("reply", "poll_replies")):
            if kind not in self._compiled.polls:
                missing.add(hook)
        if not self._compiled.webhooks:
            missing.add("parse_webhook")
        if not self._has("reconcile_batch") and self._compiled.recipe.batch.idempotency is None:
            missing.add("reconcile_batch")
        return missing

    def lacks_code(self, template: Template) -> bool:
        """Return True when sends name a template that no recipe's call makes and whose code nobody gave."""
        send = "send_digital_batch" if isinstance(template, DigitalTemplate) else "send_batch"
        view = self._namer.for_template(template)["template"]
        return send in self._compiled.needing_codes and not view.vendor_code

    def written(self, template: Template) -> str:
        """Return a template's text with the placeholders that the recipe writes."""
        view: TemplateView = self._namer.for_template(template)["template"]
        return view.content_out

    def needs_sign(self) -> bool:
        """Return True when the recipe puts a signature in brackets: such vendors review both together."""
        return any(
            operation.brackets_sign for operation in self._compiled.recipe.operations.present().values()
        )

    def repeats(self, batch: Batch) -> bool:
        """Return True while the vendor certainly keeps the call's key, also at the end of the repeat."""
        rule = self._compiled.recipe.batch.idempotency
        if rule is None:
            return False
        return self._age_s(batch) < rule.keep_hours * 3600 - _REPEATED_WITHIN_S

    def _age_s(self, batch: Batch) -> float:
        return self._namer.clock() - batch.called_at.timestamp()

    def identity(self) -> Sequence[str]:
        """Return what makes the account: the vendor, its address, and the secrets and values in requests."""
        assert isinstance(self.channel.settings, HttpSettings)  # noqa: S101 - the registry validated it
        return identity(self.channel.settings)

    def close(self) -> None:
        """Close the pooled connections."""
        self._call.close()

    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        """Run the recipe's `check_channel`."""
        try:
            self._run("check_channel", self._namer.common())
        except BridgeError as error:
            return Health(error.reason, error)
        return Health(f"{self._compiled.recipe.vendor.title} answers.")

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Send text messages by `send_batch`."""
        return self._senders["send_batch"].send(batch)

    @hookimpl
    def send_digital_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Send digital messages by `send_digital_batch`."""
        return self._senders["send_digital_batch"].send(batch)

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Repeat the call under the key the vendor still keeps; else ask by `reconcile_batch`."""
        if not self.repeats(batch) or self._age_s(batch) < 0:
            if "reconcile_batch" in self._settlers:
                return self._settlers["reconcile_batch"].send(batch)
            return [unknown("The vendor no longer keeps the call's key.")] * len(batch.messages)
        kind = "send_digital_batch" if isinstance(batch.template, DigitalTemplate) else "send_batch"
        return self._settlers[kind].send(batch)

    @hookimpl
    def query_sign(self, channel: Channel, sign_name: str) -> SignReview:
        """Return the review of a signature by `query_sign`."""
        operation, document = self._run("query_sign", self._namer.for_sign(sign_name))
        created = operation.clock.read(as_text(operation.created(document)))
        return SignReview(_status(operation, document), _reason(operation, document), created)

    @hookimpl
    def create_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Hand a template in by `create_template`."""
        return self._created("create_template", template)

    @hookimpl
    def update_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Change a template by `update_template`."""
        return self._created("update_template", template)

    @hookimpl
    def query_template(self, channel: Channel, template: TextTemplate) -> TemplateReview:
        """Return the review by `query_template`."""
        operation, document = self._run("query_template", self._namer.for_template(template))
        created = operation.clock.read(as_text(operation.created(document)))
        return TemplateReview(_status(operation, document), _reason(operation, document), created)

    @hookimpl
    def delete_template(self, channel: Channel, template: TextTemplate) -> bool:
        """Delete a template by `delete_template`. Returns True once it is gone."""
        return self._deleted("delete_template", template)

    @hookimpl
    def create_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Hand a digital template in by `create_digital_template`."""
        return self._created("create_digital_template", template)

    @hookimpl
    def update_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Change a digital template by `update_digital_template`."""
        return self._created("update_digital_template", template)

    @hookimpl
    def delete_digital_template(self, channel: Channel, template: DigitalTemplate) -> bool:
        """Delete by `delete_digital_template`. Returns True once it is gone."""
        return self._deleted("delete_digital_template", template)

    @hookimpl
    def query_digital_template(self, channel: Channel, template: DigitalTemplate) -> DigitalTemplateReview:
        """Ask for the review; one status counts for every carrier unless `carriers` is given."""
        operation, document = self._run("query_digital_template", self._namer.for_template(template))
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
        """Return one page of receipts by `poll.receipt`."""
        return self._poller.receipts(self._compiled.polls["receipt"], window)

    @hookimpl
    def poll_replies(self, channel: Channel, window: PollWindow) -> ReplyPage:
        """Return one page of replies by `poll.reply`."""
        return self._poller.replies(self._compiled.polls["reply"], window)

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        """Read the webhook that the address names."""
        name = request.tail.strip("/").partition("/")[0]
        reader = self._compiled.webhooks.get(name)
        if reader is None:
            raise WebhookRejected("The recipe has no webhook of this name.")
        return reader.read(request, {**self._namer.common(), FETCH: self._fetch})

    def _fetch(self, url: str) -> bytes:
        """Return what lies at an address of the vendor's; its host was checked. Raises BridgeError."""
        answer = self._call(Built("GET", url, {}, b""))
        if not 200 <= answer.status < 300:
            raise VendorUnavailable(f"The address was answered with status {answer.status}.")
        return answer.content

    def _has(self, name: str) -> bool:
        operation = self._compiled.recipe.operations.present().get(name)
        if operation is None or not operation.needs:
            return operation is not None
        return bool({**self._compiled.recipe.settings, **self._namer.values}.get(operation.needs))

    def _sender(self, name: str, *, settling: bool = False) -> OperationSender:
        return OperationSender(
            self._compiled.operations[name],
            self._namer,
            self._exchange,
            history=self.channel.history,
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

    def _exchange(self, built: Built) -> VendorAnswer:
        answer = self._call(built)
        if answer.status == 401:
            self._tokens.forget()
        return answer

    def _with_token(self, names: Names) -> Names:
        if self._compiled.token is None:
            return names
        return {**names, "token": self._tokens.get(names)}

    def fetch_token(self, names: Names) -> tuple[str, float]:
        """Return a new token and the seconds it is good for; nothing was sent when this fails."""
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


def _caller(channel: Channel, settings: HttpSettings) -> HttpCaller:
    about = settings.compiled.recipe.vendor
    return HttpCaller(
        timeout=(about.connect_timeout_s, about.read_timeout_s),
        allow_private=channel.allow_private,
        proxy=settings.proxy,
        ca_file=settings.ca_file,
        client=settings.client,
    )


def _unavailable(error: BridgeError) -> BridgeError:
    return VendorUnavailable(error.reason, code=error.code)


def _plan(operation: CompiledOperation) -> RequestPlan:
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
