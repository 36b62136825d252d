"""A table's rung is computed from what passed, and from nothing else."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bridge.testing.ladder.climbing import climbs

from .conftest import Install
from .ruling import imported, table_of

TABLE = "test_acme.py"
IMITATED = ("query_sign", "create_template", "update_template", "query_template")
NO_CAMPAIGN = (TABLE, "    def campaign_answer", "    def _campaign_answer")


class Changed(NamedTuple):
    """A line of Acme's table (or of Acme) changed, the rung that is left, and a rule the next one lacks."""

    id: str
    old: str
    new: str
    rung: str
    lacks: str
    file: str = TABLE


CHANGED = [
    Changed("nothing else", "class TestAcme", "class TestAcme", "silver", "test_kill_9"),
    Changed("no codes listed", "errors = ERRORS", "errors = {}", "silver", "test_the_vendors_errors"),
    Changed("no statuses listed", "statuses = STATUSES", "statuses = {}", "bronze", "test_the_vendors_stat"),
    Changed("a look-up fails", '"found": {}})', '"found": {"8613900139000": "x"}})', "silver", "test_reco"),
    Changed("a webhook fails", 'b"OK"', 'b"ok"', "bronze", "test_webhook: AssertionError", "acme_sms.py"),
    Changed("a send fails", '["a1", "a2"]', '["a1", "a3"]', "", "test_send: AssertionError"),
]  # fmt: skip


@pytest.mark.rehearsal  # each row plays the whole table; what can be told from a part of it is told below
@pytest.mark.parametrize("changed", CHANGED, ids=[each.id for each in CHANGED])
def test_what_did_not_pass_is_lacking(changed: Changed, install: Install, pytester: pytest.Pytester) -> None:
    """Without the campaign a faultless Acme is silver; every further change costs what it should."""
    install(NO_CAMPAIGN, (changed.file, changed.old, changed.new))
    climb = _climb(pytester)
    assert climb["rung"] == changed.rung
    assert any(step.startswith(changed.lacks) for step in climb["lacks"]), climb


def test_a_part_of_the_table_proves_no_rung(install: Install, pytester: pytest.Pytester) -> None:
    """Rules that were left out with -k count as not passed."""
    install(NO_CAMPAIGN)
    assert _climb(pytester, "-k", "not test_two_threads")["rung"] == "bronze"


ROWS = [
    pytest.param("test_send", ('["a1", "a2"]', '["a1", "a2"]'), "", id="every row passes"),
    pytest.param("test_send and not half", ('["a1", "a2"]', '["a1", "a2"]'), "test_send", id="one left out"),
    pytest.param("test_send", ('["a1", "a2"]', '["a1", "a3"]'), "test_send: AssertionError", id="one fails"),
]


@pytest.mark.parametrize(("some", "change", "lacks"), ROWS)
def test_every_row_of_a_rule_counts(
    some: str, change: tuple[str, str], lacks: str, install: Install, pytester: pytest.Pytester
) -> None:
    """A rule is fulfilled when all its rows were played and passed, and says why it is not."""
    install((TABLE, *change))
    climb = _climb(pytester, "-k", f"table_is_complete or ({some})")
    lacking = [step for step in climb["lacks"] if step.startswith("test_send")]
    assert [step[: len(lacks)] for step in lacking] == [lacks] * bool(lacks)


def test_reviews_that_ask_nobody_are_the_bridges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor that imitates them does not reach gold by it."""
    source = f"from acme_sms import Acme as Sin\n\nTABLE = {{'local': {IMITATED}}}\n"
    table = table_of(imported(source, tmp_path, monkeypatch))()
    with pytest.raises(pytest.skip.Exception, match="the vendor reviews nothing"):
        table.test_signatures_and_templates_are_reviewed()


@pytest.mark.slow
def test_a_faultless_vendor_reaches_gold(install: Install, pytester: pytest.Pytester) -> None:
    """Acme passes every rule, the kill -9 campaign among them, and nothing is skipped."""
    install()
    result = pytester.runpytest("-q")
    assert result.parseoutcomes().keys() == {"passed"}, result.stdout.str()
    result.stdout.fnmatch_lines(["acme: gold"])


@pytest.mark.slow
def test_a_vendor_that_resends_on_no_proof_fails_the_campaign(
    install: Install, pytester: pytest.Pytester
) -> None:
    """A look-up that calls everything absent makes people get their message twice."""
    absent = 'unknown("Acme does not show the message.")'
    resent = "not_sent(VendorUnavailable('Absent.'))"
    install(
        ("acme_sms.py", absent, resent),
        ("acme_sms.py", '["found"]', '["found"] and {}'),
        ("acme_sms.py", "    unknown,\n", "    not_sent,\n    VendorUnavailable,\n"),
    )
    result = pytester.runpytest("-q", "--tb=short", "-k", "kill_9")
    assert result.parseoutcomes().get("failed") == 1
    assert "was taken 2 times" in result.stdout.str()


def test_several_tables_climb_apart() -> None:
    """Each title has its own rung; results of one do not count for the other."""
    wanted = {"test_a": ("bronze", 1), "test_b": ("silver", 2)}
    told: list[tuple[dict[str, Any], str, str]] = [
        ({"title": "x", "vendor": "v", "rule": "test_a", "wanted": wanted}, "passed", ""),
        ({"title": "x", "vendor": "v", "rule": "test_b"}, "passed", ""),
        ({"title": "x", "vendor": "v", "rule": "test_b"}, "skipped", "no row"),
        ({"title": "y", "vendor": "v", "rule": "test_a", "wanted": {"test_a": ("bronze", 1)}}, "passed", ""),
    ]
    one, other = climbs(told)
    assert (one.title, one.rung, one.next_steps) == ("x", "bronze", ["test_b: no row"])
    assert (other.title, other.rung, other.next_steps) == ("y", "gold", [])


def _climb(pytester: pytest.Pytester, *options: str) -> Any:
    pytester.runpytest("-q", "--bridge-rungs", "rungs.json", *options)
    return json.loads((pytester.path / "rungs.json").read_text())[0]
