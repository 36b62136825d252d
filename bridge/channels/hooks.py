"""The only caller of pluggy: an ordinary typed method for every hook of one channel.

Each channel has a PluginManager of its own that holds its vendor and its policies, so a call can never reach
another channel's account. What a plugin answers is checked here, once, for all callers, and what it says of
errors is freed from phone numbers and secrets: a vendor's text may quote a request.
"""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

import pluggy
import structlog

from bridge import logs
from bridge.clock import Clock, millis, moment
from bridge.plugin import (
    SEND,
    Batch,
    BridgeError,
    Channel,
    ConfigurationFault,
    CreatedTemplate,
    DeliveryReceipt,
    DigitalTemplate,
    DigitalTemplateReview,
    Event,
    EventName,
    Health,
    Kind,
    Limits,
    ListedTemplate,
    MoMessage,
    Policy,
    PollWindow,
    ReceiptPage,
    ReplyPage,
    ReviewChange,
    SignReview,
    SubmitResult,
    TemplateReview,
    TextTemplate,
    UnsupportedOperation,
    Vendor,
    Verdict,
    WebhookRequest,
    WebhookResult,
    failure,
    hookspecs,
    unknown,
)
from bridge.plugin.hookspecs import OPERATIONS

from .calls import counted
from .identity import identity_of
from .isolation import Isolated, Tolerated
from .masking import masked_error, masked_page, masked_results
from .soundness import decided, sound
from .spans import outcomes, traced
from .turnstile import Turnstile
from .witness import NOTHING, Witness

log = structlog.get_logger(__name__)

SENDING = {Kind.TEXT: "send_batch", Kind.DIGITAL: "send_digital_batch"}
Answer = TypeVar("Answer")
_NOT_ASKED_FOR = frozenset(
    {*SENDING.values(), "reconcile_batch", "poll_receipts", "poll_replies", "parse_webhook"}
)
"""Hooks that only a worker calls, or that call nobody."""


class PluginFault(BridgeError):
    """The plugin has a bug: it raised something that is no BridgeError, or gave a wrong answer."""

    default_code = "PLUGIN_FAULT"


