"""Campaigns as an operator sees and controls them."""

import csv
import json
import shlex
import time
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from bridge.ledger import Callee, Conclusion, Holder, MessageRow, Scope
from bridge.ledger.database import tables
from bridge.ledger.refs import phone_key
from bridge.plugin import MessageStatus

from .conftest import CONFIG, Desk
from .test_commands import HOUR, NUMBER, accept


def ended(desk: Desk, status: MessageStatus, code: str = "", *, reason: str = "") -> None:
    """Claim what waits and record all of it with one end."""
    now = int(time.time() * 1000)
    claimed = desk.ledger.write(
        lambda connection: desk.ledger.batches.claim(
            connection, Scope("promo", now), Holder("me", HOUR), Callee("", ""), limit=10
        )
    )
    conclusions = []
    for batch in claimed:
        rows = [
            MessageRow(
                batch.id,
                seq,
                phone,
                phone_key("promo", f"86{phone}", now),
                int(status),
                f"v{seq}",
                code,
                reason,
                1,
                now,
                now if status.final else None,
            )
            for seq, phone in enumerate(batch.recipients.phones)
        ]
        conclusions.append(Conclusion(batch, desk.ledger.info(batch).out_id, "Acme", pushes=True, rows=rows))
    desk.ledger.write(lambda connection: desk.ledger.batches.record(connection, conclusions, now))


def test_totals_are_counted_anew(desk: Desk) -> None:
    """And a difference is told with its send."""
    accept(desk, int(time.time() * 1000), [NUMBER])
    ended(desk, MessageStatus.UNDELIVERABLE, "MK:0001")
    assert "The totals equal a count of all messages." in desk.run("db check").output
    desk.ledger.write(lambda connection: connection.exec_driver_sql("UPDATE tally SET count = 2"))
    wrong = desk.run("db check")
    assert (wrong.exit_code, "the tally says 2, counted 1" in wrong.output) == (1, True)


def started(desk: Desk, *phones: str) -> None:
    """A campaign of the channel promo, called 20260001."""
    accept(desk, int(time.time() * 1000), list(phones or (NUMBER, "13800138001")))


def test_a_campaign_is_shown(desk: Desk) -> None:
    """Where its recipients stand, and why some failed, in a sentence."""
    started(desk)
    listed = json.loads(desk.run("campaigns --json").output)["campaigns"]
    assert [(one["campaign"], one["recipients"], one["waiting"]) for one in listed] == [("20260001", 2, 2)]
    file = {"url": "", "state": tables.DONE, "etag": "", "position": 9, "lines": 2, "taken": 2, "due": 0}
    more = {"recipients_limit": 0, "attempt": 1, "error": "", "created": 0, "read_as": "gb18030"}
    send_ids = select(tables.send.c.id)
    desk.ledger.write(
        lambda connection: connection.execute(
            tables.file.insert().values(send_id=send_ids.scalar_subquery(), channel="promo", **file, **more)
        )
    )
    ended(desk, MessageStatus.UNDELIVERABLE, "MK:0001")
    shown = json.loads(desk.run("campaigns show 20260001 --json").output)
    assert shown["campaign"][-1] == {
        "what": "file 1",
        "is": "read, 2 recipients, some by a guess that it is GB18030",
    }
    assert {row["stage"]: row["count"] for row in shown["funnel"] if row["count"]} == {
        "recipients": 2,
        "failed": 2,
        "segments taken": 2,
    }
    assert [(row["count"], row["code"], row["meaning"]) for row in shown["failures"]] == [
        (2, "MK:0001", "The number does not exist.")
    ]
    assert "100.0%" in desk.run("campaigns show 20260001").output


@pytest.mark.parametrize("name", ["file-D; touch pwn", "$(id)", "it's", "a b", "2026112900456"])
def test_the_command_to_resume_is_one_a_shell_takes(desk: Desk, name: str) -> None:
    """A name from outside is one word of it."""
    started(desk)
    campaign = update(tables.campaign).values(name=name)
    desk.ledger.database.write(lambda connection: connection.execute(campaign))
    told = desk.run(f"campaigns pause {shlex.quote(name)}").output.split("Resume it with: ")[1]
    assert shlex.split(told) == ["sms-bridge", "campaigns", "resume", name]
    assert desk.run("campaigns show 'a\0b'").exit_code == 2
    assert desk.run("campaigns list --search 'a\0b'").exit_code == 0


def test_one_that_ended_is_cancelled(desk: Desk) -> None:
    """Nothing of it is left to end: the shell says so, and the audit what it was."""
    started(desk)
    ended(desk, MessageStatus.DELIVERED)
    told = desk.run("campaigns cancel 20260001 --yes").output
    assert "it had ended, and what comes of it later is refused" in told
    assert desk.ledger.audit.acts()[0].before == {"state": "ended"}


def told_of(desk: Desk, command: str) -> Any:
    return json.loads(desk.run(command).output)


def test_one_is_controlled(desk: Desk) -> None:
    """Paused with its reason, resumed, cancelled when asked twice; then nothing more."""
    started(desk)
    assert desk.run("campaigns pause 20260001 --reason 'Wrong text.'").exit_code == 0
    assert "paused: Wrong text." in desk.run("campaigns").output
    [listed] = json.loads(desk.run("campaigns --json").output)["campaigns"]
    shown = {row["what"]: row["is"] for row in told_of(desk, "campaigns show 20260001 --json")["campaign"]}
    watched = told_of(desk, "campaigns watch 20260001 --times 1 --json")
    for one in (listed, shown, watched):
        assert (one["state"], one["reason"]) == ("paused", "Wrong text.")
    assert desk.run("campaigns resume 20260001").exit_code == 0
    asked = desk.run("campaigns cancel 20260001", stdin="n\n")
    assert (asked.exit_code, "2 of 2 recipients are not sent to." in asked.output) == (1, True)
    assert desk.run("campaigns cancel 20260001 --yes").exit_code == 0
    again = desk.run("campaigns resume 20260001")
    assert (again.exit_code, "is cancelled already. That is final" in again.output) == (2, True)
    whats = [act.what for act in desk.ledger.audit.acts()]
    assert whats == ["campaign cancelled", "campaign resumed", "campaign paused"]


