"""The sandbox: a vendor plugin with every hook there is, for a carrier that never reaches a handset.

Start here to write a plugin. The order is that of a campaign: account, signature, templates, sending,
what became of it.
"""

import base64
import hmac
import json
import logging
import shlex
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests

from bridge.plugin import (
    Acknowledgement,
    Batch,
    Beginning,
    BridgeError,
    Channel,
    ConfigurationFault,
    ConfigurationRefused,
    CreatedTemplate,
    DigitalPart,
    DigitalTemplate,
    DigitalTemplateReview,
    Event,
    Health,
    Limits,
    NoSuchResource,
    NotAccepted,
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
    Vendor,
    VendorRejected,
    VendorUnavailable,
    WebhookRejected,
    WebhookRequest,
    WebhookResult,
    accepted,
    hookimpl,
    not_sent,
    questions_of,
    unknown,
)
from bridge.plugin.http import Session, fetch, raise_for_status, retry_after, translated

from . import reading
from .codes import ERRORS, OF_CONFIGURATION
from .settings import SandboxSettings

_PROFILE = {
    "latency_s",
    "failure_rate",
    "silence_rate",
    "reply_rate",
    "receipt_delay_s",
    "review_delay_s",
    "seed",
}
LONGEST_TEXT = 500
"""What the carrier takes of a text with its signature."""
_MAX_MEDIUM = 1_900_000
_SKEW_S = 300

logger = logging.getLogger(__name__)


