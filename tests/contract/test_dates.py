"""Dates: written in one form in China's time, read in a few."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import dates

MOMENT = datetime(2019, 1, 8, 8, 44, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2019-01-08 16:44:13",
        "2019-01-08T16:44:13",
        " 2019-01-08 16:44:13 ",
        "2019-01-08T08:44:13Z",
        "2019-01-08T17:44:13+09:00",
        "2019-01-08T17:44:13+0900",
    ],
)
def test_read(text: str) -> None:
    assert dates.read(text) == MOMENT


@pytest.mark.parametrize("fraction", ["0", "123", "123456", "123456789"])
def test_a_fraction_is_read(fraction: str) -> None:
    assert dates.read(f"2019-01-08 16:44:13.{fraction}").replace(microsecond=0) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "string",
        "2019-01-08",
        "16:44:13",
        "20190108T164413",
        "2019-13-01 00:00:00",
        "2019-02-30 00:00:00",
        "2019-01-08 24:00:01",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "٢٠١٩-01-08 16:44:13",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):
        dates.read(text)


def test_emit() -> None:
    assert dates.emit(MOMENT.replace(microsecond=999_999)) == "2019-01-08 16:44:13"
    assert dates.emit(MOMENT.astimezone(timezone(timedelta(hours=-5)))) == "2019-01-08 16:44:13"
    with pytest.raises(ValueError, match="time zone"):
        dates.emit(datetime(2019, 1, 8))


@given(st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.timezones()))
def test_what_is_written_is_read_back(moment: datetime) -> None:
    assert dates.read(dates.emit(moment)) == moment.astimezone(UTC).replace(microsecond=0)
