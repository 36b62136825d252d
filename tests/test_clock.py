"""Time in one place: what the bridge counts in, and that nobody else keeps constants of their own."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bridge import clock

BRIDGE = Path(clock.__file__).parent
AT = datetime(2026, 3, 1, 8, 30, 0, 250_000, UTC)


@pytest.mark.parametrize(
    ("said", "is_", "milliseconds"),
    [
        ("a clock's seconds", clock.millis(lambda: 1.2345), 1_234),
        ("a moment", clock.millis_of(AT), 1_772_353_800_250),
        (
            "a moment elsewhere",
            clock.millis_of(AT.astimezone(timezone(timedelta(hours=8)))),
            1_772_353_800_250,
        ),
        ("seconds", clock.seconds(0.25), 250),
        ("hours", clock.hours(1.5), 5_400_000),
        ("a day", clock.DAY_MS, 86_400_000),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_time_is_milliseconds(said: str, is_: int, milliseconds: int) -> None:
    """Whatever it is made of."""
    assert is_ == milliseconds


def test_a_moment_comes_back() -> None:
    """To the millisecond, in UTC."""
    assert clock.moment(clock.millis_of(AT)) == AT


def test_time_is_counted_in_one_place() -> None:
    """No other file of the bridge has its own hours, days or conversions."""
    own = re.compile(r"3_600_000|86_400_000|fromtimestamp\(|timestamp\(\) \* 1000")
    found = [
        path.relative_to(BRIDGE).as_posix()
        for path in BRIDGE.rglob("*.py")
        if path.name != "clock.py" and "versions" not in path.parts and own.search(path.read_text())
    ]
    # The kit drives a bridge from outside; Quick Audience's own clock shows UTC+8.
    assert set(found) <= {"simulator/quick_audience.py"}
