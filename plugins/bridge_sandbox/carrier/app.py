"""The carrier's HTTP interface. README.md beside the plugin lists its calls."""

import base64
import binascii
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from .faults import BEFORE, FaultRates, FaultyDay
from .pushing import WebhookPusher, entries
from .record import Call, CarrierAccount, CarrierStore, Posting
from .rules import MAX_MEDIA_BYTES, CallRefused, Letter, Profile, fate, review
from .server import FAULT

MAX_MESSAGES = 1000
_EARLY_WAIT_S = 5.0
_GATEWAY_PAGE = "<html><body><h1>{}</h1></body></html>"
_KINDS = {"text", "digital"}
_ENDS = {"lost_answer": "close", "hang": "hang", "reset_after": "reset"}
_TYPES = {"captcha", "notification", "promotion", "international"}

Reply = dict[str, Any]


class CarrierApp:
    """The carrier behind its HTTP interface: `app` is the WSGI application."""

    def __init__(self, record: CarrierStore, day: FaultyDay, clock: Callable[[], float] = time.time) -> None:
        self.record = record
        self.day = day
        self.clock = clock
        self.pusher = WebhookPusher(record, day, clock)
        self.app = Flask(__name__)
        self._opening = threading.Lock()
        self._route()

    def start(self) -> None:
        """Go on pushing what an earlier process left."""
        for account in self.record.accounts():
            self.pusher.start(account)

    def close(self) -> None:
        """Stop pushing and close the record."""
        self.pusher.stop()
        self.record.close()

    def _route(self) -> None:
        rules: list[tuple[str, str, Callable[..., Any]]] = [
            ("PUT", "/accounts/<name>", self._register),
            ("GET", "/accounts/<name>", self._served(self._show_account)),
            ("GET", "/accounts/<name>/signs", self._served(self._show_sign)),
            ("POST", "/accounts/<name>/templates", self._served(self._write_template)),
            ("PUT", "/accounts/<name>/templates/<int:number>", self._served(self._write_template)),
            ("GET", "/accounts/<name>/templates/<int:number>", self._served(self._show_template)),
            ("DELETE", "/accounts/<name>/templates/<int:number>", self._served(self._delete_template)),
            ("GET", "/accounts/<name>/messages", self._served(self._find_messages)),
            ("POST", "/accounts/<name>/messages", self._send),
            ("GET", "/accounts/<name>/reports", self._served(self._reports)),
            ("GET", "/faults", lambda: self.day.state()),
            ("PUT", "/faults", self._change_faults),
            ("GET", "/record/summary", lambda: self.record.summary(request.args.get("account", ""))),
            ("GET", "/record/messages", self._listing),
        ]
        for method, path, view in rules:
            self.app.add_url_rule(path, f"{method} {path}", view, methods=[method])
        self.app.register_error_handler(
            CallRefused, lambda error: _refused(error.status, error.code, error.message)
        )
        self.app.register_error_handler(
            HTTPException, lambda error: _refused(error.code or 500, error.name.upper(), error.name)
        )

    # Accounts

    def _register(self, name: str) -> Reply:
        key = _bearer()
        with self._opening:
            known = self.record.account(name)
            if not key or (known and not hmac.compare_digest(known.key.encode(), key.encode())):
                raise CallRefused(401, "BAD_KEY", "The key does not belong to this account.")
            account = self.record.register(name, key, _readable(Profile.parse, _body()), self.clock())
        self.pusher.start(account)
        return _shown(account)

    def _account(self, name: str) -> CarrierAccount:
        account = self.record.account(name)
        if account is None or not hmac.compare_digest(account.key.encode(), _bearer().encode()):
            raise CallRefused(401, "BAD_KEY", "The account is unknown or the key does not belong to it.")
        if account.profile.latency_s:
            time.sleep(account.profile.latency_s)
        return account

    def _served(self, view: Callable[..., Any]) -> Callable[..., Any]:
        def serve(name: str, **values: Any) -> Any:
            account = self._account(name)
            if self.day.strikes("error_elsewhere"):
                return _page(503, "Service Unavailable")
            return view(account, **values)

        return serve

    def _show_account(self, account: CarrierAccount) -> Reply:
        return _shown(account)

    # Signatures and templates

    def _show_sign(self, account: CarrierAccount) -> Reply:
        return self._sign(account, request.args.get("name", ""))

    def _sign(self, account: CarrierAccount, sign: str) -> Reply:
        if not sign or "unknown" in sign.lower():
            raise CallRefused(404, "UNKNOWN_SIGN", "The signature is not filed with this account.")
        due = self.clock() >= account.opened_at + account.profile.review_delay_s
        return {"sign": sign, "created_at": account.opened_at, **review(sign, due)}

    def _write_template(self, account: CarrierAccount, number: int = 0) -> Reply:
        values = _template(_body())
        number = self.record.write_template(account, values, self.clock(), number)
        self.pusher.wake()
        return self._show_template(account, number)

    def _show_template(self, account: CarrierAccount, number: int) -> Reply:
        template = self._template(account, number)
        shown = {name: template[name] for name in ("created_at", "content")}
        return {"template": str(number), **shown, **template["review"]}

    def _template(self, account: CarrierAccount, number: int) -> dict[str, Any]:
        template = self.record.template(account, number, self.clock())
        if template is None:
            raise CallRefused(404, "UNKNOWN_TEMPLATE", "The account has no such template.")
        return template

    def _delete_template(self, account: CarrierAccount, number: int) -> Reply:
        if not self.record.delete_template(account, number):
            raise CallRefused(404, "UNKNOWN_TEMPLATE", "The account has no such template.")
        return {"deleted": True}

    # Messages

    def _send(self, name: str) -> Any:
        account = self._account(name)
        fault = self.day.strike_send()
        if fault in BEFORE:
            return _unsent(fault)
        answer = self._accept(account, _body())
        return _spoilt(fault, answer) if fault else answer

    def _accept(self, account: CarrierAccount, body: Mapping[str, Any]) -> Reply:
        messages = _messages(body)
        now = self.clock()
        if now > _readable(float, body.get("valid_until", now)):
            raise CallRefused(409, "CALL_EXPIRED", "The call came after the time until which it is valid.")
        sign = str(body.get("sign", ""))
        if self._sign(account, sign)["status"] != "approved":
            raise CallRefused(422, "SIGN_NOT_APPROVED", "The signature is not approved.")
        template = self._template(account, _readable(int, body.get("template", 0)))
        if template["review"]["status"] not in ("approved", "partial"):
            raise CallRefused(422, "TEMPLATE_NOT_APPROVED", "The template is not approved.")
        blocked = self.record.opted_out(account, sign, (message["to"] for message in messages), now)
        answers, taken = _judge(messages, Letter(template, sign, blocked), account.profile)
        early = bool(taken) and self.day.strikes("receipts_early")
        due = now if early else now + account.profile.receipt_delay_s
        call = Call(str(body.get("batch_ref", "")), sign, template["id"], now, due)
        first = self.record.accept(account, call, [posting for _, posting in taken])
        for offset, (index, _) in enumerate(taken):
            answers[index] = {"id": str(first + offset)}
        self.pusher.wake()
        if early and account.profile.webhook:
            self.pusher.wait_until(lambda: self.record.is_reported(first), _EARLY_WAIT_S)
        return {"results": answers}

    def _find_messages(self, account: CarrierAccount) -> Reply:
        batch_ref = request.args.get("batch_ref", "")
        message_ref = request.args.get("message_ref", "")
        now = self.clock()
        rows = self.record.find(account, batch_ref, message_ref)
        return {
            "now": now,
            "messages": [{"id": str(row["id"]), "ref": row["ref"], "to": row["number"]} for row in rows],
        }

    def _reports(self, account: CarrierAccount) -> Reply:
        after = int(request.args.get("cursor") or 0)
        limit = min(int(request.args.get("limit") or 500), 500)
        rows, more = self.record.page(account, after, self.clock(), limit)
        found = entries(rows)
        return {
            "receipts": [entry for kind, entry in found if kind == "receipts"],
            "replies": [entry for kind, entry in found if kind == "replies"],
            "cursor": str(rows[-1]["id"] if rows else after),
            "more": more,
        }

    # For tests

    def _change_faults(self) -> Reply:
        self.day.change(_readable(FaultRates.parse, _body()))
        return self.day.state()

    def _listing(self) -> Reply:
        after = int(request.args.get("after") or 0)
        limit = min(int(request.args.get("limit") or 1000), 10_000)
        rows = self.record.listing(request.args.get("account", ""), after, limit)
        return {
            "messages": [dict(row) for row in rows],
            "next": rows[-1]["id"] if len(rows) == limit else None,
        }


