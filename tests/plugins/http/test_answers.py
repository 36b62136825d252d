"""What an answer means: accepted, refused, sent again, or unknown; recipient by recipient."""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import (
    CredentialsRejected,
    NoSuchResource,
    Outcome,
    OutcomeUnknown,
    SubmitResult,
    VendorThrottled,
    VendorUnavailable,
)

from .making import HEAD, SEND, Script, answer, batch_of, vendor_for

ERRORS = """
[errors]
BUSY = { class = "throttled" }
MONEY = { class = "account", message = "The balance is used up." }
MAYBE = { class = "unknown" }
LEFT = { class = "opted_out" }
GONE = { class = "missing" }
"Auth*" = { class = "account" }
"AuthX*" = { class = "throttled" }
WRONG = { class = "rejected" }
SIGN = { class = "configuration" }
NIGHT = { class = "hold", until = "08:00" }
HTTP_402 = { class = "account" }
HTTP_503 = { class = "throttled" }
[[error_rules]]
http = ["403"]
code = ["MONEY"]
text = "not routable"
class = "rejected"
"""
OK = '{"ok": true, "id": 12345678901234567890}'


def sent(tmp_path: Path, recipe: str, *answers: Any, values: int = 1, **settings: Any) -> list[SubmitResult]:
    """Return the results of one batch whose calls get these answers."""
    path = tmp_path / "acme.toml"
    path.write_text(recipe, encoding="utf-8")
    vendor = vendor_for(path, Script(*answers), **settings)
    return list(vendor.send_batch(vendor.channel, batch_of(*[{"name": f"n{i}"} for i in range(values)])))


A, R, N, U = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN

# (answer, outcome, code or id)
JUDGEMENTS = [
    (answer(OK), A, "12345678901234567890"),
    (answer(OK, 201), A, "12345678901234567890"),
    (answer('{"ok": false, "code": 22, "message": "no"}'), U, "22"),
    (answer('{"code": "BUSY"}'), N, "BUSY"),
    (answer('{"code": "MONEY"}'), N, "MONEY"),
    (answer('{"code": "MAYBE"}'), U, "MAYBE"),
    (answer('{"code": "LEFT"}'), R, "LEFT"),
    (answer('{"code": "AuthFailure.Sign"}'), N, "AuthFailure.Sign"),
    (answer('{"code": "AuthXtra"}'), N, "AuthXtra"),
    (answer('{"code": "BUSY"}', 400), N, "BUSY"),
    (answer('{"code": "BUSY"}', 500), N, "BUSY"),
    (answer('{"code": "ODD"}', 400), U, "ODD"),
    (answer('{"code": "ODD"}', 500), U, "HTTP_500"),
    (answer("", 429, retry_after="7"), N, "HTTP_429"),
    (answer('{"code": "ODD"}', 429), N, "HTTP_429"),
    (answer("", 401), N, "HTTP_401"),
    (answer("", 403), N, "HTTP_403"),
    (answer("", 402), N, "HTTP_402"),
    (answer("", 404), U, "HTTP_404"),
    (answer(OK, 404), U, "HTTP_404"),
    (answer("", 302, location="https://elsewhere.example"), U, "HTTP_302"),
    (answer("<html>Bad Gateway</html>", 502), U, "HTTP_502"),
    (answer("", 503), N, "HTTP_503"),
    (answer('{"code": "busy"}'), N, "busy"),
    (answer('{"code": "WRONG"}'), R, "WRONG"),
    (answer('{"code": "NIGHT"}'), N, "NIGHT"),
    (answer('{"code": "SIGN"}'), N, "SIGN"),
    (answer('{"code": "GONE"}'), N, "GONE"),
    (answer('{"code": ["WRONG", "MONEY", "SIGN"]}', 400), N, "MONEY"),
    (answer('{"code": ["WRONG", "ODD", "MONEY", "SIGN"]}', 400), U, "ODD"),
    (answer('{"code": ["ODD", "WRONG"]}', 400), U, "ODD"),
    (answer('{"code": ["WRONG", "ODD"]}', 401), N, "HTTP_401"),
    (answer('{"code": ["WRONG", "ODD"]}', 429), N, "HTTP_429"),
    (answer('{"code": ["WRONG", "ODD"]}', 500), U, "HTTP_500"),
    (answer('{"code": ["MONEY", "MAYBE"]}', 400), U, "MAYBE"),
    (answer('{"code": "MONEY", "message": "Not Routable today"}', 403), R, "MONEY"),
    (answer('{"code": "MONEY", "message": "Not Routable today"}', 400), N, "MONEY"),
    (answer("<html>", 200), U, "UNREADABLE_ANSWER"),
    (answer('{"ok": tr', 200), U, "UNREADABLE_ANSWER"),
    (answer("", 200), U, "UNREADABLE_ANSWER"),
    (answer("{}", 200), U, "UNREADABLE_ANSWER"),
    (answer("[]", 200), U, "UNREADABLE_ANSWER"),
    (answer("[" * 100_000, 200), U, "UNREADABLE_ANSWER"),
    (OutcomeUnknown("lost", code="READ_TIMEOUT"), U, "READ_TIMEOUT"),
    (VendorUnavailable("refused", code="CONNECTION_REFUSED"), N, "CONNECTION_REFUSED"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "outcome", "code"), JUDGEMENTS)