class Hooks:
    """The hooks of one channel. Methods raise BridgeError (a plugin's bug is PluginFault) unless they say
    otherwise; an operation the vendor lacks raises UnsupportedOperation."""

    def __init__(self, vendor: Vendor, policies: Sequence[Policy] = (), clock: Clock = time.time) -> None:
        """Register the plugins. Raises ConfigurationFault or PluginValidationError for a broken rule."""
        self._vendor = vendor
        self._clock = clock
        self._policies = tuple(policies)
        self._plugins: tuple[Vendor | Policy, ...] = (*self._policies, vendor)
        self._witness = Witness()
        self._room = _Room(vendor, vendor.withheld())
        for plugin in self._plugins:
            if not isinstance(getattr(plugin, "channel", None), Channel):
                raise ConfigurationFault(f"The constructor of {plugin.name} does not call super().__init__.")
            self._room.register(plugin)
        self._room.register(self._witness)
        self._room.check_pending()
        self._operations = self._answered()
        self.identity = identity_of(vendor)
        """A digest of what makes the vendor account the one it is: see `Vendor.identity`."""
        self.turnstile: Turnstile | None = None
        """What calls pass that someone waits for in a web process."""
        self._screeners = self._one_by_one("screen_batch")
        self._observers = self._one_by_one("on_event")

    def supports(self, hook: str) -> bool:
        """Return True when the vendor implements the operation and this channel's settings allow it."""
        return hook in self._operations

    @property
    def operations(self) -> frozenset[str]:
        """The names of all operations that this channel offers."""
        return self._operations

    @property
    def limits(self) -> Limits:
        """Return how many messages one call to the vendor may carry."""
        return self._vendor.limits

    @property
    def needs_sign(self) -> bool:
        """Return whether the channel is to name the signature of new templates: see `Vendor.needs_sign`."""
        return self._vendor.needs_sign()

    def repeats(self, batch: Batch) -> bool:
        """Return whether a look-up would make the call again: see `Vendor.repeats`."""
        return bool(self._guarded(self._vendor, "repeats", self._vendor.repeats, batch=batch))

    def check(self) -> Health:
        """Return the vendor's health; never raises, the error stands in the answer."""
        if not self.supports("check_channel"):
            return Health("The vendor offers no check.")
        try:
            health = self._ask("check_channel", Health)
            return replace(health, detail=logs.masked(health.detail), error=masked_error(health.error))
        except BridgeError as error:
            return Health(error.reason, error)

    def query_sign(self, sign_name: str) -> SignReview:
        """Return the review of a signature."""
        return self._ask("query_sign", SignReview, sign_name=sign_name)

    def lacks_code(self, template: TextTemplate | DigitalTemplate) -> bool:
        """Return True when the vendor's code of a template is still to be given by a person."""
        return self._vendor.lacks_code(template)

    def written(self, template: TextTemplate | DigitalTemplate) -> str:
        """Return a template's text as it is filed; raises for one that the vendor is known to refuse."""
        written = self._guarded(self._vendor, "written", self._vendor.written, template=template)
        if not isinstance(written, str):
            self._wrong("written", self._vendor)
        return written

    def create_template(self, template: TextTemplate) -> CreatedTemplate:
        """Hand a text template in for review; the answer's vendor code is never empty."""
        return self._created("create_template", template)

    def update_template(self, template: TextTemplate) -> CreatedTemplate:
        """Change a text template."""
        return self._ask("update_template", CreatedTemplate, template=template)

    def query_template(self, template: TextTemplate) -> TemplateReview:
        """Return the review of a text template."""
        return self._ask("query_template", TemplateReview, template=template)

    def delete_template(self, template: TextTemplate) -> bool:
        """Delete a text template at the vendor. Returns what the plugin says: True once it is gone."""
        return self._ask("delete_template", bool, template=template)

    def list_templates(self) -> Sequence[ListedTemplate]:
        """Return every template that the account has, whoever made it."""
        found: Sequence[ListedTemplate] = self._ask(
            "list_templates",
            Sequence,  # type: ignore[type-abstract]
            lambda listed: _all(listed, ListedTemplate),
        )
        return found

    def create_digital_template(self, template: DigitalTemplate) -> CreatedTemplate:
        """Hand a digital template in for review; the answer's vendor code is never empty."""
        return self._created("create_digital_template", template)

    def update_digital_template(self, template: DigitalTemplate) -> CreatedTemplate:
        """Change a digital template."""
        return self._ask("update_digital_template", CreatedTemplate, template=template)

    def delete_digital_template(self, template: DigitalTemplate) -> bool:
        """Delete a digital template at the vendor. Returns what the plugin says: True once it is gone."""
        return self._ask("delete_digital_template", bool, template=template)

    def query_digital_template(self, template: DigitalTemplate) -> DigitalTemplateReview:
        """Return the review of a digital template by each carrier."""
        return self._ask("query_digital_template", DigitalTemplateReview, template=template)

    def send(self, batch: Batch) -> list[SubmitResult]:
        """Send the batch: one result per message, in order; never raises.

        An error of the plugin becomes the result of every message. A bug or a wrong answer makes every
        outcome unknown, because the messages may have been accepted.
        """
        self._witness.seen = NOTHING
        try:
            results = self._results(SENDING[batch.template.kind], batch)
        except BridgeError as error:
            results = [_outcome(error)] * len(batch.messages)
        return results if self._witness.seen is NOTHING else self._word(batch)

    def _word(self, batch: Batch) -> list[SubmitResult]:
        """Return the vendor's own word on a send, whatever wrappers made of it."""
        seen = self._witness.seen
        if isinstance(seen, Sequence) and sound(seen, batch):
            return masked_results(seen, batch)
        if not isinstance(seen, BridgeError):
            seen = PluginFault(f"The plugin {self._vendor.name} failed in a send.")
        return [_outcome(masked_error(seen, batch.messages))] * len(batch.messages)

    def reconcile(self, batch: Batch) -> list[SubmitResult]:
        """Ask about messages whose outcome is unknown: one result per message; never raises.

        An error is the look-up's, not the messages': they stay unknown.
        """
        try:
            return self._results("reconcile_batch", batch)
        except BridgeError as error:
            return [unknown(error.reason, error.code)] * len(batch.messages)

    def poll_receipts(self, window: PollWindow) -> ReceiptPage:
        """Return one page of delivery receipts."""
        page = self._ask(
            "poll_receipts", ReceiptPage, lambda page: _all(page.receipts, DeliveryReceipt), window=window
        )
        return masked_page(page)

    def poll_replies(self, window: PollWindow) -> ReplyPage:
        """Return one page of replies."""
        return self._ask("poll_replies", ReplyPage, lambda page: _all(page.replies, MoMessage), window=window)

    def parse_webhook(self, request: WebhookRequest) -> WebhookResult:
        """Return what a vendor's webhook says; raises WebhookRejected for a forged one."""
        return masked_page(self._ask("parse_webhook", WebhookResult, _parsed, request=request))

    def screen(self, batch: Batch) -> list[Verdict]:
        """Return the verdict on each message: of all policies that object, the first in the channel's order.

        The reason of a deferral begins with the policy's name: a person asks which one it was.

        Raises when any policy fails: the batch must then be held back.
        """
        verdicts = [SEND] * len(batch.messages)
        for policy, caller in self._screeners:
            answers = self._guarded(policy, "screen_batch", caller, channel=policy.channel, batch=batch)
            if len(answers) != 1 or not decided(answers[0], batch):
                self._wrong("screen_batch", policy)
            verdicts = [
                ours if not ours.sends else _named(its, policy)
                for ours, its in zip(verdicts, answers[0], strict=True)
            ]
        return verdicts

    def announce(self, name: EventName, **fields: str | int | float) -> None:
        """Tell all observers of this channel that something has happened now."""
        self.event(Event(self._vendor.channel.name, name, moment(millis(self._clock)), fields))

    def event(self, event: Event) -> None:
        """Tell every observer; one that fails is logged and disturbs nothing."""
        for observer, caller in self._observers:
            with Tolerated(log, "observer failed", plugin=observer.name, observed=event.name):
                self._guarded(observer, "on_event", caller, event=event)

    def close(self, *, policies: bool = True) -> None:
        """Let the plugins close their connections; one that fails is logged.

        `policies` False leaves them open: they serve other accounts of the channel, too.
        """
        for plugin in self._plugins if policies else (self._vendor,):
            with Isolated(log, "plugin did not close", plugin=plugin.name):
                plugin.close()

    def _answered(self) -> frozenset[str]:
        answered = set()
        for hook in OPERATIONS:
            for implementation in getattr(self._room.hook, hook).get_hookimpls():
                if implementation.wrapper or implementation.hookwrapper:
                    continue
                if implementation.plugin is not self._vendor:
                    name = implementation.plugin.name
                    raise ConfigurationFault(f"The policy {name} answers {hook}, which only a vendor may.")
                answered.add(hook)
        if not answered & {"send_batch", "send_digital_batch"}:
            raise ConfigurationFault(f"The vendor {self._vendor.name} can send nothing.")
        return frozenset(answered)

    def _one_by_one(self, hook: str) -> list[tuple[Vendor | Policy, Callable[..., Any]]]:
        # pluggy drops a plugin's None and cannot tell whose answer is whose: each is called by itself.
        asked = [
            implementation.plugin
            for implementation in getattr(self._room.hook, hook).get_hookimpls()
            if not (implementation.wrapper or implementation.hookwrapper)
        ]
        ordered = [plugin for plugin in self._plugins if plugin in asked]
        return [
            (plugin, self._room.subset_hook_caller(hook, [other for other in asked if other is not plugin]))
            for plugin in ordered
        ]

    def _ask(
        self,
        hook: str,
        kind: type[Answer],
        fits: Callable[[Answer], bool] = lambda _: True,
        **arguments: object,
    ) -> Answer:
        if hook not in self._operations:
            raise UnsupportedOperation(f"The vendor {self._vendor.name} does not offer this ({hook}).")
        caller = getattr(self._room.hook, hook)
        with self._turned(hook), counted(self._vendor, hook, arguments):
            with traced(self._vendor, hook, arguments.get("batch")) as span:
                answer = self._guarded(self._vendor, hook, caller, channel=self._vendor.channel, **arguments)
                span.set(outcomes(answer))
            if not isinstance(answer, kind) or not fits(answer):
                self._wrong(hook, self._vendor)
            return answer

    def _turned(self, hook: str) -> AbstractContextManager[None]:
        if self.turnstile is None or hook in _NOT_ASKED_FOR:
            return nullcontext()
        return self.turnstile.passing(f"{self._vendor.channel.name} {self.identity}")

    def _guarded(
        self, plugin: Vendor | Policy, hook: str, caller: Callable[..., Any], **arguments: object
    ) -> Any:
        try:
            return caller(**arguments)
        except BridgeError as error:
            batch = arguments.get("batch")
            masked_error(error, batch.messages if isinstance(batch, Batch) else ())
            raise
        except (Exception, SystemExit) as error:  # a library that exits must not take a worker's loop along
            log.exception("plugin failed", plugin=plugin.name, hook=hook)
            raise PluginFault(f"The plugin {plugin.name} failed ({type(error).__name__}).") from error

    def _wrong(self, hook: str, plugin: Vendor | Policy) -> NoReturn:
        log.error("plugin gave a wrong answer", plugin=plugin.name, hook=hook)
        raise PluginFault(f"The plugin {plugin.name} gave a wrong answer to {hook}.")

    def _created(self, hook: str, template: TextTemplate | DigitalTemplate) -> CreatedTemplate:
        return self._ask(hook, CreatedTemplate, lambda created: bool(created.vendor_code), template=template)

    def _results(self, hook: str, batch: Batch) -> list[SubmitResult]:
        results: Sequence[SubmitResult] = self._ask(
            hook,
            Sequence,  # type: ignore[type-abstract]
            lambda results: sound(results, batch),
            batch=batch,
        )
        return masked_results(results, batch)


