"""What is said of one number of a call: never an end for all of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.plugin import HeldUntil, Outcome
from bridge_http.answer.errors import ErrorTable, VendorAnswer, VendorRefusal
from bridge_http.request.building import Built

from .making import HEAD, SEND, Script, answer, batch_of, compiled, vendor_for
from .test_sending import numbers

ERRORS = """
[errors]
ONE = { class = "rejected", number = true }
NONE = { class = "rejected", number = true, none_taken = true }
ALL = { class = "rejected" }
LEFT = { class = "opted_out" }
"""
GROUP = '[batch]\nmode = "per_recipient_text"\nmax = 8\n'
KEPT = GROUP + "idempotency = { keep_hours = 1 }\n"
A, R, N, U = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN


def vendor(tmp_path: Path, script: Any, rule: str = GROUP) -> Any:
    """Return the vendor of a recipe with these codes."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + rule + SEND + ERRORS, encoding="utf-8")
    return vendor_for(path, script)


# (batch rule, code, messages of the call, outcome of each, calls)
CODES = [
    (GROUP, "ONE", 1, R, 1),
    (GROUP, "ONE", 3, U, 1),
    (GROUP, "LEFT", 1, R, 1),
    (GROUP, "LEFT", 3, U, 1),
    (GROUP, "ALL", 3, R, 1),
    (GROUP, "NONE", 1, R, 1),
    (GROUP, "NONE", 3, R, 5),
    (KEPT, "NONE", 3, U, 1),  # the whole call could be repeated under its key, after its halves were sent
]


@pytest.mark.parametrize(("rule", "code", "count", "outcome", "calls"), CODES)
def test_a_code_that_refuses_the_whole_call(
    tmp_path: Path, rule: str, code: str, count: int, outcome: Outcome, calls: int
) -> None:
    """Of several numbers nobody says which; only where none was taken they are asked for apart."""
    script = Script(answer(f'{{"code": "{code}"}}'))
    made = vendor(tmp_path, script, rule)
    results = made.send_batch(made.channel, batch_of(*[{"name": "n"}] * count))
    assert [result.outcome for result in results] == [outcome] * count
    assert len(script.built) == calls


def refusing(*bad: int) -> Any:
    """Return a vendor that takes nobody of a call with one of these numbers."""
    phones = {f"+{8_613_800_138_000 + place}" for place in bad}

    def judge(built: Built) -> VendorAnswer:
        return answer('{"code": "NONE"}' if phones & set(numbers(built)) else '{"ok": true, "id": "B"}')

    return judge


@pytest.mark.parametrize("bad", [(), (0,), (7,), (2, 5), (0, 1, 2, 3)])
def test_the_bad_number_is_found_by_halving(tmp_path: Path, bad: tuple[int, ...]) -> None:
    """All others are sent, each once."""
    script = Script(refusing(*bad))
    made = vendor(tmp_path, script)
    results = made.send_batch(made.channel, batch_of(*[{"name": "n"}] * 8))
    assert [place for place, result in enumerate(results) if result.outcome is R] == list(bad)
    taken = [number for built in script.built if b"NONE" not in refusing(*bad)(built).content
             for number in numbers(built)]  # fmt: skip
    assert len(taken) == len(set(taken)) == 8 - len(bad)


def test_a_repeat_of_an_unknown_call_is_not_halved(tmp_path: Path) -> None:
    """The question about it says nothing of the messages."""
    script = Script(answer('{"code": "NONE"}'))
    made = vendor(tmp_path, script, KEPT)
    results = made.reconcile_batch(made.channel, batch_of({"name": "a"}, {"name": "b"}))
    assert [result.outcome for result in results] == [U, U]
    assert len(script.built) == 1


@pytest.mark.parametrize(
    "rule", ['{ class = "account", number = true }', '{ class = "rejected", none_taken = true }']
)
def test_a_mark_that_means_nothing_is_a_fault(rule: str) -> None:
    """In `recipe check`."""
    with pytest.raises(ValidationError, match="number"):
        compiled(HEAD + SEND + f"[errors]\nX = {rule}\n")


MORNING = datetime(2026, 11, 1, tzinfo=UTC)  # 8:00 in Shanghai
HALF_AN_HOUR, DAY = timedelta(minutes=30), timedelta(days=1)

# (refused so long after the end of the night, tried again so long after that)
NIGHTS = [
    (timedelta(hours=-10), timedelta()),
    (timedelta(seconds=-1), timedelta()),
    (timedelta(), HALF_AN_HOUR),
    (timedelta(seconds=10), timedelta(seconds=10) + HALF_AN_HOUR),
    (timedelta(hours=5), timedelta(hours=5) + HALF_AN_HOUR),
    (timedelta(hours=11), DAY),
    (timedelta(hours=14), DAY),
]


@pytest.mark.parametrize(("refused", "again"), NIGHTS)
def test_who_is_refused_by_day_waits_no_day(refused: timedelta, again: timedelta) -> None:
    """The vendor's night ends later than the recipe says, or its clock differs."""
    recipe = compiled(HEAD + SEND + '[errors]\nNIGHT = { class = "hold", until = "08:00" }\n').recipe
    table = ErrorTable(recipe, {}, [], clock=(MORNING + refused).timestamp)
    error = table.error(recipe.errors["NIGHT"], VendorRefusal("NIGHT"))
    assert isinstance(error, HeldUntil)
    assert error.until - MORNING == again