def test_an_answer_is_judged(tmp_path: Path, given: Any, outcome: Outcome, code: str) -> None:
    """In the order: no contact, 429 and 401, the conditions, the table; what is left is unknown."""
    (result,) = sent(tmp_path, HEAD + SEND + ERRORS, given)
    assert (result.outcome, result.vendor_id or result.code) == (outcome, code)


def test_classes_become_errors_with_consequences(tmp_path: Path) -> None:
    """Retry waits as long as the vendor says, account pauses the channel, opted out suppresses the number."""
    recipe = HEAD + SEND + ERRORS
    (busy,) = sent(tmp_path, recipe, answer("", 429, retry_after="7"))
    assert isinstance(busy.error, VendorThrottled)
    assert busy.error.retry_after == 7
    (money,) = sent(tmp_path, recipe, answer('{"code": "MONEY", "message": "pay 13800138000"}'))
    assert isinstance(money.error, CredentialsRejected)
    assert money.reason == "The balance is used up."
    (left,) = sent(tmp_path, recipe, answer('{"code": "LEFT"}'))
    assert left.opted_out


def test_a_vendors_sentence_is_kept_without_numbers(tmp_path: Path) -> None:
    """Marketers read it; it must not carry a phone number, nor a novel."""
    said = json.dumps({"code": "1", "message": "13800138000 is bad, see +8613900139000" + "." * 500})
    (result,) = sent(tmp_path, HEAD + SEND, answer(said))
    assert "13800138000" not in result.reason
    assert "8613900139000" not in result.reason
    assert len(result.reason) <= 200


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"code": "ODD", "message": "Maintenance until six."}, "Maintenance until six."),
        ({"code": "ODD"}, "The vendor answered with an error of its own."),
    ],
)
def test_a_failing_vendors_words_are_kept(tmp_path: Path, said: dict[str, str], reason: str) -> None:
    """The outcome is as unknown as without them."""
    (result,) = sent(tmp_path, HEAD + SEND, answer(json.dumps(said), 503))
    assert (result.outcome, result.code, result.reason) == (U, "HTTP_503", reason)


BATCH = """
[batch]
mode = "per_recipient_vars"
max = 100
"""
ITEMS = """
[operations.send_batch.response.items]
path = "body.list"
match = "{match}"
id = "id"
{match_path}
code = "code"
ok = [{{ path = "code", in = ["0"] }}]
"""


def items(match: str, *entries: dict[str, Any]) -> tuple[str, Any]:
    """Return a recipe with this match, and the answer with these entries."""
    match_path = f'{match} = "{match}"' if match in ("phone", "ref") else ""
    recipe = HEAD + BATCH + ERRORS + SEND + ITEMS.format(match=match, match_path=match_path)
    return recipe, answer(json.dumps({"ok": True, "id": "B", "list": list(entries)}))


GOOD = {"id": 1, "code": 0}
BAD = {"id": 2, "code": 22}
P1, P2, P3 = "13800138000", "+86 138-0013-8001", "008613800138002"

# (match, entries, (outcome, id or code) of three messages)
MATCHES: list[tuple[str, list[dict[str, Any]], list[tuple[Outcome, str]]]] = [
    ("index", [GOOD, BAD, GOOD], [(A, "1"), (U, "22"), (A, "1")]),
    ("index", [GOOD, {"code": "BUSY"}, {"code": "MAYBE"}], [(A, "1"), (N, "BUSY"), (U, "MAYBE")]),
    ("index", [GOOD, GOOD], [(U, "OUTCOME_UNKNOWN")] * 3),
    ("index", [GOOD] * 4, [(U, "OUTCOME_UNKNOWN")] * 3),
    ("index", [{}, GOOD, {"code": "0"}], [(U, "REJECTED"), (A, "1"), (A, "B")]),
    ("phone", [{"phone": P3, **BAD}, {"phone": P1, **GOOD}, {"phone": P2, **GOOD}],
     [(A, "1"), (A, "1"), (U, "22")]),
    ("phone", [{"phone": P1, **GOOD}], [(A, "1"), (U, "OUTCOME_UNKNOWN"), (U, "OUTCOME_UNKNOWN")]),
    ("phone", [{"phone": P1, "id": 1, "code": 0}, {"phone": P1, "id": 9, "code": 0}, {"phone": P2, **BAD},
               {"phone": P2, **GOOD}, {"phone": "1", **GOOD}], [(A, "1"), (A, "1"), (U, "OUTCOME_UNKNOWN")]),
    ("ref", [{"ref": "m3", **GOOD}, {"ref": "m1", **BAD}, {"ref": "m2", **GOOD}],
     [(U, "22"), (A, "1"), (A, "1")]),
    ("ref", [{"ref": "zz", **GOOD}], [(U, "OUTCOME_UNKNOWN")] * 3),
    ("ref", [{"ref": 13800138000, **GOOD}, {"nothing": 1}], [(U, "OUTCOME_UNKNOWN")] * 3),
]  # fmt: skip


