"""What goes over the wire: requests the plugin makes, and Twilio's answers to them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.plugin import (
    Batch,
    DeliveryReceipt,
    MessageStatus,
    MoMessage,
    PendingMessage,
    TemplateType,
    WebhookRequest,
    from_vendor,
)
from bridge.testing import (
    Exchange,
    Lost,
    Reply,
    batch,
    digital_template,
    page_window,
    request,
)
from bridge.testing.table.samples import NOW

from ..emulator.account import ACCOUNT_SID, NUMBER, SERVICE_SID
from ..samples import HOOK

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
SID = "SM" + "1" * 32
OTHER_SID = "SM" + "2" * 32
CONTENT_SID = "HX" + "1" * 32
OLD_SID = "HX" + "2" * 32
OLDER_SID = "HX" + "3" * 32
INTERNATIONAL = TemplateType.INTERNATIONAL
PICTURE = "https://media.example.com/picture.jpg"


def form(ref: str, to: str, **fields: str) -> dict[str, str]:
    """Return the form of one message."""
    callback = f"{HOOK}/status?m={ref}&b=c1#rc=3&rp=all"
    own = {"MessagingServiceSid": SERVICE_SID, "ValidityPeriod": "14400", "StatusCallback": callback}
    return {"To": to, **own, **fields}


def post(ref: str, to: str, reply: Reply | Lost, **fields: str) -> Exchange:
    return Exchange("POST", MESSAGES, reply, form=form(ref, to, **fields))


def created(sid: str = SID, status: str = "accepted") -> Reply:
    return Reply(201, json={"sid": sid, "status": status, "num_segments": "0"})


def failed(code: int, status: int = 400) -> Reply:
    return Reply(
        status, json={"code": code, "message": f"The number +8613800138000: {code}", "status": status}
    )


def one(**fields: Any) -> Batch:
    return batch(["13800138000"], **fields)


def listed(sid: str, body: str, age_s: int = 0, sender: str = "", **fields: Any) -> dict[str, Any]:
    moment = (NOW + timedelta(seconds=age_s)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return {
        "sid": sid,
        "body": body,
        "from": sender,
        "messaging_service_sid": SERVICE_SID,
        "direction": "outbound-api",
        "num_media": "0",
        "status": "sent",
        "error_code": None,
        "date_created": moment,
        "date_updated": moment,
        **fields,
    }


def listing(*messages: dict[str, Any]) -> Reply:
    return Reply(json={"messages": list(messages), "page": 0, "page_size": 50, "next_page_uri": None})


def look_up(to: str, reply: Reply | Lost) -> Exchange:
    return Exchange("GET", MESSAGES, reply, query={"To": to, "PageSize": "50"})


def v1(key: str, *rows: dict[str, Any]) -> Reply:
    return Reply(json={key: list(rows), "meta": {"key": key, "next_page_url": None}})


def service(reply: Reply | None = None) -> Exchange:
    found = Reply(json={"sid": SERVICE_SID, "date_created": "2026-01-02T03:04:05Z"})
    return Exchange("GET", f"/v1/Services/{SERVICE_SID}", reply or found)


def campaigns(*rows: dict[str, Any]) -> Exchange:
    return Exchange("GET", f"/v1/Services/{SERVICE_SID}/Compliance/Usa2p", v1("compliance", *rows))


def ask() -> Exchange:
    return Exchange("GET", MESSAGES, listing(), query={"PageSize": "1"})


def callback(status: str, query: str = "m=m1&b=c1", **fields: str) -> WebhookRequest:
    given = {"MessageSid": SID, "MessageStatus": status, "To": "+8613800138000", "AccountSid": ACCOUNT_SID}
    return raw(request(tail="/status", form={**given, **fields}), query)


def typed(content_type: str) -> WebhookRequest:
    """Return a status callback that says this of its body."""
    plain = callback("delivered")
    return replace(plain, headers={**plain.headers, "content-type": content_type})


def inbound(body: str, **fields: str) -> WebhookRequest:
    given = {"MessageSid": SID, "From": "+8613800138000", "To": NUMBER, "Body": body, "NumMedia": "0"}
    return request(tail="/inbound", form={**given, **fields})


def raw(plain: WebhookRequest, query: str) -> WebhookRequest:
    return replace(plain, query=query.encode(), url=f"{plain.url}?{query}")


def receipt(status: MessageStatus, code: str, reason: str = "", **fields: Any) -> DeliveryReceipt:
    return DeliveryReceipt(status, "m1", "c1", SID, from_vendor("+8613800138000"), code, reason, **fields)


def reply(content: str, **fields: Any) -> MoMessage:
    return MoMessage(from_vendor("+8613800138000"), content, None, SID, **{"sign_name": "Bell", **fields})


def content_form(body: str, *names: str) -> dict[str, Any]:
    variables = {str(number): name for number, name in enumerate(names, 1)}
    types = {"twilio/text": {"body": body}}
    return {"friendly_name": "code", "variables": variables, "language": "zh_CN", "types": types}


def publish(reply: Reply, body: str = "Your code is {{1}}", *names: str) -> Exchange:
    return Exchange("POST", "/v1/Content", reply, json=content_form(body, *(names or ("code",))))


def approve(reply: Reply, category: str = "UTILITY") -> Exchange:
    return Exchange(
        "POST",
        f"/v1/Content/{CONTENT_SID}/ApprovalRequests/whatsapp",
        reply,
        json={"name": "t_1_11111111", "category": category},
    )


def delete(sid: str, status: int = 204) -> Exchange:
    return Exchange("DELETE", f"/v1/Content/{sid}", Reply(status, text=""))


def picture(size: int = 1000, kind: str = "image/jpeg", status: int = 200) -> Exchange:
    return Exchange("GET", PICTURE, Reply(status, text="x" * size, headers={"Content-Type": kind}))


MADE = Reply(201, json={"sid": CONTENT_SID})
MMS = digital_template(type=INTERNATIONAL, state="")
CONTENT = {"template_mode": "content"}
WHATSAPP = {
    "template_mode": "whatsapp",
    "senders": {"Acme": {"from": f"whatsapp:{NUMBER}"}},
}
PENDING = page_window(
    until=datetime(2026, 11, 2, 4, 0, tzinfo=UTC),
    pending=[PendingMessage("m1", "c1", SID, from_vendor("+8613800138000"), NOW - timedelta(hours=5))],
)