EXPORTS = [
    ("", ["138******00", "138******01"]),
    ("--full", [NUMBER, "13800138001"]),
    ("--status delivered", []),
    ("--status rejected --code =1+1", ["138******00", "138******01"]),
    ("--code OTHER", []),
    ("--since 2020-01-01", ["138******00", "138******01"]),
    ("--until 2020-01-01", []),
    ("--since 2020-01-01 --until 2020-01-02T00:00", []),
]


@pytest.mark.parametrize(("options", "numbers"), EXPORTS)
def test_recipients_are_exported(desk: Desk, options: str, numbers: list[str]) -> None:
    """As CSV and as JSON lines the same, filtered the same; a cell is never a formula."""
    started(desk)
    ended(desk, MessageStatus.REJECTED, "=1+1", reason="+49 is not served; \x1b[31mred")
    table = list(csv.DictReader(desk.run(f"campaigns export 20260001 {options}").output.splitlines()))
    lines = desk.run(f"campaigns export 20260001 --format jsonl {options}").output.splitlines()
    assert [row["number"] for row in table] == [json.loads(line)["number"] for line in lines] == numbers
    for row in table:
        assert (row["code"], row["reason"][:2], "\x1b" in row["reason"]) == ("'=1+1", "'+", False)
    assert len(desk.ledger.audit.acts()) == 2 * ("--full" in options)


def test_third_party_words_do_not_move_the_cursor(desk: Desk) -> None:
    """An outId or a vendor's words may hold what a terminal obeys."""
    started(desk)
    ended(desk, MessageStatus.REJECTED, "\x1b[2J", reason="\x1b]0;title\x07")
    for command in ("campaigns show 20260001", f"messages {NUMBER}"):
        output = desk.run(command).output
        assert "\x1b" not in output
        assert "\\x1b" in output


def test_one_is_watched_to_its_end(desk: Desk) -> None:
    """A line each time; with nothing left to wait for it ends."""
    started(desk)
    assert "waiting 2" in desk.run("campaigns watch 20260001 --times 1").output
    ended(desk, MessageStatus.DELIVERED)
    output = desk.run("campaigns watch 20260001").output
    assert (output.count("\n"), "delivered 2" in output) == (1, True)


def test_programs_watch_one_too(desk: Desk) -> None:
    """An object for each look."""
    started(desk)
    output = desk.run("campaigns watch 20260001 --times 2 --every 0.1 --json").output
    first, second = [json.loads(line) for line in output.splitlines()]
    assert (first["state"], first["waiting"], first["per_second"]) == ("running", 2, None)
    assert second["per_second"] == 0.0
    assert datetime.fromisoformat(first["at"]) < datetime.fromisoformat(second["at"])


def test_a_heading_stands_on_one_line(desk: Desk) -> None:
    """Whatever the width of its columns."""
    started(desk)
    ended(desk, MessageStatus.DELIVERED)
    assert "\nTime to delivery\n" in desk.run("campaigns show 20260001").output


REFUSED = [
    ("campaigns show nope", "There is no such campaign: see sms-bridge campaigns list."),
    ("campaigns pause 20260001 --channel desk", "There is no such campaign"),
    ("campaigns list --channel nope", "There is no channel nope"),
    ("campaigns list --since yesterday", "yesterday is no day: write 2026-11-28"),
    ("campaigns export nope", "There is no such campaign"),
]


@pytest.mark.parametrize(("command", "sentence"), REFUSED)
def test_what_is_not_there(desk: Desk, command: str, sentence: str) -> None:
    """One sentence and status 2."""
    started(desk)
    result = desk.run(command)
    assert (result.exit_code, sentence in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("--search 2026", 1),
        ("--search nope", 0),
        ("--state paused", 0),
        ("--state running", 1),
        ("--since 2020-01-01", 1),
        ("--until 2020-01-01T00:00", 0),
    ],
)
def test_campaigns_are_searched(desk: Desk, options: str, found: int) -> None:
    """By name, state and the day of the first send."""
    started(desk)
    assert len(json.loads(desk.run(f"campaigns list {options} --json").output)["campaigns"]) == found


def test_controlling_needs_no_secrets(desk: Desk) -> None:
    """A shell that has the database's address and no channel's key."""
    started(desk)
    desk.template("promo", "T1")
    desk.write(CONFIG.replace('key = "promo-key-0123456789"', 'key = "env:NOT_IN_THIS_SHELL"'))
    for command in (
        "campaigns",
        "campaigns pause 20260001",
        "channels pause promo",
        "campaigns totals",
        f"messages {NUMBER}",
        "audit",
        "unknown",
        "templates",
        "templates filings",
        "templates drift promo --last",
        "templates approve promo T1",
    ):
        assert desk.run(command).exit_code == 0, command
    refused = desk.run("templates approve promo T1 --account tiny")
    assert "The secrets of promo are not here" in refused.output
    assert "NOT_IN_THIS_SHELL is not set" in desk.run("sign promo").output