@pytest.mark.parametrize(("match", "entries", "expected"), MATCHES)
def test_entries_find_their_recipients(
    tmp_path: Path, match: str, entries: list[dict[str, Any]], expected: list[tuple[Outcome, str]]
) -> None:
    """By place, number or reference; short, long, shuffled and double lists never accept the wrong one."""
    recipe, given = items(match, *entries)
    results = sent(tmp_path, recipe, given, values=3)
    assert [(result.outcome, result.vendor_id or result.code) for result in results] == expected


# (ok, failed, outcome)
COUNTS = [
    ("3", "0", A), (3, 0, A), (3, None, A), (None, 0, A), (None, None, A),
    ("0", "3", R), (0, 3, R), (None, 3, R), (0, None, R),
    ("2", "1", U), (1, 2, U), (2, 0, U), (2, None, U), (0, 0, U), (0, 1, U), (1, 3, U), (4, 0, U),
]  # fmt: skip


@pytest.mark.parametrize(("ok", "failed", "outcome"), COUNTS)
def test_totals_decide_only_when_they_are_clear(
    tmp_path: Path, ok: Any, failed: Any, outcome: Outcome
) -> None:
    """All or none is certain; in between receipts must tell."""
    recipe = HEAD + BATCH + SEND + 'counts = { ok = "body.sent", failed = "body.bad" }\n'
    results = sent(
        tmp_path, recipe, answer(json.dumps({"ok": True, "id": "B", "sent": ok, "bad": failed})), values=3
    )
    assert [result.outcome for result in results] == [outcome] * 3
    if outcome is not R:
        assert [result.vendor_id for result in results] == ["B"] * 3


TEMPLATE = """
[operations.query_template.request]
method = "GET"
path = "/templates/{{ template.vendor_code }}"
[operations.query_template.response]
accepted = [{ path = "body.ok", in = ["true"] }]
code = "body.code"
status = "body.state"
reason = "body.why"
created = "body.at"
status_map = { yes = "approved", no = "rejected", wait = "pending" }
"""


def test_a_lost_template_is_no_such_resource(tmp_path: Path) -> None:
    """The class `missing` says that the vendor does not know it; a new word is not guessed."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND + TEMPLATE + ERRORS, encoding="utf-8")
    script = Script(
        answer('{"ok": false, "code": "GONE"}'),
        answer('{"ok": true, "state": "perhaps"}'),
        answer('{"ok": true, "state": "no", "why": "13800138000 in text", "at": "2026-11-01 08:00:00"}'),
    )
    vendor = vendor_for(path, script)
    template = batch_of({"name": "x"}, vendor_code="a/b?c").template
    with pytest.raises(NoSuchResource):
        vendor.query_template(vendor.channel, template)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown, match="status"):
        vendor.query_template(vendor.channel, template)  # type: ignore[arg-type]
    review = vendor.query_template(vendor.channel, template)  # type: ignore[arg-type]
    assert "13800138000" not in review.reason
    assert review.created_at is not None
    assert review.created_at.isoformat() == "2026-11-01T08:00:00+08:00"
    assert script.built[0].url == "https://api.acme.example/templates/a%2Fb%3Fc"


# entries for one recipient -> the ids of its segments
SEGMENTS: list[tuple[list[dict[str, Any]], tuple[str, ...]]] = [
    ([GOOD], ()),
    ([GOOD, {"id": 3, "code": 0}], ("1", "3")),
    ([BAD, GOOD, {"id": 3, "code": 0}], ("1", "3")),
    ([GOOD, GOOD], ()),
    ([{"code": 0}, {"code": 0}], ()),
]


@pytest.mark.parametrize("match", ["phone", "single"])
@pytest.mark.parametrize(("entries", "ids"), SEGMENTS)
def test_several_items_for_one_recipient_are_its_segments(
    tmp_path: Path, match: str, entries: list[dict[str, Any]], ids: tuple[str, ...]
) -> None:
    """Every id is kept: a report may name any of them."""
    recipe, given = items(match, *({"phone": P1, **entry} for entry in entries))
    if match == "single":
        recipe = recipe.replace(BATCH, '[batch]\nmode = "single"\n')
    (result,) = sent(tmp_path, recipe, given)
    assert (result.outcome, result.segment_ids) == (A, ids)
