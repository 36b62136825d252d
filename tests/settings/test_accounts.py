"""The accounts and routes of a channel in the configuration file, and every fault in them."""

from datetime import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.settings import SettingsFaults, cautions

from .test_loading import CHANNEL, settings_of

ACCOUNTS = """
[channels.promo]
platform_name = "Acme SMS"
key = "0123456789"
callback_url = "shanghai"
[channels.promo.accounts.main]
vendor = "aliyun"
hook_token = "main-token-0123456789"
[channels.promo.accounts.spare]
vendor = "http"
weight = 30
"""
ROUTE = ACCOUNTS + "[[channels.promo.routes]]\n"
AT = "channels.promo"
ACCOUNT_ROWS: list[tuple[str, list[tuple[str, str]]]] = [
    (
        CHANNEL + '[channels.promo.accounts.main]\nvendor = "aliyun"',
        [(f"{AT}.vendor", "has accounts, and this would be one more without a name. Move it into")],
    ),
    (
        CHANNEL
        + 'hook_token = "some-token-0123456789"\nsettings.a = 1\n'
        + '[channels.promo.accounts.main]\nvendor = "aliyun"',
        [(f"{AT}.{name}", "one more without a name") for name in ("vendor", "settings", "hook_token")],
    ),
    (
        CHANNEL.replace('vendor = "sandbox"', ""),
        [(f"{AT}.vendor", "or add [channels.promo.accounts.")],
    ),
    (CHANNEL.replace('"sandbox"', '""'), [(f"{AT}.vendor", "missing")]),
    (
        ACCOUNTS.replace('vendor = "http"', ""),
        [(f"{AT}.accounts.spare.vendor", "missing. Add it: The vendor's name")],
    ),
    (ACCOUNTS + "wieght = 3", [(f"{AT}.accounts.spare.wieght", "no such setting. Did you mean weight?")]),
    (ACCOUNTS.replace("30", "0"), [(f"{AT}.accounts.spare.weight", "greater than 0")]),
    (ACCOUNTS + 'hook_token = "short"', [(f"{AT}.accounts.spare.hook_token", "16 to 128 letters")]),
    (
        ACCOUNTS + 'hook_token = "main-token-0123456789"',
        [(f"{AT}.accounts.spare.hook_token", "the token of the account main too")],
    ),
    (ACCOUNTS.replace("spare", "Spare"), [(f"{AT}.accounts.Spare", "cannot be an account's name")]),
    (
        ROUTE + 'accounts = ["overseas"]',
        [(f"{AT}.routes[0].accounts", "no account overseas. Name some of: main")],
    ),
    (
        ROUTE + 'accounts = ["main", "main"]',
        [(f"{AT}.routes[0].accounts", "main is named twice")],
    ),
    (ROUTE + 'country = ["US"]', [(f"{AT}.routes[0].accounts", "missing. Add it: The accounts that take")]),
    (ROUTE + "accounts = []", [(f"{AT}.routes[0].accounts", "at least 1 item")]),
    (
        ROUTE + 'accounts = ["main"]\n[[channels.promo.routes]]\ntype = ["captcha"]\naccounts = ["spare"]',
        [(f"{AT}.routes[1]", "A route before this one takes every message")],
    ),
    *(
        (ROUTE + f'accounts = ["main"]\n{name} = {value}', [(f"{AT}.routes[0].{where}", fault)])
        for name, value, where, fault in (
            ("country", '["XX"]', "country[0]", "two letters of ISO 3166"),
            ("type", '["letter"]', "type[0]", "a type is one of captcha, notification".capitalize()),
            ("prefix", '["1a"]', "prefix[0]", "prefix is digits"),
            ("hours", '"9-18"', "hours", 'hours as "21:00-08:00"'),
            ("hours", '"09:00-09:00"', "hours", "different times"),
        )
    ),
]


@pytest.mark.parametrize(("text", "expected"), ACCOUNT_ROWS)
def test_every_fault_is_told_at_its_place(tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    """All of them at once."""
    with pytest.raises(SettingsFaults) as caught:
        settings_of(tmp_path, text)
    faults = caught.value.faults
    assert [fault.path for fault in faults] == [path for path, _ in expected]
    for fault, (_, said) in zip(faults, expected, strict=True):
        assert said in str(fault)


def test_accounts_are_read_in_their_order(tmp_path: Path) -> None:
    """Today's form means one account that is named after the vendor; its limits are the channel's."""
    channel = settings_of(tmp_path, ACCOUNTS).channels["promo"]
    found = channel.all_accounts
    assert [(name, one.vendor, one.weight) for name, one in found.items()] == [
        ("main", "aliyun", 100),
        ("spare", "http", 30),
    ]
    sole = settings_of(tmp_path, CHANNEL + "settings.token = 1\n").channels["promo"].all_accounts
    assert {name: (one.vendor, one.settings, one.hook_token) for name, one in sole.items()} == {
        "sandbox": ("sandbox", {"token": 1}, SecretStr(""))
    }


# a route -> a moment of the day -> whether it is inside
HOURS = {
    "21:00-08:00": {"20:59": False, "21:00": True, "07:59": True, "08:00": False},
    "09:00-18:00": {"12:00": True},
}


@pytest.mark.parametrize(("hours", "moments"), HOURS.items())
def test_hours_may_go_over_midnight(tmp_path: Path, hours: str, moments: dict[str, bool]) -> None:
    """The end is outside."""
    text = ROUTE + f'accounts = ["main"]\nhours = "{hours}"'
    ((window,),) = [route.hours for route in settings_of(tmp_path, text).channels["promo"].routes]
    assert {moment: window.holds(time.fromisoformat(moment)) for moment in moments} == moments


ALL = 'accounts = ["main", "spare"]\n'
CAUTIOUS = {
    "a number with its country code": (
        ROUTE + 'prefix = ["138", "86138"]\n' + ALL,
        [(f"{AT}.routes[0].prefix", "No mainland mobile number begins with 86138.")],
    ),
    "the country code is marked": (ROUTE + 'prefix = ["+86138", "1", "13800000000"]\n' + ALL, []),
    "the same conditions": (
        ROUTE + 'type = ["captcha"]\n' + ALL + "[[channels.promo.routes]]\n" + 'type = ["captcha"]\n' + ALL,
        [(f"{AT}.routes[1]", "routes[0] has the same conditions")],
    ),
    "an account that no route names": (
        ROUTE + 'accounts = ["main"]',
        [(f"{AT}.accounts.spare", "No route leads to this account")],
    ),
    "where no route fits all accounts are asked": (ROUTE + 'type = ["captcha"]\naccounts = ["main"]', []),
    "a wait beyond the end": (
        ACCOUNTS.replace('key = "0', 'failover_after_s = 7200\nunknown_deadline_h = 2\nkey = "0'),
        [(f"{AT}.failover_after_s", "A message ends before it may go to another account.")],
    ),
    "a wait before the end": (
        ACCOUNTS.replace('key = "0', 'failover_after_s = 7199\nunknown_deadline_h = 2\nkey = "0'),
        [],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CAUTIOUS.values(), ids=CAUTIOUS)
def test_accounts_that_hardly_do_what_was_meant_are_cautioned(
    tmp_path: Path, text: str, expected: list[tuple[str, str]]
) -> None:
    """They work, so they are no faults."""
    found = [one for one in cautions(settings_of(tmp_path, text)) if one.path.startswith(AT)]
    assert [one.path for one in found] == [path for path, _ in expected]
    assert all(words in one.problem for one, (_, words) in zip(found, expected, strict=True))
