"""Tables in forms that the guide allows: each is as good as the kit's own Acme's."""

from pathlib import Path

import pytest

from .ruling import failures_of

PLAIN = "from acme_sms import Acme as Sin\n"
CHECKED = f"""{PLAIN}
from dataclasses import replace

import test_acme
from bridge.testing import Exchange


def asks(*numbers):
    def check(seen):
        assert [each["to"] for each in seen.json["messages"]] == [f"86{{number}}" for number in numbers]

    return check


def proved(row, *numbers):
    return replace(row, exchanges=[replace(row.exchanges[0], json=None, check=asks(*numbers))])


FIRST, SECOND, *REST = test_acme.TestAcme.cases
REST = [each for each in REST if each.id != "half"]
"""
BY_CONSEQUENCE = f"""{PLAIN}
from dataclasses import replace

import test_acme
from bridge.plugin import Consequence

ERRORS = {{
    "17": Consequence.THROTTLED,
    "31": Consequence.ACCOUNT,
    "40": Consequence.<code 40>,
    "44": Consequence.MISSING,
}}
WORDS = {{"no money": Consequence.ACCOUNT, "too fast": Consequence.<too fast>}}
CASES = [replace(row, expect=WORDS[row.id]) if row.id in WORDS else row for row in test_acme.TestAcme.cases]
TABLE = {{"errors": ERRORS, "cases": CASES}}
"""
BOTH = (
    'TABLE = {"cases": [proved(FIRST, "13800138000", "13900139000"), proved(SECOND, "13700137000"), *REST]}\n'
)
ONE = 'TABLE = {"cases": [proved(FIRST, "13800138000", "13900139000"), *REST]}\n'


@pytest.mark.usefixtures("swept")
def test_rows_may_prove_the_body_by_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two such rows are told apart by what the checks say of each other's requests."""
    assert not failures_of(CHECKED + BOTH, "", tmp_path, monkeypatch)


@pytest.mark.usefixtures("swept")
def test_one_row_with_a_check_is_asked_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check knows the row's own batch: that it fails under another is no fault of the plugin."""
    found = failures_of(CHECKED + ONE, "test_two_threads", tmp_path, monkeypatch)
    assert ["give a second Send row" in says for _, says in found] == [True], found
    assert "two threads at once" not in found[0][1]


def _by_consequence(code_40: str, too_fast: str) -> str:
    return BY_CONSEQUENCE.replace("<code 40>", code_40).replace("<too fast>", too_fast)


@pytest.mark.usefixtures("swept")
def test_a_table_may_name_consequences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In `errors` and in rows, as in the plugin's own table of codes."""
    source = _by_consequence("REJECTED", "THROTTLED")
    assert not failures_of(source, "", tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("rejected", "throttled", "rule", "says"),
    [
        ("UNAVAILABLE", "THROTTLED", "test_error", "40: expected not_sent, was rejected"),
        ("REJECTED", "ACCOUNT", "test_send", "expected CredentialsRejected, was VendorThrottled"),
        ("HOLD", "THROTTLED", "test_error", "40: expected not_sent, was rejected"),
    ],
)
def test_another_consequence_is_told(
    rejected: str, throttled: str, rule: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the outcome or the class it stands for."""
    source = _by_consequence(rejected, throttled)
    found = failures_of(source, rule, tmp_path, monkeypatch)
    assert found
    assert all(says in told for _, told in found), found
