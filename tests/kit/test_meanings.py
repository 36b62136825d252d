"""Statuses and codes that mean something else than the vendor says, and tables that repeat the plugin."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bridge.testing.ladder.meanings import MEANINGS, meaning_faults

from .ruling import failures_of, imported

HEAD = """
from bridge.plugin import MessageStatus, Vendor, VendorRejected, hookimpl
from bridge.testing import VendorTests
import acme_sms
import test_acme


class Sin(acme_sms.Acme):
    pass


def send(kind):
    return test_acme.Send(kind, test_acme.post(test_acme.REFUSED), acme_sms.ERRORS["31"])
"""
SWAPPED = """
import acme_sms
from acme_sms import *
from acme_sms import _receipts, _replies

WRONG = {changed}


class Sin(acme_sms.Acme):
    {hook}


TABLE = {{"{listed}": WRONG}}
"""
STATUSES = (
    "{**acme_sms.STATUSES, 'ok': MessageStatus.UNDELIVERABLE, 'dead': MessageStatus.DELIVERED}",
    """@hookimpl
    def parse_webhook(self, channel, request):
        page = super().parse_webhook(channel, request)
        receipts = [each._replace(status=WRONG.get(each.code, each.status)) for each in page.receipts]
        return WebhookResult(receipts, page.replies, acknowledgement=page.acknowledgement)""",
    "statuses",
)
ERRORS = (
    "{**acme_sms.ERRORS, '17': VendorRejected, '31': OutcomeUnknown}",
    """def _call(self, *args):
        try:
            return super()._call(*args)
        except BridgeError as error:
            raise WRONG.get(error.code, type(error))("Refused.", code=error.code) from None""",
    "errors",
)


@pytest.mark.parametrize(
    ("sin", "rule", "says"),
    [
        (STATUSES, "test_webhook", "expected ([DeliveryReceipt(status=<MessageStatus.DELIVERED"),
        (ERRORS, "test_send", "m1: expected not_sent, was rejected (17"),
    ],
    ids=["statuses", "errors"],
)
def test_a_wrong_dictionary_is_found_though_the_table_imports_it(
    sin: tuple[str, str, str], rule: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`statuses` and `errors` are as wrong as the plugin they come from; rows written by hand are not."""
    changed, hook, listed = sin
    source = SWAPPED.format(changed=changed, hook=hook, listed=listed)
    assert any(says in told for _, told in failures_of(source, rule, tmp_path, monkeypatch))
    generated = {"statuses": "test_status", "errors": "test_error"}[listed]
    assert not failures_of(source, generated, tmp_path, monkeypatch), "only rows by hand can tell"


@pytest.mark.parametrize("meaning", MEANINGS)
def test_a_table_that_shows_nothing_by_hand_is_told_each_meaning(
    meaning: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivered and a failed receipt, a refusal, a throttle, an account fault; words nobody lists."""
    source = f"""{HEAD}
class TestBare(VendorTests):
    vendor = Sin
    settings = test_acme.TestAcme.settings
    statuses = acme_sms.STATUSES
    errors = acme_sms.ERRORS
    cases = []

    def status_row(self, status):
        return test_acme.TestAcme.status_row(self, "ok")

    def error_row(self, code):
        return test_acme.TestAcme.error_row(self, "31")
"""
    faults, _ = meaning_faults(_table(source, tmp_path, monkeypatch))
    assert f"no row shows {MEANINGS[meaning]} ({meaning})" in faults


def test_a_row_that_repeats_the_plugin_s_word_is_no_row_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is there, but what it expects is read from the plugin."""
    source = f"""{HEAD}
class TestRepeating(VendorTests):
    vendor = Sin
    settings = test_acme.TestAcme.settings
    errors = acme_sms.ERRORS
    cases = [send("no money")]

    def error_row(self, code):
        return test_acme.TestAcme.error_row(self, code)
"""
    faults, _ = meaning_faults(_table(source, tmp_path, monkeypatch))
    assert (
        "account fault: write ACCOUNT or CredentialsRejected in the row, not what the plugin says" in faults
    )


def _table(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module: ModuleType = imported(source, folder, monkeypatch)
    return next(
        value for name, value in vars(module).items() if name.startswith("Test") and hasattr(value, "cases")
    )()
