"""Suppression, quiet hours and the frequency cap: who is written to, when, and how often."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

import bridge_policies
from bridge.channels.catalogue import discover
from bridge.plugin import (
    SEND,
    Batch,
    Channel,
    DigitalPart,
    DigitalTemplate,
    Message,
    Phone,
    Policy,
    Template,
    TemplateType,
    TextTemplate,
    Verdict,
)
from bridge.plugin.phone import parse
from bridge_policies.policies import Frequency, QuietHours, Suppression, next_allowed
from bridge_policies.settings import DayPart, QuietHoursSettings

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 2, 12, tzinfo=SHANGHAI)
ONE, TWO, THREE = (
    parse(number, TemplateType.PROMOTION) for number in ("13800138001", "13800138002", "13800138003")
)
PROMOTION = TextTemplate("T1", "sale", "Hi", TemplateType.PROMOTION)
NOTIFICATION = TextTemplate("T2", "parcel", "Hi", TemplateType.NOTIFICATION)
CAPTCHA = TextTemplate("T3", "code", "Hi", TemplateType.CAPTCHA)
INTERNATIONAL = TextTemplate("T4", "hello", "Hi", TemplateType.INTERNATIONAL)
DIGITAL = DigitalTemplate("D1", "show", (DigitalPart("txt", text="Hi"),))


class Ledger:
    """History as a policy may ask for it: suppressed by signature, and the moments of past sends."""

    def __init__(
        self,
        suppressed: Mapping[str, Iterable[Phone]] | None = None,
        sends: Mapping[Phone, Iterable[datetime]] | None = None,
    ) -> None:
        self._suppressed = {sign: frozenset(phones) for sign, phones in (suppressed or {}).items()}
        self._sends = {phone: list(moments) for phone, moments in (sends or {}).items()}

    def suppressed(self, phones: Iterable[Phone], sign_name: str) -> frozenset[Phone]:
        return self._suppressed.get(sign_name, frozenset()) & frozenset(phones)

    def recent_sends(self, phones: Iterable[Phone], since: datetime) -> Mapping[Phone, int]:
        counts = {phone: sum(at >= since for at in self._sends.get(phone, ())) for phone in phones}
        return {phone: count for phone, count in counts.items() if count}

    def take(self, bucket: str, units: float, per_second: float) -> float:
        raise AssertionError("no policy limits rates")

    def claimed(self, vendor_ids: Iterable[str]) -> frozenset[str]:
        raise AssertionError("no policy looks messages up")


def screen(
    kind: type[Policy],
    *phones: Phone,
    settings: Mapping[str, Any] | None = None,
    history: Ledger | None = None,
    template: Template = PROMOTION,
    at: datetime = NOON,
    sign: str = "Acme",
    timezone: ZoneInfo = SHANGHAI,
) -> list[Verdict]:
    """Return what a policy with these settings says about messages to `phones`."""
    model = kind.settings_model.model_validate(dict(settings or {}))
    channel = Channel("promo", "Acme", model, history or Ledger(), timezone=timezone)
    policy: Any = kind(channel)
    messages = tuple(Message(f"m{index}", phone, {}) for index, phone in enumerate(phones))
    batch = Batch("b1", "out", sign, template, messages, at)
    verdicts = policy.screen_batch(channel=channel, batch=batch)
    assert len(verdicts) == len(phones)
    return list(verdicts)


def test_the_three_policies_are_found_by_their_entry_point() -> None:
    assert {"suppression", "quiet_hours", "frequency"} <= set(discover().policies)


# suppression


@pytest.mark.parametrize(
    ("template", "sign", "settings", "stopped"),
    [
        (PROMOTION, "Acme", {}, True),
        (NOTIFICATION, "Acme", {}, True),
        (INTERNATIONAL, "Acme", {}, True),
        (DIGITAL, "Acme", {}, True),
        (CAPTCHA, "Acme", {}, False),
        (PROMOTION, "Other", {}, False),
        (CAPTCHA, "Acme", {"types": ["captcha"]}, True),
        (PROMOTION, "Acme", {"types": ["captcha"]}, False),
    ],
)
def test_suppression(template: Template, sign: str, settings: dict[str, Any], stopped: bool) -> None:
    history = Ledger(suppressed={"Acme": [TWO]})
    verdicts = screen(
        Suppression, ONE, TWO, THREE, settings=settings, history=history, template=template, sign=sign
    )
    assert [verdict.code for verdict in verdicts] == ["", "SUPPRESSED" if stopped else "", ""]
    assert verdicts[1].defer_until is None
    assert bool(verdicts[1].reason) is stopped


# quiet hours


def at(text: str, timezone: ZoneInfo = SHANGHAI) -> datetime:
    """Return a moment by the clocks of a time zone."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-02 20:59:59", None),
        ("2026-11-02 21:00:00", "2026-11-03 08:00"),
        ("2026-11-02 23:59:59", "2026-11-03 08:00"),
        ("2026-11-03 00:00:00", "2026-11-03 08:00"),
        ("2026-11-03 07:59:59.999999", "2026-11-03 08:00"),
        ("2026-11-03 08:00:00", None),
        ("2026-12-31 22:00:00", "2027-01-01 08:00"),
    ],
)
@pytest.mark.parametrize("template", [PROMOTION, DIGITAL])
def test_promotion_waits_for_the_morning(now: str, until: str | None, template: Template) -> None:
    (verdict,) = screen(QuietHours, ONE, template=template, at=at(now).astimezone(UTC))
    assert verdict.defer_until == (at(until) if until else None)
    assert verdict.sends is (until is None)
    assert verdict.code == ("QUIET_HOURS" if until else "")


