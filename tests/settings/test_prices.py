"""The prices of the configuration file, read exactly, and every fault in them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.settings import SettingsFaults

from .test_loading import CHANNEL, settings_of

ROW = CHANNEL + '\n[[prices]]\nprice = "0.045"\ncurrency = "CNY"\n'

# The end of the file -> the path of the fault and part of its sentence.
FAULTS = [
    ('channel = "nope"', "prices[0].channel", "There is no channel nope. Name one of promo"),
    (
        'account = "nope"',
        "prices[0].account",
        "no account nope, and no vendor of that name in use",
    ),
    ('country = "XX"', "prices[0].country", "two letters of ISO 3166"),
    ('type = ["spam"]', "prices[0].type", "type is one of captcha"),
    ('valid_from = "soon"', "prices[0].valid_from", "date"),
    ("prise = 1", "prices[0].prise", "no such setting. Did you mean price?"),
    ('[[prices]]\ncurrency = "CNY"', "prices[1].price", "missing. Add it: What one segment costs"),
    ('[[prices]]\nprice = "1"\ncurrency = "yuan"', "prices[1].currency", "pattern"),
    ('[[prices]]\nprice = "free"\ncurrency = "CNY"', "prices[1].price", "decimal"),
    ('[[prices]]\nprice = "-1"\ncurrency = "CNY"', "prices[1].price", "at most 8 decimals"),
    ('[[prices]]\nprice = "0.000000001"\ncurrency = "CNY"', "prices[1].price", "at most 8 decimals"),
    ('[[prices]]\nprice = "1e9"\ncurrency = "CNY"', "prices[1].price", "below a million"),
]


@pytest.mark.parametrize(("end", "path", "sentence"), FAULTS, ids=[end for end, _, _ in FAULTS])
def test_faults_are_told_with_their_place(tmp_path: Path, end: str, path: str, sentence: str) -> None:
    """Each once, with what to do."""
    with pytest.raises(SettingsFaults) as caught:
        settings_of(tmp_path, ROW + end)
    [fault] = caught.value.faults
    assert fault.path.startswith(path)
    assert sentence in str(fault)


@pytest.mark.parametrize("written", ['"0.045"', "0.045", '"0.0450"'])
def test_a_price_is_exact(tmp_path: Path, written: str) -> None:
    """As text or as a number of TOML's."""
    [row] = settings_of(tmp_path, ROW.replace('"0.045"', written)).prices
    assert row.price == Decimal("0.045")


def test_a_row_is_read_whole(tmp_path: Path) -> None:
    """All its conditions."""
    end = (
        'channel = "promo"\naccount = "sandbox"\ncountry = "jp"\ntype = ["captcha"]\nvalid_from = 2026-11-01'
    )
    [row] = settings_of(tmp_path, ROW + end).prices
    assert (row.country, row.valid_from, row.closeness) == ("JP", date(2026, 11, 1), 4)


def test_prices_are_a_list(tmp_path: Path) -> None:
    """One table alone is a slip."""
    with pytest.raises(SettingsFaults, match="Write \\[\\[prices\\]\\] above each row"):
        settings_of(tmp_path, ROW.replace("[[prices]]", "[prices]"))
