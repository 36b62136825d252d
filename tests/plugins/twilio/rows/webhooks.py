"""Status callbacks and inbound messages."""

from collections.abc import Sequence

from bridge.plugin import (
    Acknowledgement,
    DeliveryReceipt,
    MessageStatus,
    WebhookRejected,
)
from bridge.testing import (
    Webhook,
    request,
)
from bridge.testing.table.cases import Case

from ..emulator.account import SERVICE_SID
from .wire import SID, callback, inbound, receipt, reply, typed

ROWS: Sequence[Case] = (
    Webhook(
        "delivered",
        callback("delivered", RawDlrDoneDate="2611020400"),
        receipts=[receipt(MessageStatus.DELIVERED, "DELIVERED")],
        acknowledgement=Acknowledgement(),
    ),
    Webhook(
        "sent, with a field nobody knows and an empty one",
        callback("sent", NewField="1", ErrorMessage=""),
        receipts=[receipt(MessageStatus.ACCEPTED, "SENT")],
    ),
    Webhook(
        "undelivered",
        callback("undelivered", ErrorCode="30005"),
        receipts=[
            receipt(MessageStatus.UNDELIVERABLE, "30005", "The number is unknown or no longer in use.")
        ],
    ),
    Webhook(
        "too old",
        callback("failed", ErrorCode="30036"),
        receipts=[
            receipt(MessageStatus.EXPIRED, "30036", "The message waited longer than its validity period.")
        ],
    ),
    Webhook(
        "failed because the recipient left",
        callback("failed", ErrorCode="21610"),
        receipts=[
            receipt(MessageStatus.UNDELIVERABLE, "21610", "The recipient has opted out.", opted_out=True)
        ],
    ),
    Webhook(
        "delivered, with an error code all the same",
        callback("delivered", ErrorCode="30008"),
        receipts=[receipt(MessageStatus.DELIVERED, "DELIVERED")],
    ),
    Webhook(
        "a content type in other letters and with a charset",
        typed("Application/X-WWW-Form-Urlencoded; charset=UTF-8"),
        receipts=[receipt(MessageStatus.DELIVERED, "DELIVERED")],
    ),
    Webhook(
        "a content type in capitals",
        typed("APPLICATION/X-WWW-FORM-URLENCODED ;charset=utf-8"),
        receipts=[receipt(MessageStatus.DELIVERED, "DELIVERED")],
    ),
    Webhook(
        "a content type that only begins so",
        typed("application/x-www-form-urlencodedx"),
        expect=WebhookRejected,
    ),
    Webhook("JSON", typed("application/json"), expect=WebhookRejected),
    Webhook("no content type", typed(""), expect=WebhookRejected),
    Webhook(
        "canceled",
        callback("canceled"),
        receipts=[receipt(MessageStatus.UNDELIVERABLE, "CANCELED")],
    ),
    Webhook(
        "a callback of the service, without our references",
        request(tail="/status", form={"MessageSid": SID, "MessageStatus": "delivered", "To": "CLIENT"}),
        receipts=[DeliveryReceipt(MessageStatus.DELIVERED, vendor_id=SID, code="DELIVERED")],
    ),
    Webhook(
        "a reply",
        inbound("Yes please", FromCity=""),
        replies=[reply("Yes please")],
        acknowledgement=Acknowledgement(
            b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>', "text/xml"
        ),
    ),
    Webhook(
        "a reply to a service",
        inbound("好的", To="+14155550111", MessagingServiceSid=SERVICE_SID),
        replies=[reply("好的", sign_name="Acme")],
    ),
    Webhook("a stop word", inbound(" stop "), replies=[reply(" stop ", opt_out=True)]),
    Webhook("a start word", inbound("UNSTOP"), replies=[reply("UNSTOP", opt_out=False)]),
    Webhook("yes may mean anything", inbound("YES"), replies=[reply("YES")]),
    Webhook(
        "advanced opt-out, in any language",
        inbound("ARRÊT", OptOutType="STOP"),
        replies=[reply("ARRÊT", opt_out=True)],
    ),
    Webhook(
        "back by advanced opt-out",
        inbound("OUI", OptOutType="START"),
        replies=[reply("OUI", opt_out=False)],
    ),
    Webhook("help is no opt-out", inbound("STOP", OptOutType="HELP"), replies=[reply("STOP")]),
    Webhook("a sender that is no number", inbound("Hi", From="GOOGLE")),
    Webhook("another path", request(tail="/voice", form={"a": "b"}), expect=WebhookRejected),
)