def _bearer() -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()


def _body() -> dict[str, Any]:
    body = _readable(json.loads, request.get_data())
    if not isinstance(body, dict):
        raise CallRefused(400, "BAD_REQUEST", "The body is not a JSON object.")
    return body


def _readable(read: Callable[[Any], Any], raw: Any) -> Any:
    try:
        return read(raw)
    except (ValueError, TypeError) as error:
        raise CallRefused(400, "BAD_REQUEST", str(error)) from None


def _refused(status: int, code: str, message: str) -> Response:
    body = json.dumps({"error": {"code": code, "message": message}})
    return Response(body, status, mimetype="application/json")


def _page(status: int, title: str) -> Response:
    return Response(_GATEWAY_PAGE.format(title), status, mimetype="text/html")


def _unsent(fault: str) -> Response:
    if fault == "throttle":
        throttled = _refused(429, "THROTTLED", "Too many calls.")
        throttled.headers["Retry-After"] = "1"
        return throttled
    if fault == "error_before":
        return _page(503, "Service Unavailable")
    return Response(headers={FAULT: "reset"})


def _spoilt(fault: str, answer: Reply) -> Response:
    if fault == "error_after":
        return _page(502, "Bad Gateway")
    if fault == "garbled_after":
        return Response(json.dumps(answer)[:-9], mimetype="application/json")
    return Response(headers={FAULT: _ENDS[fault]})


