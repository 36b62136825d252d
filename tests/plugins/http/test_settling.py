"""What becomes of messages whose outcome is unknown: looked up, or repeated under a key, never guessed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.plugin import Outcome, OutcomeUnknown, VendorUnavailable
from bridge_http.answer.errors import VendorAnswer
from bridge_http.request.building import Built

from .making import NOW, Script, answer, batch_of, vendor_for
from .test_sending import MANY, OK, VALUES, A, N, R, U, numbers, recipe

IDEMPOTENT = '[batch]\nmode = "per_recipient_vars"\nmax = 100\nidempotency = { keep_hours = 11 }\n'
KEY = 'key = "{{ idempotency.text }}"\nnumber = "=idempotency.int31"\n'


def test_an_unanswered_call_is_repeated_once_under_its_key(tmp_path: Path) -> None:
    """The repeat has the key of the first call, also when a receipt has settled some of its messages."""
    script = Script(OutcomeUnknown("lost"), OK)
    vendor = vendor_for(recipe(tmp_path, IDEMPOTENT, KEY), script, now=lambda: NOW + 3600)
    called = datetime.fromtimestamp(NOW, UTC)
    batch = batch_of(*VALUES[:3], called_at=called)
    assert [r.outcome for r in vendor.send_batch(vendor.channel, batch)] == [U, U, U]
    fewer = batch_of(*VALUES[:2], called_at=called)
    assert [r.outcome for r in vendor.reconcile_batch(vendor.channel, fewer)] == [A, A]
    first, second = (json.loads(built.body) for built in script.built)
    assert (first["key"], first["number"]) == (second["key"], second["number"])
    assert 0 <= first["number"] < 2**31
    assert vendor.repeats(fewer)


# A key is kept for 11 hours. Seconds since the call by the clock that asks, and whether it is repeated: it
# may be a minute behind the clock that called, and the repeat itself may take a minute.
AGES = [(0, True), (11 * 3600 - 121, True), (11 * 3600 - 120, False), (11 * 3600, False), (-1, False)]


@pytest.mark.parametrize(("age_s", "kept"), AGES)
def test_a_key_the_vendor_may_have_forgotten_is_not_used(tmp_path: Path, age_s: float, kept: bool) -> None:
    """After keep_hours a repeat could send twice: the messages stay unknown."""
    script = Script(OK)
    vendor = vendor_for(recipe(tmp_path, IDEMPOTENT, KEY), script)
    old = batch_of(*VALUES[:2], called_at=datetime.fromtimestamp(NOW, UTC) - timedelta(seconds=age_s))
    assert [r.outcome for r in vendor.reconcile_batch(vendor.channel, old)] == [A if kept else U] * 2
    assert len(script.built) == int(kept)
    assert vendor.repeats(old) is (kept or age_s < 0)


LOOKUP = """
[operations.reconcile_batch.request]
path = "/find"
json = {{ refs = "=recipients | map(attribute='ref') | list" }}
[operations.reconcile_batch.response]
accepted = [{{ path = "body.ok", in = ["true"] }}]
items = {{ path = "body.list", match = "ref", ref = "ref", id = "id", absent = "{absent}",
          ok = [{{ path = "state", in = ["sent"] }}], code = "state" }}