class Sandbox(Vendor):
    """One account at the sandbox carrier."""

    name = "sandbox"
    settings_model = SandboxSettings

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        settings = channel.settings
        assert isinstance(settings, SandboxSettings)  # noqa: S101 (the bridge built it from settings_model)
        if not channel.hook_url and not settings.poll:
            raise ConfigurationFault("Set bridge.public_url and hook_token for webhooks, or poll = true.")
        self.settings = settings
        self._key = settings.key.get_secret_value()
        self._account = f"/accounts/{quote(settings.account or channel.name, safe='')}"
        self._http = Session(threads=32, timeout=(min(5, settings.timeout_s), settings.timeout_s))
        self._http.headers["Authorization"] = f"Bearer {self._key}"
        self._opening = threading.Lock()
        self._open = False

    @classmethod
    def beginnings(cls) -> Sequence[Beginning]:
        """Return the one way, with how the carrier is started."""
        python = shlex.quote(sys.executable)  # a system may have no other that knows the bridge
        return (
            Beginning(
                cls.name,
                "the sandbox carrier (for trying out: it has no handsets)",
                tuple(questions_of(cls.settings_model)),
                at_vendor=(
                    "Start it; it takes any key at first, and is told the bridge's address by the bridge:",
                    f"{python} -m bridge_sandbox.carrier --database carrier.db --port {{url_port}}",
                ),
            ),
        )

    def identity(self) -> Sequence[str]:
        """Return what makes the account: where the carrier is, and the account's name there."""
        return (str(self.settings.url).rstrip("/").lower(), self.settings.account or self.channel.name)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def limits(self) -> Limits:
        """The carrier takes up to 1000 messages a call, with or without variables."""
        return Limits(messages=self.settings.messages_per_call, characters=LONGEST_TEXT)

    def withheld(self) -> Collection[str]:
        """Return the ways that reports do not take: they come by webhook or by asking, never both."""
        return ("parse_webhook",) if self.settings.poll else ("poll_receipts", "poll_replies")

    # The account

    @hookimpl
    def check_channel(self, channel: Channel) -> Health:
        """Ask for the account."""
        try:
            self._call("GET", "")
        except BridgeError as error:
            return Health(error.reason, error)
        return Health("The carrier knows the account.")

    @hookimpl
    def on_event(self, event: Event) -> None:
        """Introduce a channel again: one that was paused may have got another account."""
        if event.name == "channel.resumed":
            self._open = False
            logger.info("channel %s introduces itself to the carrier again", event.channel)

    def _introduce(self) -> None:
        """Tell the carrier, once per process, where its reports go and how to treat the account."""
        with self._opening:
            if self._open:
                return
            webhook = "" if self.settings.poll else f"{self.channel.hook_url}/reports"
            profile = self.settings.model_dump(include=_PROFILE) | {"webhook": webhook}
            try:
                self._exchange("PUT", "", profile)
            except OutcomeUnknown as error:
                # Nothing was sent yet, whatever became of the introduction.
                raise VendorUnavailable(error.reason, code=error.code) from None
            self._open = True

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if not self._open:
            self._introduce()
        return self._exchange(method, path, body)

    def _exchange(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        url = str(self.settings.url).rstrip("/") + self._account + path
        with translated():
            response = self._http.request(method, url, json=body)
            _raise_for(response)
            return response.json()

    # Signatures

    @hookimpl
    def query_sign(self, channel: Channel, sign_name: str) -> SignReview:
        """Ask for the review of a signature; all of them were filed when the account was opened."""
        answer = self._call("GET", f"/signs?name={quote(sign_name, safe='')}")
        return SignReview(
            ReviewStatus(answer["status"]), answer["reason"], reading.moment(answer["created_at"])
        )

    # Text templates

    @hookimpl
    def create_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Hand in a text template; the carrier writes variables as Quick Audience does."""
        return reading.created(self._call("POST", "/templates", _text(template)))

    @hookimpl
    def update_template(self, channel: Channel, template: TextTemplate) -> CreatedTemplate:
        """Change a text template, which keeps its code and is reviewed again."""
        return reading.created(self._call("PUT", _path(template), _text(template)))

    @hookimpl
    def query_template(self, channel: Channel, template: TextTemplate) -> TemplateReview:
        """Ask for the review of a text template."""
        answer = self._call("GET", _path(template))
        return TemplateReview(
            ReviewStatus(answer["status"]),
            answer["reason"],
            reading.moment(answer["created_at"]),
            content=answer.get("content"),
        )

    # Digital templates

    @hookimpl
    def create_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Hand in a digital template with the bytes of its media."""
        return reading.created(self._call("POST", "/templates", self._digital(template)))

    @hookimpl
    def update_digital_template(self, channel: Channel, template: DigitalTemplate) -> CreatedTemplate:
        """Change a digital template, which keeps its code and is reviewed again."""
        return reading.created(self._call("PUT", _path(template), self._digital(template)))

    @hookimpl
    def delete_digital_template(self, channel: Channel, template: DigitalTemplate) -> bool:
        """Delete a digital template. Returns True once it is gone, by this call or before."""
        try:
            self._call("DELETE", _path(template))
        except NoSuchResource:
            logger.info("template %s was gone before", template.vendor_code)
        return True

    @hookimpl
    def query_digital_template(self, channel: Channel, template: DigitalTemplate) -> DigitalTemplateReview:
        """Ask for the review of a digital template by each carrier."""
        return reading.digital_review(self._call("GET", _path(template)))

    def _digital(self, template: DigitalTemplate) -> dict[str, Any]:
        parts = [self._part(part) for part in template.parts]
        return {
            "kind": "digital",
            "type": template.type.name.lower(),
            "name": template.name,
            "sign": template.sign_name,
            "parts": parts,
        }

    def _part(self, part: DigitalPart) -> dict[str, str]:
        if part.suffix == "txt":
            return {"suffix": part.suffix, "text": part.text}
        data, _ = fetch(part.url, max_bytes=_MAX_MEDIUM, allow_private=self.channel.allow_private)
        return {"suffix": part.suffix, "data": base64.b64encode(data).decode()}

    # Sending

    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Send text messages in one call that the carrier ignores when it comes too late."""
        return self._send(batch)

    @hookimpl
    def send_digital_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Send digital messages: to this carrier only the template differs."""
        return self._send(batch)

    def _send(self, batch: Batch) -> list[SubmitResult]:
        body = {
            "batch_ref": batch.ref,
            "sign": batch.sign_name,
            "template": batch.template.vendor_code,
            "valid_until": self._valid_until(batch),
            "messages": [
                {"ref": message.ref, "to": message.phone.digits, "params": message.params}
                for message in batch.messages
            ],
        }
        try:
            answer = self._call("POST", "/messages", body)
            results = [reading.submitted(result) for result in answer["results"]]
        except VendorRejected as refusal:
            raise _of_a_send(refusal) from None
        except (TypeError, KeyError, AttributeError):
            raise OutcomeUnknown("The carrier's answer is incomplete.", code="UNREADABLE_ANSWER") from None
        if len(results) != len(batch.messages):
            raise OutcomeUnknown("The carrier's answer is incomplete.", code="UNREADABLE_ANSWER")
        return results

    def _valid_until(self, batch: Batch) -> float:
        return batch.called_at.timestamp() + self.settings.call_validity_s

    @hookimpl
    def reconcile_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        """Look the batch up. Absence is proof only once the carrier would no longer accept the call.

        The carrier takes a call whole, so a message missing beside others of its batch was refused.
        """
        answer = self._call("GET", f"/messages?batch_ref={quote(batch.ref, safe='')}")
        found = {message["ref"]: message["id"] for message in answer["messages"]}
        absent = unknown("The carrier has not shown the message yet.")
        if answer["now"] > self._valid_until(batch):
            absent = not_sent(VendorUnavailable("The carrier did not take the message."))
        return [accepted(found[m.ref]) if m.ref in found else absent for m in batch.messages]

    # What became of it

    @hookimpl
    def parse_webhook(self, channel: Channel, request: WebhookRequest) -> WebhookResult:
        """Read a page of receipts, replies and reviews, signed with the account's key."""
        self._verify(request)
        try:
            page = json.loads(request.body)
            return WebhookResult(
                receipts=[reading.receipt(entry) for entry in page["receipts"]],
                replies=[reading.reply(entry) for entry in page["replies"]],
                reviews=[reading.review_change(entry) for entry in page["reviews"]],
                acknowledgement=Acknowledgement(b'{"received": true}', "application/json"),
            )
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
            raise WebhookRejected("The carrier's page cannot be read.") from None

    def _verify(self, request: WebhookRequest) -> None:
        timestamp = request.headers.get("x-carrier-timestamp", "")
        claimed = request.headers.get("x-carrier-signature", "")
        signed = timestamp.encode() + b"." + request.body
        expected = hmac.new(self._key.encode(), signed, "sha256").hexdigest()
        if not hmac.compare_digest(expected.encode(), claimed.encode()):
            raise WebhookRejected("The signature is not the carrier's.")
        if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > _SKEW_S:
            raise WebhookRejected("The page was signed too long ago.")

    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        """Ask for the receipts behind the cursor."""
        page = self._reports(window)
        return ReceiptPage(
            [reading.receipt(entry) for entry in page["receipts"]], page["cursor"], page["more"]
        )

    @hookimpl
    def poll_replies(self, channel: Channel, window: PollWindow) -> ReplyPage:
        """Ask for the replies behind the cursor."""
        page = self._reports(window)
        return ReplyPage([reading.reply(entry) for entry in page["replies"]], page["cursor"], page["more"])

    def _reports(self, window: PollWindow) -> Any:
        return self._call("GET", f"/reports?cursor={quote(window.cursor, safe='')}")


def _raise_for(response: requests.Response) -> None:
    """Raise what the carrier's error code stands for; without a code, what the HTTP status does."""
    if 200 <= response.status_code < 300:
        return
    try:
        code = response.json()["error"]["code"]
        kind, reason = ERRORS[code]
    except (ValueError, TypeError, KeyError):
        raise_for_status(response)
        raise OutcomeUnknown("The carrier redirects.", code=f"HTTP_{response.status_code}") from None
    if issubclass(kind, NotAccepted):
        raise kind(reason, code=code, retry_after=retry_after(response.headers.get("Retry-After")))
    raise kind(reason, code=code)


def _of_a_send(refusal: VendorRejected) -> BridgeError:
    """Class the refusal of a whole call of up to a thousand people. Returns the error to raise.

    Messages whose signature or template is not set up wait for a person; an error that is not documented
    ends nobody.
    """
    if refusal.code in OF_CONFIGURATION:
        return ConfigurationRefused(refusal.reason, code=refusal.code)
    if refusal.code in ERRORS:
        return refusal
    return OutcomeUnknown("The carrier gave an unknown error.", code=refusal.code)


def _path(template: Template) -> str:
    return f"/templates/{quote(template.vendor_code, safe='')}"


def _text(template: TextTemplate) -> dict[str, str]:
    return {
        "kind": "text",
        "type": template.type.name.lower(),
        "name": template.name,
        "sign": template.sign_name,
        "content": template.content,
    }
