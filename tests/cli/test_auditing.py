"""Every change is written down: who, what, when, why, before and after."""

import json
import time

import pytest
from sqlalchemy import update

from bridge.cli.terminal import opening
from bridge.ledger import AccountKey, Change
from bridge.ledger.database import tables
from bridge.ledger.reports.outbox import Ended, enqueue_receipts
from bridge.ledger.scope import Scope
from bridge.plugin import MessageStatus

from .conftest import Desk
from .test_commands import NUMBER, accept

# Command -> what the audit says of it: what, channel, subject, why, before, after.
ACTS = [
    (
        "channels pause promo --reason 'Wrong prices.'",
        ("channel paused", "promo", "", "Wrong prices.", {"paused": False, "reason": ""}, {"paused": True}),
    ),
    (
        "channels resume promo --reason Mended.",
        ("channel resumed", "promo", "", "Mended.", {"paused": False, "reason": ""}, {"paused": False}),
    ),
    (
        f"suppress add promo {NUMBER} --reason 'By telephone.'",
        (
            "numbers suppressed",
            "promo",
            "",
            "By telephone.",
            {"entries": 0},
            {"sign": "", "numbers": ["138******00"], "entries": 1},
        ),
    ),
    (
        f"suppress remove promo {NUMBER}",
        ("suppressions removed", "promo", "138******00", "", {"signs": [], "entries": 0}, {"entries": 0}),
    ),
    (
        f"suppress remove promo {NUMBER} --sign Acme",
        (
            "suppressions removed",
            "promo",
            "138******00",
            "",
            {"signs": [], "entries": 0},
            {"sign": "Acme", "entries": 0},
        ),
    ),
    (
        f"forget {NUMBER} --yes --reason 'By letter.'",
        ("person forgotten", "promo", "138******00", "By letter.", None, {"recipients": 1}),
    ),
    (
        "forget 13900000009 --yes --reason 'By letter.'",
        ("person forgotten", "", "139******09", "By letter.", None, {"rows": 0, "busy": 0}),
    ),
    (
        "templates reject desk T1 --reason Rude",
        (
            "template decided",
            "desk",
            "T1",
            "Rude",
            {"status": "pending", "vendor_code": ""},
            {"status": "rejected", "vendor_code": ""},
        ),
    ),
    (
        "push replay --channel promo --reason Lost.",
        ("callbacks replayed", "promo", "", "Lost.", {"given_up": 0}, {"waiting": 0}),
    ),
    (
        "unknown settle --channel promo",
        (
            "unknown outcomes asked about",
            "promo",
            "",
            "",
            None,
            {"taken": 0, "refused": 0, "sent again": 0},
        ),
    ),
    (
        "campaigns pause 20260001 --reason Stop",
        (
            "campaign paused",
            "promo",
            "20260001",
            "Stop",
            {"state": "running"},
            {"state": "paused"},
        ),
    ),
]


@pytest.mark.parametrize(("command", "act"), ACTS, ids=[command for command, _ in ACTS])
def test_a_command_is_written_down(desk: Desk, command: str, act: tuple[object, ...]) -> None:
    """By the shell's user; without a number."""
    desk.template("desk", "T1")
    accept(desk, int(time.time() * 1000), [NUMBER])
    assert desk.run(command).exit_code == 0
    [row] = json.loads(desk.run("audit --json").output)["audit"]
    assert row["who"] == opening.who()
    row["subject"] = str(row["subject"]).rpartition(" ")[2]
    names = ("what", "channel", "subject", "why", "before", "after")
    assert tuple(row[name] for name in names) == act
    assert NUMBER not in desk.run("audit").output


def test_the_bridge_writes_its_own_acts(desk: Desk) -> None:
    """Pauses and breakers that nobody typed."""
    now = int(time.time() * 1000)
    coordination = desk.ledger.coordination
    coordination.pause("promo", "No money.", now=now, base_ms=60_000, longest_ms=60_000)
    coordination.resume("promo")
    coordination.resume("promo")  # changes nothing, and is none
    coordination.open_breaker("promo", "401", now=now, base_ms=1000, longest_ms=1000)
    coordination.close_breaker("promo", now)
    coordination.close_breaker("promo", now)
    key = AccountKey("promo", "tiny")
    desk.ledger.accounts.pause(key, "No key.", now=now, base_ms=60_000, longest_ms=60_000)
    desk.ledger.accounts.resume(key, now)
    desk.ledger.accounts.resume(key, now)
    desk.ledger.weights.change("promo", {"tiny": 70}, [Change("tiny", 70, 60, "slow", now)])
    for _ in range(2):
        desk.ledger.suppressions.add(Scope("promo", now), "", [f"86{NUMBER}"], "reply")
    rows = json.loads(desk.run("audit --json").output)["audit"]
    assert [(row["who"], row["what"]) for row in reversed(rows)] == [
        ("bridge", "channel paused"),
        ("bridge", "channel resumed"),
        ("bridge", "callbacks stopped"),
        ("bridge", "callbacks resumed"),
        ("bridge", "account paused"),
        ("bridge", "account resumed"),
        ("bridge", "weight changed"),
        ("bridge", "numbers suppressed"),
    ]
    assert NUMBER not in json.dumps(rows)


@pytest.mark.parametrize(
    ("options", "count"),
    [("", 2), ("--channel promo", 1), ("--limit 1", 1), ("--until 2020-01-01", 0), ("--since 2020-01-01", 2)],
)
def test_the_audit_is_searched(desk: Desk, options: str, count: int) -> None:
    """By channel and time."""
    desk.run("channels pause promo")
    desk.run("channels pause other")
    assert len(json.loads(desk.run(f"audit {options} --json").output)["audit"]) == count


def test_a_person_is_forgotten(desk: Desk) -> None:
    """When asked twice; it says how many rows of what."""
    now = int(time.time() * 1000)
    ended = Ended(NUMBER, MessageStatus.DELIVERED, now, now, "", "")
    desk.ledger.write(lambda connection: enqueue_receipts(connection, Scope("promo", now), {"1": [ended]}))
    desk.run(f"suppress add promo {NUMBER}")
    assert desk.run(f"forget {NUMBER}", stdin="n\n").exit_code == 1
    done = desk.run(f"forget {NUMBER} --yes")
    assert done.exit_code == 0
    assert "1 entries of callbacks" in done.output
    assert "2 rows hold nothing of the person any more." in done.output
    assert "Nothing is known of the person." in desk.run(f"forget {NUMBER} --yes").output


def test_a_number_that_stood_in_a_reason_is_counted(desk: Desk) -> None:
    """As earlier versions wrote it."""
    desk.run("channels pause promo")
    old = update(tables.channel_state).values(pause_reason=f"Ask {NUMBER}.")
    desk.ledger.write(lambda connection: connection.execute(old))
    done = desk.run(f"forget {NUMBER} --yes")
    assert (done.exit_code, "1 reasons and errors" in done.output) == (0, True)


def test_who_is_the_person_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own user says nothing."""
    monkeypatch.setenv("SUDO_USER", "li.wei")
    assert opening.who() == "shell:li.wei"
