"""The tests' own door, `/_emulator/...`: look inside, set faults, and make Twilio act."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from .server import Emulator

Given = Mapping[str, Any]


def answer(emulator: "Emulator", method: str, path: str, query: str, body: bytes) -> tuple[int, Any]:
    """Status and document for a request."""
    action = _ACTIONS.get((method, path.removeprefix("/_emulator/")))
    if action is None:
        return 404, {"actions": [" ".join(known) for known in _ACTIONS]}
    given = json.loads(body) if body else {name: values[0] for name, values in parse_qs(query).items()}
    result = action(emulator, given)
    return 200, {} if result is None else result


def _messages(emulator: "Emulator", given: Given) -> Any:
    with emulator.account.lock:
        shown = list(emulator.account.messages.values())[int(given.get("from", 0)) :]
    return [[one.sid, one.to, one.body, one.ref, one.status] for one in shown]


def _calls(emulator: "Emulator", given: Given) -> Any:
    posts = emulator.posts()
    return {"calls": len(emulator.calls), "posts": posts, "most_in_flight": emulator.most_in_flight}


def _callbacks(emulator: "Emulator", given: Given) -> Any:
    return {"quiet": emulator.callbacks.quiet(0.01), "failures": list(emulator.callbacks.failures)}


def _faults(emulator: "Emulator", given: Given) -> None:
    emulator.trouble.change(dict(given))


def _fates(emulator: "Emulator", given: Given) -> None:
    emulator.callbacks.fates = replace(emulator.callbacks.fates, **given)


def _status(emulator: "Emulator", given: Given) -> None:
    emulator.callbacks.reach(given["sid"], given["status"], given.get("error_code"))


def _inbound(emulator: "Emulator", given: Given) -> Any:
    fields = {name: value for name, value in given.items() if name != "url"}
    return {"status": emulator.inbound(given["url"], **fields)}


_ACTIONS: Mapping[tuple[str, str], Callable[["Emulator", Given], Any]] = {
    ("GET", "duplicates"): lambda emulator, given: emulator.account.duplicates(),
    ("GET", "messages"): _messages,
    ("GET", "calls"): _calls,
    ("GET", "callbacks"): _callbacks,
    ("POST", "faults"): _faults,
    ("POST", "fates"): _fates,
    ("POST", "rules"): lambda emulator, given: emulator.account.rules.update(given),
    ("POST", "status"): _status,
    ("POST", "inbound"): _inbound,
}
