"""A made-up vendor that does everything right; the kit's tests break it line by line."""

import hmac
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from bridge.plugin import (
    Acknowledgement,
    Batch,
    BridgeError,
    Channel,
    CreatedTemplate,
    CredentialsRejected,
    DeliveryReceipt,
    Health,
    Limits,
    MessageStatus,
    MoMessage,
    NoSuchResource,
    OutcomeUnknown,
    PluginSettings,
    PollWindow,
    ReceiptPage,
    ReplyPage,
    ReviewStatus,
    SignReview,
    SubmitResult,
    TemplateReview,
    TextTemplate,
    Vendor,
    VendorRejected,
    VendorThrottled,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    accepted,
    from_vendor,
    hookimpl,
    rejected,
    unknown,
)
from bridge.plugin.http import Session, raise_for_status, translated

log = logging.getLogger(__name__)

ERRORS: dict[str, type[BridgeError]] = {
    "17": VendorThrottled,
    "31": CredentialsRejected,
    "40": VendorRejected,
    "44": NoSuchResource,
}
STATUSES = {
    "ok": MessageStatus.DELIVERED,
    "dead": MessageStatus.UNDELIVERABLE,
    "late": MessageStatus.EXPIRED,
    "sent": MessageStatus.ACCEPTED,
}
REVIEWS = {"wait": ReviewStatus.PENDING, "yes": ReviewStatus.APPROVED, "no": ReviewStatus.REJECTED}


class AcmeSettings(PluginSettings):
    base_url: str
    api_secret: SecretStr
    poll: bool = False


class Acme(Vendor):
    name = "acme"
    settings_model = AcmeSettings

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        assert isinstance(channel.settings, AcmeSettings)
        self._base = channel.settings.base_url
        self._poll = channel.settings.poll
        self._secret = channel.settings.api_secret.get_secret_value()
        self._http = Session()
        self._http.headers["X-Key"] = self._secret
        self._batch: Batch | None = None

    @property
    def limits(self) -> Limits:
        return Limits(messages=500)

    def withheld(self) -> Collection[str]:
        return () if self._poll else ("poll_receipts", "poll_replies")

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        with translated():
            response = self._http.request(method, self._base + path, json=body)
            raise_for_status(response)
            answer = response.json()
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)

    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        try:
            return Health(f"{self._call('GET', '/account')['balance']} messages left")
        except BridgeError as error:
            return Health(error.reason, error)

    @hookimpl
    def query_sign(self, channel: Channel, sign_name: str) -> SignReview:
        return SignReview(REVIEWS[self._call("GET", f"/signs/{sign_name}")["review"]])

    @hookimpl
    def create_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        return CreatedTemplate(self._call("POST", "/templates", {"text": template.content})["id"])

    @hookimpl
    def update_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        self._call("PUT", f"/templates/{template.vendor_code}", {"text": template.content})
        return CreatedTemplate()

    @hookimpl
    def query_template(self, channel: Channel, template: TextTemplate) -> TemplateReview:
        return TemplateReview(REVIEWS[self._call("GET", f"/templates/{template.vendor_code}")["review"]])

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        log.info("%d messages", len(batch.messages))
        answer = self._call("POST", "/send", self._body(batch))
        try:
            results = [self._result(each) for each in answer["results"]]
        except (KeyError, TypeError):
            raise OutcomeUnknown("Acme's answer is incomplete.") from None
        if len(results) < len(batch.messages):
            raise OutcomeUnknown("Acme's answer is incomplete.")
        return results

    def _body(self, batch: Batch) -> dict[str, Any]:
        messages = [{"to": message.phone.digits, "vars": message.params} for message in batch.messages]
        return {"ref": batch.ref, "template": batch.template.vendor_code, "messages": messages}

    def _result(self, each: Mapping[str, str]) -> SubmitResult:
        if "id" in each:
            return accepted(each["id"])
        return rejected(each["code"], "Acme refused the message.")

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        found = self._call("GET", f"/sent?ref={batch.ref}")["found"]
        absent = unknown("Acme does not show the message.")
        return [
            accepted(found[m.phone.digits]) if m.phone.digits in found else absent for m in batch.messages
        ]

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        digest = hmac.new(self._secret.encode(), request.body, "sha256").hexdigest()
        given = request.headers.get("x-acme-signature", "").encode()
        if not hmac.compare_digest(digest.encode(), given):
            raise WebhookRejected("The signature is wrong.")
        page = json.loads(request.body)
        return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b"OK"))

    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        page = self._call("GET", f"/reports?from={window.cursor}")
        return ReceiptPage(_receipts(page), page["next"])

    @hookimpl
    def poll_replies(self, channel: Channel, window: PollWindow) -> ReplyPage:
        page = self._call("GET", f"/reports?from={window.cursor}")
        return ReplyPage(_replies(page), page["next"])


def _receipts(page: Any) -> list[DeliveryReceipt]:
    return [
        DeliveryReceipt(
            STATUSES.get(each["status"], MessageStatus.ACCEPTED),
            vendor_id=each["id"],
            phone=from_vendor(each["to"]),
            code=each["status"],
        )
        for each in page["receipts"]
    ]


def _replies(page: Any) -> list[MoMessage]:
    return [MoMessage(from_vendor(each["from"]), each["text"]) for each in page["replies"]]


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Acme]
