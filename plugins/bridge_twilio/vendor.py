"""The hooks of a Twilio channel."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import urlsplit

from bridge.plugin import (
    Batch,
    Beginning,
    BridgeError,
    Carrier,
    CarrierReview,
    Channel,
    ConfigurationFault,
    CreatedTemplate,
    DigitalTemplate,
    DigitalTemplateReview,
    Health,
    Limits,
    NoSuchResource,
    PluginSettings,
    PollWindow,
    ReceiptPage,
    ReviewStatus,
    SignReview,
    SubmitResult,
    Template,
    TemplateReview,
    TextTemplate,
    Vendor,
    WebhookRequest,
    WebhookResult,
    hookimpl,
    questions_of,
    unknown,
)
from bridge.plugin.text import bare_sign

from . import media, signs
from .content import Contents
from .lookups import Reconciliation, Sweep
from .messages import Composer
from .pace import CallThreads, Deadline, Gate
from .recent import Recent
from .reports import Reports
from .sending import Submission
from .settings import TwilioSettings
from .webhooks import TwilioWebhooks

if TYPE_CHECKING:
    from .client import TwilioAccount

_MOST_MESSAGES = 100
_REVIEW_S = 60.0
_TEXT_TEMPLATES = ("create_template", "update_template", "query_template")
_DIGITAL = (
    "create_digital_template",
    "update_digital_template",
    "query_digital_template",
    "delete_digital_template",
    "send_digital_batch",
)


class Twilio(Vendor):
    """Twilio's Messages API, and its Content API for templates that WhatsApp reviews."""

    name: ClassVar[str] = "twilio"
    settings_model: ClassVar[type[PluginSettings]] = TwilioSettings

    def __init__(
        self,
        channel: Channel,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(channel)
        self._settings = settings = cast(TwilioSettings, channel.settings)
        _check_sdk()
        _check_addresses(settings.base_url, channel.hook_url, channel.allow_private)
        self._clock, self._sleep, self._now = clock, sleep, now
        self._account: TwilioAccount | None = None
        self._opening = threading.Lock()
        self._composer = Composer(settings, channel.hook_url)
        self._crew = CallThreads(
            Gate(settings.concurrency, clock), f"twilio-{channel.name}", settings.concurrency
        )
        reports = Reports()
        self._webhooks = TwilioWebhooks(settings, reports)
        self._reconciliation = Reconciliation(settings, self._composer, channel.history, now)
        self._sweep = Sweep(settings, reports, clock)
        self._sign_reviews = Recent[SignReview](_REVIEW_S, clock)
        self._template_reviews = Recent[TemplateReview](_REVIEW_S, clock)

    @property
    def limits(self) -> Limits:
        """A call's worth is half its time at the sender's rate, so that it is rarely cut short."""
        rate = self._settings.segments_per_second
        within_time = int(rate * self._settings.batch_seconds / 2) if rate else _MOST_MESSAGES
        return Limits(messages=max(1, min(_MOST_MESSAGES, within_time)), characters=media.LONGEST_BODY)

    def withheld(self) -> Collection[str]:
        """Name what these settings leave nothing for.

        Twilio reviews no text of an SMS: unless templates are Content, the bridge keeps them. Without a
        sender that carries MMS, or a country to carry them to, there are no digital messages.
        """
        local = self._settings.template_mode == "local"
        return (*(_TEXT_TEMPLATES if local else ()), *(() if self._carries_mms() else _DIGITAL))

    def _carries_mms(self) -> bool:
        senders = self._settings.senders.values()
        return bool(self._settings.mms_countries) and any(sender.carries_mms for sender in senders)

    @classmethod
    def beginnings(cls) -> Sequence[Beginning]:
        """Return the one way, with what Twilio's console wants."""
        return (
            Beginning(
                cls.name,
                "Twilio",
                tuple(questions_of(cls.settings_model)),
                at_vendor=(
                    "Inbound webhook of the messaging service or number (POST), for replies; "
                    "status callbacks need no set-up.",
                    "{hook_url}/inbound",
                ),
            ),
        )

    def identity(self) -> Sequence[str]:
        """Return what makes the account: its SID, which a subaccount has of its own, and where it is called.

        An API key is another way into the same account.
        """
        return (self._settings.account_sid, self._settings.base_url.lower())

    def written(self, template: Template) -> str:
        """Return a template's text as its Content has it; texts that are kept here go as they are."""
        if not isinstance(template, TextTemplate) or self._settings.template_mode == "local":
            return template.content
        return Contents(self._open(), self._settings).written(template)

    def close(self) -> None:
        """Let running calls end and give the connections up."""
        self._crew.close()
        if self._account is not None:
            self._account.close()

    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        """Return one cheap call for the credentials, then each sender's review."""
        try:
            self._open().ask_anything()
            refused = self._refused_senders()
        except BridgeError as error:
            return Health("Twilio cannot be used.", error)
        if refused:
            fault = ConfigurationFault(f"Signatures that cannot send: {', '.join(refused)}.")
            return Health("Some senders cannot be used.", fault)
        replies = "" if channel.hook_url else " Without a public URL no replies come in."
        return Health(f"Twilio answers. Signatures: {', '.join(self._settings.senders)}.{replies}")

    @hookimpl
    def query_sign(self, channel: Channel, sign_name: str) -> SignReview:
        """Return what Twilio says about the signature's sender: campaign, brand, verification, ownership."""
        sender = self._composer.sender(bare_sign(sign_name))
        return self._sign_reviews.get(sender, lambda: signs.review(self._open(), sender))

    @hookimpl
    def create_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Publish the text as Content, for WhatsApp also hand it in for review."""
        return Contents(self._open(), self._settings).publish(template)

    @hookimpl
    def update_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Publish the new text as Content of its own; its predecessor goes with the change after this."""
        return Contents(self._open(), self._settings).publish(template)

    @hookimpl
    def query_template(self, channel: Channel, template: TextTemplate) -> TemplateReview:
        """Return WhatsApp's review, or approved while the Content exists."""
        contents = Contents(self._open(), self._settings)
        return self._template_reviews.get(template.vendor_code, lambda: contents.review(template))

    @hookimpl
    def create_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Approve at once, or reject with the reason for which no recipient could get it."""
        fault = self._composer.sender_fault(template) or media.fault(
            template, self._settings, channel.allow_private
        )
        status = ReviewStatus.REJECTED if fault else ReviewStatus.APPROVED
        return CreatedTemplate(template.code, status, fault, state=fault)

    @hookimpl
    def update_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Do as for a creation: Twilio keeps nothing of a digital template."""
        return self.create_digital_template(channel, template)

    @hookimpl
    def query_digital_template(self, channel: Channel, template: DigitalTemplate) -> DigitalTemplateReview:
        """Return what the creation found, the same for every carrier."""
        status = ReviewStatus.REJECTED if template.state else ReviewStatus.APPROVED
        review = CarrierReview(status, template.state)
        return DigitalTemplateReview(dict.fromkeys(Carrier, review), template.state)

    @hookimpl
    def delete_digital_template(self, channel: Channel, template: DigitalTemplate) -> bool:
        """Return True: Twilio keeps nothing of a digital template."""
        return True

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Return one Messages.create per recipient, in parallel."""
        deadline = self._deadline()
        items = self._composer.items(batch)
        submission = Submission(self._open().send, self._crew, deadline, self._sleep)
        rate = self._settings.segments_per_second
        bucket = f"segments:{batch.sign_name}"
        return submission.run(items, rate, lambda segments: channel.history.take(bucket, segments, rate))

    @hookimpl
    def send_digital_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Send as `send_batch` does, with the media's addresses."""
        return self.send_batch(channel, batch)

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Look each message up by recipient, time and text. A failed look-up leaves it unknown."""
        account = self._open()
        deadline = self._deadline()
        futures = [
            self._crew.start(
                partial(self._reconciliation.settle, account, batch, message), _still_unknown, deadline
            )
            for message in batch.messages
        ]
        return self._crew.gather(futures, _still_unknown, deadline)

    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        """Make up for lost callbacks, slowly."""
        return self._sweep.page(self._open(), window)

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        """Read status callbacks and inbound messages."""
        return self._webhooks.parse(request)

    def _open(self) -> "TwilioAccount":
        """Return the account, opened on first use: the SDK's client costs 0.2 s and 30 MB (9.13)."""
        with self._opening:
            if self._account is None:
                from .client import TwilioAccount

                self._account = TwilioAccount(self._settings)
            return self._account

    def _deadline(self) -> Deadline:
        return Deadline(self._settings.batch_seconds, self._clock, lambda: self._now().timestamp())

    def _refused_senders(self) -> list[str]:
        refused = []
        for name, sender in self._settings.senders.items():
            try:
                review = signs.review(self._open(), sender)
            except NoSuchResource as error:
                refused.append(f"{name} ({error.reason})")
                continue
            if review.status is ReviewStatus.REJECTED:
                refused.append(f"{name} ({review.reason})")
        return refused


def _still_unknown(error: BridgeError) -> SubmitResult:
    return unknown(f"The look-up failed: {error.reason}", error.code)


def _check_sdk() -> None:
    try:
        import twilio
    except ImportError:
        raise ConfigurationFault(
            "The Twilio SDK is missing: install qa-sms-bridge with its extra `twilio`.", code="SDK_MISSING"
        ) from None
    if tuple(int(part) for part in twilio.__version_info__[:2]) < (9, 13):
        raise ConfigurationFault("The Twilio SDK is older than 9.13.", code="SDK_OLD")


def _check_addresses(base_url: str, hook_url: str, allow_private: bool) -> None:
    if urlsplit(base_url).scheme == "http" and not allow_private:
        raise ConfigurationFault("base_url must be https unless the channel has allow_private = true.")
    if "_" in (urlsplit(hook_url).hostname or ""):
        raise ConfigurationFault("Twilio calls no host with an underscore in its name: change public_url.")