@pytest.mark.parametrize("template", [NOTIFICATION, CAPTCHA, INTERNATIONAL])
def test_other_types_go_at_night_unless_told_otherwise(template: Template) -> None:
    night = at("2026-11-02 22:00")
    assert screen(QuietHours, ONE, TWO, template=template, at=night) == [SEND, SEND]
    told = {template.type.name.lower(): "21:30-06:00"}
    (verdict,) = screen(QuietHours, ONE, template=template, at=night, settings=told)
    assert verdict.defer_until == at("2026-11-03 06:00")


def test_the_channel_s_time_zone_decides() -> None:
    now = datetime(2026, 11, 2, 14, tzinfo=UTC)  # 22:00 in Shanghai, 15:00 in Berlin
    assert not screen(QuietHours, ONE, at=now)[0].sends
    assert screen(QuietHours, ONE, at=now, timezone=ZoneInfo("Europe/Berlin")) == [SEND]


def test_quiet_hours_may_reject_instead() -> None:
    (verdict,) = screen(QuietHours, ONE, at=at("2026-11-02 22:00"), settings={"action": "reject"})
    assert (verdict.code, verdict.defer_until) == ("QUIET_HOURS", None)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("windows", "now", "until", "timezone"),
    [
        ("12:00-14:00", "2026-11-02 13:00", "2026-11-02 14:00", SHANGHAI),
        ("12:00-14:00, 21:00-08:00", "2026-11-02 13:00", "2026-11-02 14:00", SHANGHAI),
        ("12:00-14:00,14:00-16:00", "2026-11-02 12:30", "2026-11-02 16:00", SHANGHAI),
        ("22:00-24:00,00:00-06:00", "2026-11-02 23:00", "2026-11-03 06:00", SHANGHAI),
        ("00:00-23:59", "2026-11-02 05:00", "2026-11-02 23:59", SHANGHAI),
        ("", "2026-11-02 03:00", "2026-11-02 03:00", SHANGHAI),
        # Clocks go from 02:00 to 03:00 on 2026-03-29 and from 03:00 to 02:00 on 2026-10-25.
        ("21:00-02:30", "2026-03-29 01:30", "2026-03-29 03:30", BERLIN),
        ("21:00-08:00", "2026-03-28 22:00", "2026-03-29 08:00", BERLIN),
        ("21:00-08:00", "2026-10-24 22:00", "2026-10-25 08:00", BERLIN),
        ("21:00-02:30", "2026-10-25 01:00", "2026-10-25 02:30", BERLIN),
    ],
)
def test_next_allowed(windows: str, now: str, until: str, timezone: ZoneInfo) -> None:
    settings = QuietHoursSettings.model_validate({"promotion": windows})
    found = next_allowed(at(now, timezone), settings.promotion, timezone)
    assert found == at(until, timezone).astimezone(UTC)