class _Room(pluggy.PluginManager):
    """A channel's plugins, without the hooks that its vendor withholds."""

    def __init__(self, vendor: Vendor, withheld: Collection[str]) -> None:
        super().__init__("bridge")
        unknown_hooks = set(withheld) - OPERATIONS
        if unknown_hooks:
            raise ConfigurationFault(
                f"The vendor {vendor.name} withholds unknown hooks: {sorted(unknown_hooks)}."
            )
        self._vendor = vendor
        self._withheld = frozenset(withheld)
        self.add_hookspecs(hookspecs)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Find hooks as pluggy does, but for withheld ones."""
        if plugin is self._vendor and name in self._withheld:
            return None
        return super().parse_hookimpl_opts(plugin, name)


def _all(items: Sequence[object], kind: type) -> bool:
    return all(type(item) is kind for item in items)


def _parsed(result: WebhookResult) -> bool:
    parts = ((result.receipts, DeliveryReceipt), (result.replies, MoMessage), (result.reviews, ReviewChange))
    return all(_all(items, kind) for items, kind in parts)


def _outcome(error: BridgeError) -> SubmitResult:
    return unknown(error.reason, error.code) if isinstance(error, PluginFault) else failure(error)


def _named(verdict: Verdict, policy: Vendor | Policy) -> Verdict:
    if verdict.defer_until is None:
        return verdict
    said = f": {logs.masked(verdict.reason)}" if verdict.reason else ""
    return verdict._replace(reason=f"{policy.name}{said}")
