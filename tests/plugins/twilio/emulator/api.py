"""The endpoints: a table of method and path, and what each answers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from . import answers
from .account import Account, Misunderstood, Refused

_CONTENT_TYPES: Mapping[str, tuple[set[str], set[str]]] = {
    "twilio/text": ({"body"}, {"body"}),
    "twilio/media": ({"media"}, {"media", "body"}),
    "whatsapp/authentication": (
        {"actions"},
        {"actions", "add_security_recommendation", "code_expiration_minutes"},
    ),
}

_MESSAGE_FIELDS = {
    "To",
    "From",
    "MessagingServiceSid",
    "Body",
    "MediaUrl",
    "ContentSid",
    "ContentVariables",
    "StatusCallback",
    "ValidityPeriod",
}


@dataclass
class Call:
    """A request, read."""

    account: Account
    query: Mapping[str, str]
    form: Mapping[str, list[str]]
    json: Any
    path: str


Answer = tuple[int, Any]
Route = Callable[..., Answer]
ROUTES: list[tuple[str, re.Pattern[str], Route]] = []


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    """Put a function into the table."""

    def enter(function: Route) -> Route:
        ROUTES.append((method, re.compile(pattern), function))
        return function

    return enter


def answer(method: str, path: str, query: str, content_type: str, body: bytes, account: Account) -> Answer:
    """Find the endpoint and ask it. Raises Refused."""
    for known, pattern, function in ROUTES:
        match = pattern.fullmatch(path)
        if match and known == method:
            call = _read(path, query, content_type, body, account, path.startswith("/v1/Content"))
            return function(call, **match.groupdict())
    raise Misunderstood(20404, f"The requested resource {path} was not found", 404)


def _read(path: str, query: str, content_type: str, body: bytes, account: Account, wants_json: bool) -> Call:
    fields = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
    form: Mapping[str, list[str]] = {}
    document = None
    if body and wants_json:
        if not content_type.startswith("application/json"):
            raise Misunderstood(20001, "Content takes JSON", 415)
        document = json.loads(body)
    elif body:
        if not content_type.startswith("application/x-www-form-urlencoded"):
            raise Misunderstood(20001, "This resource takes forms", 415)
        form = parse_qs(body.decode(), keep_blank_values=True)
    return Call(account, fields, form, document, path)


@route("POST", r"/2010-04-01/Accounts/(?P<sid>AC\w+)/Messages\.json")
def create_message(call: Call, sid: str) -> Answer:
    _own(call, sid)
    strange = set(call.form) - _MESSAGE_FIELDS
    if strange:
        raise Misunderstood(20001, f"Messages have no fields {strange}")
    message = call.account.create(call.form)
    return 201, answers.message(sid, message)


@route("GET", r"/2010-04-01/Accounts/(?P<sid>AC\w+)/Messages\.json")
def list_messages(call: Call, sid: str) -> Answer:
    _own(call, sid)
    paging = answers.Paging.read(call.path, call.query, most=1000)
    found = call.account.messages_to(call.query.get("To", ""))
    shown = [answers.message(sid, one) for one in paging.shown(found)]
    return 200, answers.page_2010("messages", shown, len(found), paging)


@route("GET", r"/2010-04-01/Accounts/(?P<sid>AC\w+)/Messages/(?P<message>(SM|MM)[0-9a-f]{32})\.json")
def fetch_message(call: Call, sid: str, message: str) -> Answer:
    _own(call, sid)
    return 200, answers.message(sid, _known(call.account.messages, message))


@route("GET", r"/2010-04-01/Accounts/(?P<sid>AC\w+)/IncomingPhoneNumbers\.json")
def list_numbers(call: Call, sid: str) -> Answer:
    _own(call, sid)
    wanted = call.query.get("PhoneNumber", "")
    rows = [
        {"sid": number_sid, "phone_number": number, "account_sid": sid}
        for number, number_sid in call.account.numbers.items()
        if wanted in number
    ]
    return 200, answers.page_2010(
        "incoming_phone_numbers", rows, len(rows), answers.Paging.read(call.path, call.query, most=1000)
    )


@route("GET", r"/v1/Services/(?P<sid>MG\w+)")
def fetch_service(call: Call, sid: str) -> Answer:
    return 200, answers.service(call.account.sid, _known(call.account.services, sid))


@route("GET", r"/v1/Services/(?P<sid>MG\w+)/Compliance/Usa2p")
def list_campaigns(call: Call, sid: str) -> Answer:
    campaigns = _known(call.account.services, sid).campaigns
    return 200, _v1_page(call, "messaging.twilio.com", "compliance", campaigns)


@route("GET", r"/v1/Services/(?P<sid>MG\w+)/AlphaSenders")
def list_alpha_senders(call: Call, sid: str) -> Answer:
    rows = [
        {"sid": f"AI{index:032x}", "service_sid": sid, "alpha_sender": name, "capabilities": ["SMS"]}
        for index, name in enumerate(_known(call.account.services, sid).alpha_senders)
    ]
    return 200, _v1_page(call, "messaging.twilio.com", "alpha_senders", rows)


@route("GET", r"/v1/a2p/BrandRegistrations/(?P<sid>BN\w+)")
def fetch_brand(call: Call, sid: str) -> Answer:
    return 200, _known(call.account.brands, sid)


@route("GET", r"/v1/Tollfree/Verifications")
def list_verifications(call: Call) -> Answer:
    wanted = call.query.get("TollfreePhoneNumberSid")
    rows = [one for one in call.account.verifications if wanted in (None, one["tollfree_phone_number_sid"])]
    return 200, _v1_page(call, "messaging.twilio.com", "verifications", rows)


@route("POST", r"/v1/Content")
def create_content(call: Call) -> Answer:
    _check_content(call.json)
    sid = call.account.new_sid("HX")
    moment = answers.iso(call.account.now())
    content = {**call.json, "sid": sid, "date_created": moment, "date_updated": moment}
    content.setdefault("variables", {})
    call.account.contents[sid] = content
    return 201, content


@route("GET", r"/v1/Content/(?P<sid>HX\w+)")
def fetch_content(call: Call, sid: str) -> Answer:
    return 200, _known(call.account.contents, sid)


@route("DELETE", r"/v1/Content/(?P<sid>HX\w+)")
def delete_content(call: Call, sid: str) -> Answer:
    _known(call.account.contents, sid)
    del call.account.contents[sid]
    call.account.approvals.pop(sid, None)
    return 204, None


@route("POST", r"/v1/Content/(?P<sid>HX\w+)/ApprovalRequests/whatsapp")
def submit_approval(call: Call, sid: str) -> Answer:
    _known(call.account.contents, sid)
    name, category = call.json.get("name", ""), call.json.get("category", "")
    if not re.fullmatch(r"[a-z0-9_]{1,512}", name):
        raise Refused(20001, "name may hold lower case letters, digits and underscores only")
    if category not in ("AUTHENTICATION", "UTILITY", "MARKETING"):
        raise Refused(20001, "category is not recognized")
    if any(one["name"] == name for one in call.account.approvals.values()):
        raise Refused(20001, "name is in use")
    approval = {
        "type": "whatsapp",
        "name": name,
        "category": category,
        "content_type": next(iter(call.account.contents[sid]["types"])),
        "status": "received",
        "rejection_reason": "",
        "allow_category_change": True,
    }
    call.account.approvals[sid] = approval
    return 201, approval


@route("GET", r"/v1/Content/(?P<sid>HX\w+)/ApprovalRequests")
def fetch_approval(call: Call, sid: str) -> Answer:
    _known(call.account.contents, sid)
    return 200, {"sid": sid, "account_sid": call.account.sid, "whatsapp": call.account.approvals.get(sid)}


def _check_content(document: Any) -> None:
    if not isinstance(document, dict) or not document.get("language") or not document.get("types"):
        raise Refused(20001, "language and types are required")
    variables = document.get("variables", {})
    if not all(isinstance(value, str) for value in variables.values()):
        raise Refused(20001, "variables are strings")
    for name, fields in document["types"].items():
        required, known = _CONTENT_TYPES.get(name, (set(), set()))
        if not required or not required <= set(fields) <= known:
            raise Refused(20001, f"{name} is not a content type with these fields")


def _own(call: Call, sid: str) -> None:
    if sid != call.account.sid:
        raise Refused(20404, "The requested account was not found", 404)


def _known(table: Mapping[str, Any], key: str) -> Any:
    if key not in table:
        raise Refused(20404, f"The requested resource {key} was not found", 404)
    return table[key]


def _v1_page(call: Call, host: str, key: str, rows: list[Any]) -> Any:
    return answers.page_v1(host, key, rows, answers.Paging.read(call.path, call.query, most=100))
