"""`sms-bridge routes explain` and what `channels` and `check` say of several accounts."""

import json
import re
import time

import pytest

from .conftest import CONFIG, Desk
from .test_unknown import lose_a_call

TWO = CONFIG.replace(
    """vendor = "tiny"
callback_url""",
    "callback_url",
    1,
).replace(
    "default = true",
    """default = true
[channels.promo.accounts.main]
vendor = "tiny"
[channels.promo.accounts.spare]
vendor = "tiny"
settings = {}
""",
    1,
)


def test_each_account_is_explained(desk: Desk) -> None:
    """As a table for people, and as JSON for programs."""
    desk.write(TWO)
    desk.template("promo", "T1")
    command = "routes explain 13800138000 --template T1 --channel promo"
    shown = desk.run(command)
    assert shown.exit_code == 0, shown.output
    assert "It has not got the template" in shown.output
    found = json.loads(desk.run(f"{command} --json").output)["accounts"]
    assert [one["account"] for one in found] == ["main", "spare"]
    assert "13800138000" not in shown.output


def test_what_cannot_be_explained(desk: Desk) -> None:
    """One sentence."""
    desk.write(TWO)
    for command, said in {
        "routes explain 13800138000 --template T9 --channel promo": "has no template T9",
        "routes explain 13800138000 --template T9": "Name the channel with --channel",
    }.items():
        result = desk.run(command)
        assert (result.exit_code, said in result.output) == (2, True)


def test_channels_shows_each_account(desk: Desk) -> None:
    """Each in a row of its own."""
    desk.write(TWO)
    found = json.loads(desk.run("channels --json").output)["channels"]
    assert [one["account"] for one in found if one["channel"] == "promo"] == ["main", "spare"]


@pytest.mark.parametrize(
    "command",
    [
        "routes explain 13800138000 --template T1 --channel promo",
        "templates preview promo T1 --values name=Anna",
        "templates drift promo",
        "unknown settle",
        "unknown settle --channel promo",
    ],
)
def test_secrets_that_are_not_used_may_be_missing(desk: Desk, command: str) -> None:
    """Keys of requests, tokens of webhooks, and the console's: a look at one channel needs none of them."""
    desk.write(
        re.sub(r"^key = .*$", 'key = "env:NO_SUCH_KEY"\nhook_token = "env:NO_SUCH_TOKEN"', CONFIG, flags=re.M)
        + '[console]\nsecret = "env:NO_SUCH_SECRET"\nurl = "https://sms.example.com"\n'
    )
    desk.template("promo", "T1")
    shown = desk.run(command)
    assert shown.exit_code == 0, shown.output


ASKED = [
    ("main", "env:SPARE_IS_NOT_HERE", 0, "1 still unknown"),
    ("spare", "env:SPARE_IS_NOT_HERE", 2, "The environment variable SPARE_IS_NOT_HERE is not set."),
    ("gone", "env:SPARE_IS_NOT_HERE", 2, "The environment variable SPARE_IS_NOT_HERE is not set."),
]


@pytest.mark.parametrize(("account", "token", "status", "sentence"), ASKED)
@pytest.mark.parametrize("options", ["", "--channel promo"])
def test_settling_needs_the_secrets_of_the_accounts_in_question(
    desk: Desk, account: str, token: str, status: int, sentence: str, options: str
) -> None:
    """And of no other; of a call under a name that is gone any account may know."""
    lose_a_call(desk, int(time.time() * 1000), account)
    desk.write(TWO.replace("settings = {}", f'settings = {{ token = "{token}" }}'))
    told = desk.run(f"unknown settle {options}")
    assert (told.exit_code, sentence in told.output) == (status, True), told.output
