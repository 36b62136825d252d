"""Lists are turned from the place of a row, in both directions, each along an index."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import event

from bridge.ledger import Act, Excerpt, Ledger, Scope
from bridge.ledger.campaigns.reading import Search

from .making import CHANNEL, NOW

# A list, and the index along which it is read.
LISTS: list[tuple[Callable[[Ledger, Excerpt], Sequence[Any]], str]] = [
    (lambda ledger, rows: ledger.audit.acts(CHANNEL, rows), "ix_audit_channel"),
    (lambda ledger, rows: ledger.callbacks.latest([CHANNEL], rows), "ix_callback_channel"),
    (lambda ledger, rows: ledger.replies.latest([CHANNEL], rows), "ix_reply_channel"),
    (lambda ledger, rows: ledger.suppressions.list(CHANNEL, rows), "ix_suppression_number"),
    (lambda ledger, rows: ledger.outbox.given_up([CHANNEL], rows), "ix_push_given_up"),
    (lambda ledger, rows: ledger.campaigns.search(Search([CHANNEL], rows=rows)), "ix_campaign_channel"),
    (
        lambda ledger, rows: ledger.campaigns.search(
            Search([CHANNEL], rows=rows._replace(since=NOW, until=NOW + 1))
        ),
        "ix_campaign_channel",
    ),
]


@pytest.mark.parametrize(("read", "index"), LISTS)
@pytest.mark.parametrize("back", [False, True])
def test_an_index_serves_each_list(
    ledger: Ledger, read: Callable[[Ledger, Excerpt], Sequence[Any]], index: str, back: bool
) -> None:
    """From any place on, and back: nothing is put in order, and nothing before the place is read."""
    told: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        told.append((statement, values))

    place: tuple[int | str, ...] = ("8613800000000", "") if "suppression" in index else (NOW << 21,)
    event.listen(ledger.database.engine, "before_cursor_execute", note)
    read(ledger, Excerpt(limit=51, beyond=place, back=back))
    event.remove(ledger.database.engine, "before_cursor_execute", note)
    statement, values = next(one for one in told if "LIMIT" in one[0])
    how = plan(ledger, statement, values)
    assert index in how
    # What is counted of the campaigns of a page is put in order once more: there are few.
    assert how.count("TEMP B-TREE FOR ORDER BY") <= (index == "ix_campaign_channel")


def plan(ledger: Ledger, statement: str, values: Any) -> str:
    """Return how a statement is carried out, as if the tables were large."""
    with ledger.database.engine.connect() as connection:
        if ledger.database.sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            return "\n".join(str(row[-1]) for row in rows)
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            connection.exec_driver_sql(f"SET LOCAL {setting} = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values).all()
        return "\n".join(str(row[0]) for row in rows)


@pytest.mark.parametrize("latest", [True, False], ids=["the latest first", "the latest last"])
def test_both_ways_tell_the_same(ledger: Ledger, latest: bool) -> None:
    """On to the end, and back to the beginning; what comes meanwhile changes nothing behind a place."""

    def fill(numbers: range) -> None:
        for number in numbers:
            ledger.audit.note(Act("shell:me", "channel paused", NOW + number, CHANNEL, f"n{number}"))
            told = [f"86138{number:08d}"]
            ledger.suppressions.add(Scope(CHANNEL, NOW), "", told, "operator")

    def read(rows: Excerpt) -> list[tuple[tuple[int | str, ...], str]]:
        if latest:
            return [((one.id,), one.subject) for one in ledger.audit.acts(CHANNEL, rows)]
        found = ledger.suppressions.list(CHANNEL, rows)
        return [((one.msisdn, one.sign_name), one.msisdn) for one in found]

    fill(range(7))
    whole = [name for _, name in read(Excerpt())]
    on: list[str] = []
    beyond = None
    while page := read(Excerpt(limit=3, beyond=beyond)):
        on += [name for _, name in page]
        beyond = page[-1][0]
        if latest:
            fill(range(100 + len(on), 101 + len(on)))  # it stands before the first
    assert on == whole
    assert beyond is not None
    back: list[str] = []
    while page := read(Excerpt(limit=3, beyond=beyond, back=True)):
        back = [name for _, name in page] + back
        beyond = page[0][0]
    assert back[-len(whole) + 1 :] == whole[:-1]
