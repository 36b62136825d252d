"""A table's rung is computed from what passed, and from nothing else."""

import json
from typing import Any, NamedTuple

import pytest

from bridge.testing.ladder.climbing import climbs

from .conftest import Install

TABLE = "test_acme.py"
LOCAL = """
    errors = ERRORS
    local = ("query_sign", "create_template", "update_template", "query_template")
"""
IMITATED = "test_signatures_and_templates_are_reviewed: the vendor reviews nothing"
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
    Changed("imitated reviews", "    errors = ERRORS\n", LOCAL, "silver", IMITATED),
    Changed("no statuses listed", "statuses = STATUSES", "statuses = {}", "bronze", "test_the_vendors_stat"),
    Changed("a look-up fails", '"found": {}})', '"found": {"8613900139000": "x"}})', "silver", "test_reco"),
    Changed("a webhook fails", 'b"OK"', 'b"ok"', "bronze", "test_webhook: AssertionError", "acme_sms.py"),
    Changed("a send fails", '["a1", "a2"]', '["a1", "a3"]', "", "test_send: AssertionError"),
]  # fmt: skip


# Each row plays the whole table: what the others show in another place is rehearsed.
OFTEN = {"nothing else", "imitated reviews", "a send fails"}
PLAYED = [
    pytest.param(each, id=each.id, marks=[] if each.id in OFTEN else [pytest.mark.rehearsal])
    for each in CHANGED
]


@pytest.mark.parametrize("changed", PLAYED)
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
    assert _climb(pytester, "-k", "not (test_send and half)")["rung"] == ""


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