def test_the_second_pass_of_an_hour_is_as_quiet_as_the_first() -> None:
    """02:10 comes twice in Berlin on 2026-10-25; a window until 02:30 holds both times."""
    second = at("2026-10-25 02:10", BERLIN).replace(fold=1)
    until = next_allowed(second.astimezone(UTC), (DayPart(21 * 60, 150),), BERLIN)
    assert until - second.astimezone(UTC) == timedelta(minutes=20)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("21-8", 'as "21:00-08:00"'),
        ("21:00", 'as "21:00-08:00"'),
        ("25:00-08:00", 'as "21:00-08:00"'),
        ("21:60-08:00", 'as "21:00-08:00"'),
        ("24:01-08:00", "ends at 24:00"),
        ("08:00-08:00", "different times"),
        ("00:00-24:00", "different times"),
        ("00:00-12:00,12:00-24:00", "no minute of the day"),
        (21, "as text"),
    ],
)
def test_quiet_hours_that_make_no_sense(value: object, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        QuietHoursSettings.model_validate({"promotion": value})


# frequency


def hours_ago(*hours: float) -> list[datetime]:
    """Moments before noon."""
    return [NOON - timedelta(hours=hour) for hour in hours]


TWICE_A_DAY = {"caps": [{"messages": 2, "hours": 24}]}


@pytest.mark.parametrize(
    ("sends", "settings", "template", "stopped"),
    [
        ([], TWICE_A_DAY, PROMOTION, False),
        ([1], TWICE_A_DAY, PROMOTION, False),
        ([1, 2], TWICE_A_DAY, PROMOTION, True),
        ([1, 24], TWICE_A_DAY, PROMOTION, True),
        ([1, 24.01], TWICE_A_DAY, PROMOTION, False),
        ([1, 2], TWICE_A_DAY, DIGITAL, True),
        ([1, 2], TWICE_A_DAY, NOTIFICATION, False),
        ([1, 2], TWICE_A_DAY | {"types": ["notification"]}, NOTIFICATION, True),
        ([1, 2], {}, PROMOTION, False),
        ([1, 2, 3], {}, PROMOTION, True),
        ([30], {"caps": [{"messages": 1, "hours": 24}, {"messages": 2, "hours": 168}]}, PROMOTION, False),
        ([30, 60], {"caps": [{"messages": 1, "hours": 24}, {"messages": 2, "hours": 168}]}, PROMOTION, True),
    ],
)
def test_frequency(sends: list[float], settings: dict[str, Any], template: Template, stopped: bool) -> None:
    history = Ledger(sends={TWO: hours_ago(*sends)})
    verdicts = screen(Frequency, ONE, TWO, settings=settings, history=history, template=template)
    assert [verdict.code for verdict in verdicts] == ["", "FREQUENCY_CAP" if stopped else ""]


def test_a_cap_says_how_many_and_how_long() -> None:
    history = Ledger(sends={ONE: hours_ago(1, 2)})
    (verdict,) = screen(Frequency, ONE, settings=TWICE_A_DAY, history=history)
    assert verdict.reason == "The recipient was sent 2 messages in the last 24 hours; the channel allows 2."


def test_messages_of_the_same_batch_count() -> None:
    """However the number is written, it is one recipient."""
    again = parse("+86 138 0013 8001", TemplateType.PROMOTION)
    history = Ledger(sends={ONE: hours_ago(1)})
    verdicts = screen(Frequency, ONE, TWO, again, settings=TWICE_A_DAY, history=history)
    assert [verdict.code for verdict in verdicts] == ["", "", "FREQUENCY_CAP"]


@pytest.mark.parametrize(
    "settings",
    [
        {"caps": []},
        {"caps": [{"messages": 0, "hours": 24}]},
        {"caps": [{"messages": 1, "hours": 0}]},
        {"caps": [{"messages": 1}]},
        {"types": ["marketing"]},
        {"cap": 1},
    ],
)
def test_caps_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Frequency.settings_model.model_validate(settings)


@pytest.mark.parametrize("kind", [Suppression, QuietHours, Frequency])
def test_the_readme_lists_every_setting(kind: type[Policy]) -> None:
    readme = Path(bridge_policies.__file__).with_name("README.md").read_text()
    section = readme.partition(f"## {kind.name}: ")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (.*?) \|", section, re.MULTILINE))))
    assert named == set(kind.settings_model.model_fields)
