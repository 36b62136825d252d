# ruff: noqa: E501 - each answer is a row
"""Answers that name only some: refused numbers in a list of their own, failures alone; and other traps."""

from typing import Any

import pytest

from bridge.plugin import Outcome
from bridge_http.faults import RecipeFaults

from .making import HEAD, SEND, Script, answer, batch_of, compiled, vendor_for

INDEXED = (
    SEND
    + """
[operations.send_batch.response.items]
path = "body.ids[].{id: @}"
match = "index"
id = "id"
refused = "body.bad"
"""
)
FAILURES = (
    SEND
    + """
[operations.send_batch.response.items]
path = "body.failed"
match = "ref"
ref = "ref"
absent = "accepted"
ok = [{ path = "code", in = ["0"] }]
code = "code"
[errors]
7 = { class = "rejected" }
"""
)
TAKEN = FAILURES.replace("[errors]", 'taken = "body.taken"\n[errors]')
"""The answer says how many were taken."""

EACH = (
    FAILURES.replace('"body.failed"', '"body.all"')
    .replace('absent = "accepted"', 'id = "id"')
    .replace("[errors]", '[errors]\n9 = { class = "account" }')
)
"""A code for the whole call, and one for each number, which decides as soon as any was taken."""
BATCH = '[batch]\nmode = "per_recipient_text"\nmax = 10\n'
ACCEPTED, REJECTED, UNKNOWN, NOT_SENT = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN, Outcome.NOT_SENT

# (recipe, answer, outcome and id of each of two)
ANSWERS: list[tuple[str, str, list[tuple[Outcome, str]]]] = [
    (INDEXED, '{"ok":true,"ids":["a","b"]}', [(ACCEPTED, "a"), (ACCEPTED, "b")]),
    (INDEXED, '{"ok":true,"ids":["a","b"],"bad":[]}', [(ACCEPTED, "a"), (ACCEPTED, "b")]),
    (INDEXED, '{"ok":true,"ids":["a"],"bad":["8613800138000"]}', [(REJECTED, ""), (ACCEPTED, "a")]),
    (INDEXED, '{"ok":true,"ids":["a"],"bad":["13800138001"]}', [(ACCEPTED, "a"), (REJECTED, "")]),
    (INDEXED, '{"ok":true,"ids":["a"],"bad":["12"]}', [(UNKNOWN, ""), (UNKNOWN, "")]),
    (INDEXED, '{"ok":true,"ids":["a"]}', [(UNKNOWN, ""), (UNKNOWN, "")]),
    (INDEXED, '{"ok":true,"ids":["a","b"],"bad":["13800138001"]}', [(UNKNOWN, ""), (UNKNOWN, "")]),
    (FAILURES, '{"ok":true,"id":"s1"}', [(ACCEPTED, "s1"), (ACCEPTED, "s1")]),
    (FAILURES, '{"ok":true,"id":"s","failed":[{"ref":"m2","code":"7"}]}', [(ACCEPTED, "s"), (REJECTED, "")]),
    (FAILURES, '{"ok":true,"id":"s1","failed":[{"ref":"m1","code":"8"}]}', [(UNKNOWN, ""), (ACCEPTED, "s1")]),
    (FAILURES, '{"ok":true,"id":"s","failed":[{"ref":"m9","code":"7"}]}', [(UNKNOWN, ""), (UNKNOWN, "")]),
    (FAILURES, '{"ok":true,"id":"s","failed":[{"code":"7"}]}', [(UNKNOWN, ""), (UNKNOWN, "")]),
    (FAILURES, '{"ok":true,"id":"s","failed":[{"ref":"m1","code":"7"},{"ref":"m9","code":"7"}]}', [(REJECTED, ""), (UNKNOWN, "")]),
    (TAKEN, '{"ok":true,"id":"s","taken":2}', [(ACCEPTED, "s"), (ACCEPTED, "s")]),
    (TAKEN, '{"ok":true,"id":"s","taken":1}', [(UNKNOWN, ""), (UNKNOWN, "")]),
    (TAKEN, '{"ok":true,"taken":0,"failed":[{"ref":"m1","code":"7"},{"ref":"m2","code":"7"}]}', [(REJECTED, ""), (REJECTED, "")]),
    (TAKEN, '{"ok":true,"taken":1,"failed":[{"ref":"m1","code":"7"}]}', [(REJECTED, ""), (ACCEPTED, "")]),
    (TAKEN, '{"ok":true,"taken":0,"failed":[{"ref":"m1","code":"7"}]}', [(REJECTED, ""), (UNKNOWN, "")]),
    (EACH, '{"ok":false,"code":"9","all":[{"ref":"m1","code":"0","id":"a"},{"ref":"m2","code":"7"}]}', [(ACCEPTED, "a"), (REJECTED, "")]),
    (EACH, '{"ok":false,"code":"9","all":[{"ref":"m1","code":"0","id":"a"}]}', [(ACCEPTED, "a"), (UNKNOWN, "")]),
    (EACH, '{"ok":false,"code":"9","all":[{"ref":"m1","code":"7"},{"ref":"m2","code":"7"}]}', [(NOT_SENT, ""), (NOT_SENT, "")]),
]  # fmt: skip


@pytest.mark.parametrize(("tables", "said", "wanted"), ANSWERS)
def test_who_is_not_named(tmp_path: Any, tables: str, said: str, wanted: list[tuple[Outcome, str]]) -> None:
    """Only what fits the numbers of the call is believed."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + BATCH + tables, encoding="utf-8")
    vendor = vendor_for(path, Script(answer(said)))
    results = vendor.send_batch(vendor.channel, batch_of({"name": "a"}, {"name": "b"}))
    assert [(result.outcome, result.vendor_id) for result in results] == wanted


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("code", ["0", "9"])
def test_whom_a_failure_names(tmp_path: Any, status: int, code: str) -> None:
    """A body that says that somebody was taken, under a status of failure: nobody knows."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + BATCH + EACH, encoding="utf-8")
    said = (
        f'{{"ok":false,"code":"{code}","all":[{{"ref":"m1","code":"0","id":"a"}},{{"ref":"m2","code":"7"}}]}}'
    )
    vendor = vendor_for(path, Script(answer(said, status)))
    results = vendor.send_batch(vendor.channel, batch_of({"name": "a"}, {"name": "b"}))
    assert [(result.outcome, result.code) for result in results] == [(UNKNOWN, f"HTTP_{status}")] * 2


HOOK = """
[webhooks.receipt]
allow_unsigned = true
decode = ["json"]
[webhooks.receipt.items]
id = "id"
status = "s"
[webhooks.receipt.status]
"*" = "delivered"
"""

# (recipe, key, what the fault says)
FAULTS = [
    *[
        (SEND + HOOK.replace("delivered", word), 'webhooks.receipt.status."*"', "may end nothing")
        for word in ("delivered", "failed", "rejected", "expired", "unknown")
    ],
    (SEND + HOOK.replace("*", "MK:*"), "webhooks.receipt.status.MK:*", "may not mean the good end"),
    (SEND.replace("to = ", 'x = "=r.text.isascii()"\nto = '), "operations.send_batch.request.json.x",
     "does not tell what fits GSM-7"),
    (FAILURES.replace("send_batch", "reconcile_batch"), "operations.reconcile_batch.response.items.absent",
     "is not for a look-up"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "reason"), FAULTS)
def test_a_trap_is_a_fault(text: str, key: str, reason: str) -> None:
    """In `recipe check`."""
    with pytest.raises(RecipeFaults) as caught:
        compiled(HEAD + text)
    assert any(fault.key == key and reason in fault.reason for fault in caught.value.faults)
