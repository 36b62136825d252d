"""The vendor: every hook that Aliyun can answer, each in the module that knows how."""

import ipaddress
from collections.abc import Collection, Sequence
from typing import ClassVar, cast

from bridge.plugin import (
    Batch,
    Beginning,
    BridgeError,
    Channel,
    CreatedTemplate,
    DigitalTemplate,
    DigitalTemplateReview,
    Health,
    Limits,
    ListedTemplate,
    PluginSettings,
    PollWindow,
    ReceiptPage,
    ReplyPage,
    SignReview,
    SubmitResult,
    TemplateReview,
    TemplateType,
    TextTemplate,
    Vendor,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    hookimpl,
    questions_of,
)
from bridge.plugin.http import fetch

from . import digital, reports, sending, templates
from .client import Client
from .details import Details
from .queue import Kind, Queue
from .settings import AliyunSettings


class Aliyun(Vendor):
    """A channel whose messages Aliyun's Short Message Service sends."""

    name: ClassVar[str] = "aliyun"
    settings_model: ClassVar[type[PluginSettings]] = AliyunSettings

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._settings = cast(AliyunSettings, channel.settings)
        self._client = Client(self._settings)
        self._details = Details(self._client, self._settings)
        queue = self._settings.queue
        self._receipts = self._queue("SmsReport", queue.receipts if queue else "")
        self._replies = self._queue("SmsUp", queue.replies if queue else "")

    def _queue(self, kind: Kind, name: str) -> Queue | None:
        queue = self._settings.queue
        return Queue(kind, name, queue, self._client) if queue and name else None

    @property
    def limits(self) -> Limits:
        """SendBatchSms takes a hundred numbers; SendSms, for equal values, a thousand."""
        return Limits(self._settings.personal_numbers_per_call, self._settings.numbers_per_call)

    def withheld(self) -> Collection[str]:
        """Return the polls that the settings leave nothing for."""
        withheld = []
        if self._receipts is None and not self._settings.poll_details:
            withheld.append("poll_receipts")
        if self._replies is None:
            withheld.append("poll_replies")
        return withheld

    @classmethod
    def beginnings(cls) -> Sequence[Beginning]:
        """Return the one way, with what Aliyun's console wants."""
        return (
            Beginning(
                cls.name,
                "Alibaba Cloud SMS",
                tuple(questions_of(cls.settings_model)),
                at_vendor=(
                    "General settings, Receipt and upstream configuration, HTTP batch push: enter this one "
                    "address for SmsReport, SmsUp and both kinds of review.",
                    "{hook_url}/",
                ),
            ),
        )

    def identity(self) -> Sequence[str]:
        """Return what makes the account: its AccessKey and the endpoint, which is that of a region.

        Two AccessKeys may be of one account; nothing but a call to another service could tell.
        """
        return (self._settings.access_key_id, self._settings.endpoint.lower())

    def needs_sign(self) -> bool:
        """Return True when the settings name no signature for one of the mainland's types of templates."""
        settings = self._settings
        mainland = set(TemplateType) - {TemplateType.INTERNATIONAL}
        named = settings.related_sign_name or all(map(settings.related_sign_names.of, mainland))
        return not named

    def close(self) -> None:
        """Close the queues' connections; those of the SDK are the whole process's."""
        for queue in (self._receipts, self._replies):
            if queue is not None:
                queue.close()

    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        """Ask about a signature; needs dysms:GetSmsSign."""
        try:
            return Health(
                templates.reachable(self._client, self._settings.related_sign_name or channel.platform_name)
            )
        except BridgeError as error:
            return Health(error.reason, error)

    @hookimpl
    def query_sign(self, channel: Channel, sign_name: str) -> SignReview:
        """Ask by GetSmsSign."""
        return templates.query_sign(self._client, sign_name)

    @hookimpl
    def create_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Create by CreateSmsTemplate."""
        return templates.create(self._client, self._settings, template)

    @hookimpl
    def update_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Change by UpdateSmsTemplate, or by CreateSmsTemplate when refused and `text_edit` allows it."""
        return templates.update(self._client, self._settings, template)

    @hookimpl
    def query_template(self, channel: Channel, template: TextTemplate) -> TemplateReview:
        """Ask by GetSmsTemplate."""
        return templates.query(self._client, template)

    @hookimpl
    def delete_template(self, channel: Channel, template: TextTemplate) -> bool:
        """Delete by DeleteSmsTemplate. Returns True once it is gone."""
        return templates.delete(self._client, template)

    @hookimpl
    def list_templates(self, channel: Channel) -> Sequence[ListedTemplate]:
        """List by QuerySmsTemplateList, page by page; needs dysms:QuerySmsTemplateList."""
        return list(templates.listed(self._client))

    @hookimpl
    def create_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Create by CreateDigitalSmsTemplate."""
        return digital.create(self._client, self._settings, template, self._fetch)

    @hookimpl
    def update_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Create another by CreateDigitalSmsTemplate when `digital_edit` allows it."""
        return digital.update(self._client, self._settings, template, self._fetch)

    @hookimpl
    def delete_digital_template(self, channel: Channel, template: DigitalTemplate) -> bool:
        """Delete by DeleteSmsTemplate. Returns True once it is gone."""
        return templates.delete(self._client, template)

    @hookimpl
    def query_digital_template(self, channel: Channel, template: DigitalTemplate) -> DigitalTemplateReview:
        """Ask by GetSmsTemplate."""
        return digital.query(self._client, template)

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Send by SendSms or SendBatchSms."""
        return sending.send(self._client, self._settings, batch)

    @hookimpl
    def send_digital_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Return the same calls, with the digital template's code."""
        return sending.send(self._client, self._settings, batch)

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Ask by QuerySendDetails."""
        return self._details.reconcile(batch)

    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        """Return the queue's next page; when it is empty, QuerySendDetails for what is still pending."""
        if self._receipts is not None:
            in_queue = window.cursor if window.cursor.startswith("[") else ""
            result, cursor = self._receipts.page(in_queue)
            if cursor or not self._settings.poll_details:
                return ReceiptPage(result.receipts, cursor, more=bool(cursor))
        return self._details.poll(window)

    @hookimpl
    def poll_replies(self, channel: Channel, window: PollWindow) -> ReplyPage:
        """Return the queue's next page."""
        if self._replies is None:
            return ReplyPage()
        result, cursor = self._replies.page(window.cursor)
        return ReplyPage(result.replies, cursor, more=bool(cursor))

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        """Read SmsReport, SmsUp, TemplateSmsReport and SignSmsReport, all at one address.

        Aliyun signs none of them: the token in the address, and `push_allow_from` if set, is all there is.
        """
        allowed = self._settings.push_allow_from
        if allowed and not any(_address(request.remote_addr) in network for network in allowed):
            raise WebhookRejected("The push comes from an address that is not on the list.")
        return reports.parse(request.body, request.headers.get("content-type", ""))

    def _fetch(self, url: str, max_bytes: int) -> bytes:
        data, _ = fetch(
            url,
            max_bytes=max_bytes,
            allow_private=self.channel.allow_private,
            hosts=self._settings.media_hosts,
        )
        return data


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return ipaddress.IPv6Address("::")
