"""Every list is printed one way: a table for people, JSON for programs."""

import json
import time
from collections.abc import Iterator

import click
import pytest

from bridge.cli import main
from bridge.ledger import RefusedWebhook
from bridge.ledger.reports.outbox import Ended, enqueue_receipts
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