[errors]
busy = {{ class = "throttled" }}
bad = {{ class = "rejected" }}
"""
FOUND = '{"ok": true, "list": [{"ref": "m1", "id": 7, "state": "sent"}, {"ref": "m2", "state": "bad"}]}'

# (absent, answer, outcomes of three messages)
LOOKUPS = [
    ("unknown", answer(FOUND), [A, R, U]),
    ("not_sent", answer(FOUND), [A, R, N]),
    ("not_sent", answer('{"ok": true, "list": [{"ref": "m1", "state": "busy"}]}'), [U, N, N]),
    ("not_sent", answer('{"ok": true}'), [N, N, N]),
    ("not_sent", answer('{"ok": false, "code": "x"}'), [U, U, U]),
    ("not_sent", answer("", 401), [U, U, U]),
    ("not_sent", answer("", 404), [U, U, U]),
    ("not_sent", answer("", 429), [U, U, U]),
    ("not_sent", answer("<html>", 502), [U, U, U]),
    ("not_sent", VendorUnavailable("no contact"), [U, U, U]),
    ("not_sent", OutcomeUnknown("lost"), [U, U, U]),
]


@pytest.mark.parametrize(("absent", "given", "outcomes"), LOOKUPS)
def test_only_proof_settles_an_unknown_message(
    tmp_path: Path, absent: str, given: Any, outcomes: list[Outcome]
) -> None:
    """A question that fails says nothing about the messages it asked for."""
    path = recipe(tmp_path, MANY + LOOKUP.replace("\n          ok", " ok").format(absent=absent))
    vendor = vendor_for(path, Script(given))
    results = vendor.reconcile_batch(vendor.channel, batch_of(*VALUES[:3]))
    assert [result.outcome for result in results] == outcomes


BY_NUMBER = """
[operations.reconcile_batch]
each = "message"
[operations.reconcile_batch.request]
path = "/find"
json = { to = "=recipients | map(attribute='phone') | list" }
[operations.reconcile_batch.response]
accepted = [{ path = "status", in = ["200"] }]
items = { path = "body", match = "phone", phone = "to", id = "id", batch_ref = "ours" }
"""


def test_a_look_up_may_ask_for_one_message_at_a_time(tmp_path: Path) -> None:
    """Among the messages to a number only the one with the call's own reference is proof."""

    def found(built: Built) -> VendorAnswer:
        (number,) = numbers(built)
        ours = {"+8613800138000": ["b0", "b1"], "+8613800138001": ["b0"]}.get(number, [])
        return answer(json.dumps([{"to": number, "id": f"{ref}-id", "ours": ref} for ref in ours]))

    script = Script(found)
    vendor = vendor_for(recipe(tmp_path, MANY + BY_NUMBER), script)
    results = vendor.reconcile_batch(vendor.channel, batch_of(*VALUES[:3]))
    assert [(result.outcome, result.vendor_id) for result in results] == [(A, "b1-id"), (U, ""), (U, "")]
    assert len(script.built) == 3


ONE_EACH = """
[operations.reconcile_batch]
each = "message"
[operations.reconcile_batch.request]
method = "GET"
path = "/messages/{{ r.ref }}"
[operations.reconcile_batch.response]
accepted = [{ path = "status", in = ["200"] }, { path = "body.id", present = true }]
"""


def test_an_answer_about_one_message_has_items_too(tmp_path: Path) -> None:
    """Told in the fault: an id of the batch says nothing of a message; the form that it names is taken."""
    told = r'reconcile_batch\.response\.items: is missing.* give path = "body", match = "single" and id'
    with pytest.raises(ValidationError, match=told):
        vendor_for(recipe(tmp_path, MANY + ONE_EACH + 'batch_id = "body.id"\n'), Script())
    named = 'items = { path = "body", match = "single", id = "id" }\n'
    script = Script(answer('{"id": "v1"}'), answer("", 404))
    vendor = vendor_for(recipe(tmp_path, MANY + ONE_EACH + named), script)
    results = vendor.reconcile_batch(vendor.channel, batch_of(*VALUES[:2]))
    assert [(result.outcome, result.vendor_id) for result in results] == [(A, "v1"), (U, "")]


@pytest.mark.parametrize("given", [VendorUnavailable("no contact"), answer("", 429), answer("", 401)])
def test_a_repeat_that_is_refused_settles_nothing(tmp_path: Path, given: Any) -> None:
    """The first call may still have been taken: not sent is never concluded from the second."""
    vendor = vendor_for(recipe(tmp_path, IDEMPOTENT, KEY), Script(given))
    results = vendor.reconcile_batch(vendor.channel, batch_of(*VALUES[:2]))
    assert [result.outcome for result in results] == [U, U]


def test_keys_differ_between_calls(tmp_path: Path) -> None:
    """Two calls of a batch, or of two batches, never share a key."""
    script = Script(OK)
    rule = '[batch]\nmode = "same_vars"\nmax = 100\nidempotency = { keep_hours = 11 }\n'
    vendor = vendor_for(recipe(tmp_path, rule, KEY), script)
    vendor.send_batch(vendor.channel, batch_of(*VALUES[:2]))
    first, second = (json.loads(built.body) for built in script.built)
    assert first["key"] != second["key"]
    assert first["number"] != second["number"]
