"""Every hook of the bridge, one function each.

All but `register_vendors`, `register_policies`, `screen_batch` and `on_event` are answered by exactly one
object per channel: its vendor. An operation never returns None. An operation the vendor lacks is simply not
implemented; the bridge then keeps templates and signatures itself, or refuses with UNSUPPORTED_OPERATION.

Any of them may raise an error of `bridge.plugin.errors`; another exception counts as a bug of the plugin:
during a send or a reconciliation it makes the outcome unknown.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

from .channel import Channel, Health
from .events import Event
from .reports import PollWindow, ReceiptPage, ReplyPage, WebhookRequest, WebhookResult
from .sending import Batch, SubmitResult, Verdict
from .templates import (
    CreatedTemplate,
    DigitalTemplate,
    DigitalTemplateReview,
    ListedTemplate,
    SignReview,
    TemplateReview,
    TextTemplate,
)

if TYPE_CHECKING:
    from .vendor import Policy, Vendor

hookspec = pluggy.HookspecMarker("bridge")
hookimpl = pluggy.HookimplMarker("bridge")


@hookspec
def register_vendors() -> Sequence[type["Vendor"]]:  # type: ignore[empty-body]
    """Return the vendor classes of this plugin module. Called once when the plugin is loaded."""


@hookspec
def register_policies() -> Sequence[type["Policy"]]:  # type: ignore[empty-body]
    """Return the policy classes of this plugin module. Called once when the plugin is loaded."""


@hookspec(firstresult=True)
def check_channel(channel: Channel) -> Health:  # type: ignore[empty-body]
    """Ask the vendor something harmless that tells if the channel can send, for `sms-bridge check --live`."""


@hookspec(firstresult=True)
def query_sign(channel: Channel, sign_name: str) -> SignReview:  # type: ignore[empty-body]
    """Return the review of a signature, named without brackets. Raises NoSuchResource for an unknown one."""


@hookspec(firstresult=True)
def create_template(channel: Channel, template: TextTemplate) -> CreatedTemplate:  # type: ignore[empty-body]
    """Hand a text template in for review. `template.vendor_code` is "" and must come back filled."""


@hookspec(firstresult=True)
def update_template(channel: Channel, template: TextTemplate) -> CreatedTemplate:  # type: ignore[empty-body]
    """Change a text template; it is reviewed again. The vendor code may change, QA's never does."""


@hookspec(firstresult=True)
def query_template(channel: Channel, template: TextTemplate) -> TemplateReview:  # type: ignore[empty-body]
    """Return the review of a text template. Raises NoSuchResource when the vendor lost it."""


@hookspec(firstresult=True)
def delete_template(channel: Channel, template: TextTemplate) -> bool:  # type: ignore[empty-body]
    """Delete a text template at the vendor. Returns True when it is gone, now or before."""


@hookspec(firstresult=True)
def list_templates(channel: Channel) -> Sequence[ListedTemplate]:  # type: ignore[empty-body]
    """Return every template that the account has, of either kind, whoever made it.

    Asked at night: what the bridge does not know is shown to the operator, and otherwise left alone.
    """


@hookspec(firstresult=True)
def create_digital_template(  # type: ignore[empty-body]
    channel: Channel, template: DigitalTemplate
) -> CreatedTemplate:
    """Hand a digital template in for review; fetch its media with `bridge.plugin.http.fetch`."""


@hookspec(firstresult=True)
def update_digital_template(  # type: ignore[empty-body]
    channel: Channel, template: DigitalTemplate
) -> CreatedTemplate:
    """Change a digital template; every carrier reviews it again."""


@hookspec(firstresult=True)
def delete_digital_template(channel: Channel, template: DigitalTemplate) -> bool:  # type: ignore[empty-body]
    """Delete a digital template at the vendor. Returns True when it is gone, now or before."""


@hookspec(firstresult=True)
def query_digital_template(  # type: ignore[empty-body]
    channel: Channel, template: DigitalTemplate
) -> DigitalTemplateReview:
    """Return the review of a digital template by each carrier."""


@hookspec(firstresult=True)
def send_batch(channel: Channel, batch: Batch) -> Sequence[SubmitResult]:  # type: ignore[empty-body]
    """Send text messages: one result per message, in order.

    A raised error counts for the whole batch. Raise OutcomeUnknown (or return `unknown`) whenever the
    request may have arrived: it is never repeated blindly.
    """


@hookspec(firstresult=True)
def send_digital_batch(channel: Channel, batch: Batch) -> Sequence[SubmitResult]:  # type: ignore[empty-body]
    """Send digital messages: as `send_batch`, `batch.template` is a DigitalTemplate."""


@hookspec(firstresult=True)
def reconcile_batch(channel: Channel, batch: Batch) -> Sequence[SubmitResult]:  # type: ignore[empty-body]
    """Ask the vendor about messages whose outcome is unknown: one result per message, in order.

    `accepted` or `rejected` where the vendor shows the message; `not_sent` only on proof of absence,
    because the message is then sent again; `unknown` otherwise. Asked again later, less and less often.
    """


@hookspec(firstresult=True)
def poll_receipts(channel: Channel, window: PollWindow) -> ReceiptPage:  # type: ignore[empty-body]
    """Return one page of delivery receipts; one process of the installation polls a channel at a time."""


@hookspec(firstresult=True)
def poll_replies(channel: Channel, window: PollWindow) -> ReplyPage:  # type: ignore[empty-body]
    """Return one page of replies; one process of the installation polls a channel at a time."""


@hookspec(firstresult=True)
def parse_webhook(channel: Channel, request: WebhookRequest) -> WebhookResult:  # type: ignore[empty-body]
    """Read a vendor's webhook and say how to acknowledge it. Raises WebhookRejected for a forged one.

    Must not call the vendor and must answer fast: the result is stored, then acknowledged. What the vendor
    wants visited is `WebhookResult.confirm`, which is called in between.
    """


@hookspec
def screen_batch(channel: Channel, batch: Batch) -> Sequence[Verdict]:  # type: ignore[empty-body]
    """Decide message by message before the vendor is called: `SEND`, reject, or defer.

    All policies of a channel are asked; the first that does not say `SEND` decides a message, in the
    order of the channel's `policies`. An exception holds the whole batch back and is tried again later.
    """


@hookspec
def on_event(event: Event) -> None:
    """Observe what happens in a channel. A failing observer is logged and disturbs nothing."""


OPERATIONS = frozenset(
    {
        "check_channel",
        "query_sign",
        "create_template",
        "update_template",
        "query_template",
        "delete_template",
        "list_templates",
        "create_digital_template",
        "update_digital_template",
        "delete_digital_template",
        "query_digital_template",
        "send_batch",
        "send_digital_batch",
        "reconcile_batch",
        "poll_receipts",
        "poll_replies",
        "parse_webhook",
    }
)
"""The hooks a vendor may implement: each exactly once per channel."""