def _shown(account: CarrierAccount) -> Reply:
    return {"account": account.name, "opened_at": account.opened_at, "profile": asdict(account.profile)}


def _template(body: Mapping[str, Any]) -> dict[str, str]:
    parts = body.get("parts", [])
    if body.get("kind") not in _KINDS or body.get("type") not in _TYPES or not body.get("name"):
        raise CallRefused(400, "BAD_REQUEST", "A template needs a kind, a type and a name.")
    texts = [str(part.get("text", "")) for part in parts if part.get("suffix") == "txt"]
    media = [_medium(part) for part in parts if part.get("suffix") != "txt"]
    if body["kind"] == "digital" and not media:
        raise CallRefused(422, "NO_MEDIA", "A digital template needs a picture, sound or video.")
    if sum(size for _, size, _ in media) > MAX_MEDIA_BYTES:
        raise CallRefused(422, "MEDIA_TOO_LARGE", "The media of a digital template are limited to 1900 KB.")
    content = "\n".join(texts) if body["kind"] == "digital" else str(body.get("content", ""))
    if body["kind"] == "text" and not content:
        raise CallRefused(422, "NO_CONTENT", "A text template needs a content.")
    return {
        "kind": body["kind"],
        "type": body["type"],
        "name": str(body["name"]),
        "sign": str(body.get("sign", "")),
        "content": content,
        "media": json.dumps(media),
    }


def _medium(part: Mapping[str, Any]) -> tuple[str, int, str]:
    try:
        data = base64.b64decode(part.get("data", ""), validate=True)
    except binascii.Error:
        raise CallRefused(400, "BAD_REQUEST", "A medium's data is not base64.") from None
    return str(part.get("suffix", "")), len(data), hashlib.sha256(data).hexdigest()


def _messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = body.get("messages") or []
    try:
        numbers = {str(message["to"]) for message in messages}
    except (TypeError, KeyError):
        raise CallRefused(400, "BAD_REQUEST", "A message has no number.") from None
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise CallRefused(422, "TOO_MANY_MESSAGES", f"A call carries 1 to {MAX_MESSAGES} messages.")
    if len(numbers) != len(messages):
        raise CallRefused(422, "DUPLICATE_NUMBER", "A number occurs twice in the call.")
    return messages


def _judge(
    messages: list[dict[str, Any]], letter: Letter, profile: Profile
) -> tuple[list[Reply], list[tuple[int, Posting]]]:
    answers: list[Reply] = [{}] * len(messages)
    taken: list[tuple[int, Posting]] = []
    for index, message in enumerate(messages):
        number = message["to"]
        refusal = letter.refusal(number)
        if refusal is None:
            try:
                text = letter.text(message.get("params") or {})
            except KeyError as missing:
                refusal = "MISSING_VARIABLE", f"The variable {missing.args[0]} has no value."
            else:
                if letter.too_long(text):
                    refusal = "TOO_LONG", "The text is longer than 500 characters."
        if refusal is None:
            taken.append((index, Posting(message.get("ref", ""), number, text, fate(profile, number))))
        else:
            answers[index] = {"code": refusal[0], "reason": refusal[1]}
    return answers, taken
