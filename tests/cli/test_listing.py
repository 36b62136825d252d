"""Every list is printed one way: a table for people, JSON for programs."""

import json
import time
from collections.abc import Iterator

import click
import pytest

from bridge.cli import main
from bridge.ledger import Holder, RefusedWebhook, Taken
from bridge.ledger.reports.outbox import Ended, PutBack, enqueue_receipts
from bridge.ledger.scope import Scope
from bridge.plugin import MessageStatus

from .conftest import Desk
from .test_commands import NUMBER, accept, conclude

SINGLE = {"messages"}
"""Commands that list and have no group around them."""


def walk(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command below a group, those of plugins too, with what is typed for it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from walk(command, f"{path}{name} ")


COMMANDS = dict(walk(main))
LISTS = [name for name in COMMANDS if name.split()[-1] == "list" or name in SINGLE]
ARGUMENTS = {"messages": NUMBER, "suppress list": "promo"}


def test_the_walk_finds_the_lists() -> None:
    """Should groups be walked wrongly, the tests below would hold for nothing."""
    assert {"channels list", "push list", "templates list", "webhooks list", "plugins list"} <= set(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_json(name: str) -> None:
    """One option for all of them."""
    options = {option for one in COMMANDS[name].params for option in one.opts}
    assert "--json" in options


@pytest.mark.parametrize("name", [name for name, one in COMMANDS.items() if isinstance(one, click.Group)])
def test_no_group_lists_by_other_means(name: str) -> None:
    """A group that does something by itself runs its `list`, which has the option."""
    command = COMMANDS[name]
    assert isinstance(command, click.Group)
    assert not command.invoke_without_command


@pytest.fixture
def full(desk: Desk) -> Desk:
    """Return a desk with an entry for each list."""
    now = int(time.time() * 1000)
    desk.template("desk", "T1")
    accept(desk, now, [NUMBER])
    conclude(desk, now, NUMBER, reason=f"Number {NUMBER} is switched off.")
    ended = Ended(NUMBER, MessageStatus.DELIVERED, now, now, "", "")
    desk.ledger.write(
        lambda connection: enqueue_receipts(connection, Scope("promo", now), {"20260001": [ended]})
    )
    desk.run(f"suppress add promo {NUMBER}")
    refused = RefusedWebhook("promo", "Forged.", "POST", "/receipts", {}, b"{}", now)
    desk.ledger.refused_webhooks.keep(refused)
    return desk


@pytest.mark.parametrize("name", LISTS)
def test_json_and_table_tell_the_same(full: Desk, name: str) -> None:
    """Programs get one object of lists of objects, and neither gets a number."""
    line = f"{name} {ARGUMENTS.get(name, '')}"
    printed, table = full.run(f"{line} --json"), full.run(line)
    assert (printed.exit_code, table.exit_code) == (0, 0), printed.output
    document = json.loads(printed.output)
    lists = [rows for key, rows in document.items() if key != "notes"]
    assert all(isinstance(row, dict) for rows in lists for row in rows)
    assert NUMBER not in printed.output + table.output
    for row in (row for rows in lists for row in rows):
        assert all(" " not in key for key in row)
        first = next(iter(row.values()))
        assert str(first) in table.output


def test_times_are_for_their_reader(full: Desk) -> None:
    """Programs read ISO 8601 with an offset, people the bridge's time zone."""
    [entry] = json.loads(full.run("suppress list promo --json").output)["suppressed"]
    assert entry["since"].endswith("+00:00")
    assert entry["since"][:19].replace("T", " ") in full.run("suppress list promo").output


@pytest.mark.parametrize("line", ["push --channel promo --json", "push list --channel promo --json"])
def test_a_group_takes_the_options_of_its_list(full: Desk, line: str) -> None:
    """What is typed without `list` means the list."""
    document = json.loads(full.run(line).output)
    assert [row["channel"] for row in document["waiting"]] == ["promo"]


# What a list shows with a time that a page narrows, and the same told here.
NARROWED = [
    ("templates list", "templates", "--search everything", 1),
    ("templates list", "templates", "--search nothing", 0),
    ("templates list", "templates", "", 1),
    ("suppress list promo", "suppressed", "", 1),
    ("push list --taken", "taken", "", 1),
    ("push list --taken", "taken", "--outid 20260001", 1),
    ("push list", "taken", "--outid other", 0),
    ("push list", "given_up", "", 1),
    ("audit", "audit", "", 1),
]
SPANS = [("--since 2020-01-01", 1), ("--until 2020-01-01", 0), ("--since 2100-01-01", 0)]


@pytest.mark.parametrize(("command", "name", "options", "count"), NARROWED)
def test_lists_are_narrowed_as_the_pages_are(
    full: Desk, command: str, name: str, options: str, count: int
) -> None:
    """By text, and by time wherever a page is."""
    now = int(time.time() * 1000)
    for dead in (False, True):
        _push_one(full, now, dead=dead)
    for span, factor in [("", 1), *SPANS]:
        printed = full.run(f"{command} {options} {span} --json").output
        assert len(json.loads(printed)[name]) == count * factor, span


def _push_one(desk: Desk, now: int, *, dead: bool) -> None:
    """Let Quick Audience take a callback, or let it be given up; the one of `full` is the first."""
    ended = Ended(NUMBER, MessageStatus.DELIVERED, now, now, "", "")
    desk.ledger.write(
        lambda connection: enqueue_receipts(connection, Scope("promo", now), {"20260001": [ended]})
    )
    jobs = desk.ledger.write(
        lambda connection: desk.ledger.outbox.claim(
            connection, Scope("promo", now), Holder("me", 1000), jobs=10, size=10
        )
    )
    if dead:
        desk.ledger.outbox.finish([], [PutBack(job, now, "No.", dead=True) for job in jobs], now)
    else:
        desk.ledger.outbox.finish([Taken(job) for job in jobs], [], now)
