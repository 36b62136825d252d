"""The control room, for tests that run the emulator as a process of its own.

GET  /_emulator/state        counts: calls by operation, messages, duplicates, receipts
GET  /_emulator/duplicates   {phone: times} for content a phone got more than once
GET  /_emulator/messages     every message: phone, out_id, status (1 waiting, 2 failed, 3 delivered)
POST /_emulator/faults       {"fault", "operation"?, "times"?, "rate"?, "after"?, "code"?}; {} ends all faults
POST /_emulator/signs        {"name"}: an approved signature
POST /_emulator/templates    {"code", "content", "type"?}: an approved text template
POST /_emulator/reviews      {"code", "status", "reason"?, "carriers"?}
POST /_emulator/push         any field of PushSettings
POST /_emulator/approve      {}: approve every template under review
"""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from .account import APPROVED, PENDING
from .faults import refusing

if TYPE_CHECKING:
    from .server import Emulator


def answer(emulator: "Emulator", path: str, body: bytes) -> object:
    """Answer one control request. Raises KeyError, ValueError or TypeError for a wrong one."""
    return _ROOMS[path.removeprefix("/_emulator/")](emulator, json.loads(body or b"{}"))


def _state(emulator: "Emulator", _: dict[str, Any]) -> object:
    account, pusher = emulator.account, emulator.pusher
    return {
        "calls": dict(account.calls),
        "messages": len(account.messages),
        "phones": len(account.by_phone),
        "duplicates": len(account.duplicates()),
        "waiting": pusher.waiting(),
        "pushed": pusher.pushed,
        "acknowledged": pusher.acknowledged,
        "abandoned": pusher.abandoned,
        "push": asdict(emulator.push),
    }


def _messages(emulator: "Emulator", _: dict[str, Any]) -> object:
    with emulator.account.lock:
        return [
            {"phone": message.phone, "out_id": message.out_id, "status": message.status}
            for message in emulator.account.messages
        ]


def _faults(emulator: "Emulator", wish: dict[str, Any]) -> object:
    if not wish:
        emulator.plan.clear()
    else:
        fault = refusing(wish["code"]) if "code" in wish else wish["fault"]
        options = {name: wish[name] for name in ("operation", "times", "rate", "after") if name in wish}
        emulator.plan.add(fault, **options)
    return {"rules": len(emulator.plan.rules)}


def _signs(emulator: "Emulator", wish: dict[str, Any]) -> object:
    return {"name": emulator.account.approve_sign(wish["name"]).name}


def _templates(emulator: "Emulator", wish: dict[str, Any]) -> object:
    return {
        "code": emulator.account.approve_template(wish["code"], wish["content"], wish.get("type", 1)).code
    }


def _reviews(emulator: "Emulator", wish: dict[str, Any]) -> object:
    emulator.account.review(wish["code"], wish["status"], wish.get("reason", ""), wish.get("carriers"))
    return {"code": wish["code"]}


def _push(emulator: "Emulator", wish: dict[str, Any]) -> object:
    known = {item.name for item in fields(emulator.push)}
    if not wish.keys() <= known:
        raise ValueError(f"known are {sorted(known)}")
    for name, value in wish.items():
        setattr(emulator.push, name, value)
    return asdict(emulator.push)


def _approve_all(emulator: "Emulator", _: dict[str, Any]) -> object:
    templates = list(emulator.account.templates.values())
    waiting = [template.code for template in templates if template.status == PENDING]
    for code in waiting:
        emulator.account.review(code, APPROVED)
    return {"approved": waiting}


_ROOMS: dict[str, Callable[["Emulator", dict[str, Any]], object]] = {
    "state": _state,
    "duplicates": lambda emulator, _: emulator.account.duplicates(),
    "messages": _messages,
    "faults": _faults,
    "signs": _signs,
    "templates": _templates,
    "reviews": _reviews,
    "approve": _approve_all,
    "push": _push,
}
