"""Templates at the desk: shown as they would leave, and compared with what the accounts have."""

import json
from dataclasses import replace

import pytest

from bridge.plugin import ReviewStatus, TemplateReview, hookimpl
from bridge.services import upkeep
from bridge.settings import load

from .conftest import CONFIG, Desk, Reviewing

PRICES = CONFIG + '\n[[prices]]\nprice = "0.045"\ncurrency = "CNY"\n'
TEXT = "Everything must go, Ann! "


def test_a_template_is_previewed(desk: Desk) -> None:
    """Text, segments, cost and each account's word; for programs too."""
    desk.write(PRICES)
    desk.template("promo", "T1")
    shown = desk.run("templates preview promo T1 --values name=Ann --phone 13800138000")
    assert shown.exit_code == 0, shown.output
    for part in (f"【Acme】{TEXT}", "Unicode", "segments", "0.045", "0.09", "CNY"):
        assert part in shown.output, part
    told = json.loads(desk.run("templates preview promo T1 --values name=Ann --json").output)
    facts = {row["what"]: row["is"] for row in told["message"]}
    assert (facts["segments"], facts["text"]) == (2, f"【Acme】{TEXT * 5}")
    assert told["accounts"][0]["cost"] == "0.09"


FAULTS = [
    ("preview promo T1", "The template needs a value for each of: name."),
    ("preview promo T1 --values name", "Write a value as NAME=VALUE."),
    ("preview promo T9", "The channel promo has no template T9."),
    ("preview promo T1 --values name=x --phone 12", "not an 11-digit mainland mobile number"),
    ("drift nope", "There is no channel nope"),
]


@pytest.mark.parametrize(("command", "sentence"), FAULTS)
def test_what_cannot_be_shown_is_said(desk: Desk, command: str, sentence: str) -> None:
    """In one sentence."""
    desk.template("promo", "T1")
    result = desk.run(f"templates {command}")
    assert (result.exit_code, sentence in result.output) == (2, True), result.output


@hookimpl
def rejecting(self: object) -> TemplateReview:
    """Return the vendor's word from now on."""
    return TemplateReview(ReviewStatus.REJECTED, "Spam.")


def test_drift_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs, when it was asked last, and by the exit status that it does."""
    assert "Nothing to ask for." in desk.run("templates drift promo").output
    stored = desk.template("other", "T1")
    with upkeep.channels_of(load(desk.config), desk.ledger) as opened:
        identity = opened["other"].hooks.identity
    desk.ledger.templates.save(replace(stored, vendor_code="V1", filed_at=identity))
    same = desk.run("templates drift other")
    assert (same.exit_code, "1 were asked for" in same.output) == (0, True), same.output
    monkeypatch.setattr(Reviewing, "query_template", rejecting)
    differs = desk.run("templates drift other")
    assert differs.exit_code == 1, differs.output
    assert "rejected Spam." in differs.output
    last = json.loads(desk.run("templates drift other --last --json").output)["drift"]
    assert [(row["name"], row["differs"], row["here"]) for row in last] == [("T1", "state", "pending")]
