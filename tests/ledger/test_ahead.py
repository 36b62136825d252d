"""A clock that ran ahead for a while: what was written then does not wait until that time comes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from bridge.clock import DAY_MS, HOUR_MS, MINUTE_MS
from bridge.ledger import Ledger
from bridge.ledger.ahead import Steps
from bridge.ledger.database import tables
from bridge.ledger.scope import Holder

from .making import NOW

LATER = NOW + DAY_MS
FOREVER = 1 << 62


def batch(**values: Any) -> dict[str, Any]:
    base = {"id": NOW << 21, "send_id": 1, "channel": "promo", "state": tables.READY, "count": 1}
    return {**base, "due": LATER, "attempt": 1, "called": NOW, "deadline": LATER, **values}


def push(**values: Any) -> dict[str, Any]:
    base = {"id": 1, "channel": "promo", "kind": 0, "out_id": "o", "count": 1, "entries": b"", "due": LATER}
    return {**base, "created": NOW, **values}


def file(**values: Any) -> dict[str, Any]:
    base = {"send_id": 1, "channel": "promo", "url": "u", "recipients_limit": 0, "state": 0, "etag": ""}
    rest = {"position": 0, "lines": 0, "taken": 0, "due": LATER, "attempt": 1, "error": "", "created": NOW}
    return {**base, **rest, **values}


def page(**values: Any) -> dict[str, Any]:
    base = {"id": 1, "channel": "promo", "hook": "poll_receipts", "content": b"", "due": LATER}
    return {**base, "created": NOW, **values}


def parked(**values: Any) -> dict[str, Any]:
    base = {"id": 1, "channel": "promo", "vendor_id": "v", "receipt": "{}", "due": LATER, "created": NOW}
    return {**base, **values}


def lease(**values: Any) -> dict[str, Any]:
    return {"name": "poll/promo", "owner": "w", "until": 0, "due": 0, **values}


def template(**values: Any) -> dict[str, Any]:
    names = ("code", "name", "content", "remark", "sign_name", "vendor_code", "state", "reason", "account")
    rest = {"kind": "text", "type": 1, "status": "pending", "carriers": "{}", "created": NOW}
    return {"channel": "promo", **dict.fromkeys(names, ""), **rest, **values}


def state(**values: Any) -> dict[str, Any]:
    return {"channel": "promo", **values}


def account(**values: Any) -> dict[str, Any]:
    return {"channel": "promo", "name": "main", "calls": 1, "messages": 100, **values}


ASKED = {"state": tables.UNKNOWN, "called": LATER, "due": LATER + 9000}
ROWS: list[tuple[str, Any, dict[str, Any], str, int | None]] = [
    ("put back", tables.batch, batch(called=LATER), "due", NOW),
    ("put back in part", tables.batch, batch(id=LATER << 21, called=None, attempt=0), "due", NOW),
    ("its outcome unknown", tables.batch, batch(state=tables.UNKNOWN, called=LATER), "due", NOW),
    ("asked about later", tables.batch, batch(**ASKED), "due", NOW + 9000),
    ("called then", tables.batch, batch(**ASKED), "called", NOW),
    ("asked about until", tables.batch, batch(**ASKED, deadline=LATER + 9), "deadline", NOW + 9),
    ("deferred by a policy", tables.batch, batch(), "due", LATER),
    ("in a call", tables.batch, batch(state=tables.CALLING, called=LATER, lease=LATER), "lease", LATER),
    ("on a machine a minute ahead", tables.batch, batch(called=NOW + MINUTE_MS, due=NOW + 9), "due", NOW + 9),
    ("a callback", tables.push, push(), "due", NOW),
    ("a callback that waits", tables.push, push(due=NOW + HOUR_MS), "due", NOW + HOUR_MS),
    ("a callback's lease", tables.push, push(due=NOW, lease=LATER, owner="w"), "lease", None),
    ("a file", tables.file, file(), "due", NOW),
    ("a file's lease", tables.file, file(due=NOW, lease=LATER, owner="w"), "lease", None),
    ("a kept page", tables.page, page(), "due", NOW),
    ("a receipt without a message", tables.parked, parked(created=LATER, due=LATER + 9), "due", NOW),
    ("one that was tried then", tables.parked, parked(created=NOW - 9, due=LATER + DAY_MS), "due", NOW),
    ("one that waits since a day", tables.parked, parked(created=NOW - DAY_MS), "due", LATER),
    ("a duty", tables.lease, lease(due=LATER + 1), "due", NOW),
    ("a duty's lease", tables.lease, lease(until=LATER), "until", NOW),
    ("a review", tables.template, template(checked=LATER), "checked", 0),
    ("a review just looked up", tables.template, template(checked=NOW), "checked", NOW),
    ("a pause", tables.channel_state, state(paused_until=LATER), "paused_until", NOW),
    ("an operator's pause", tables.channel_state, state(paused_until=FOREVER), "paused_until", FOREVER),
    ("an account's pause", tables.account, account(paused_until=LATER), "paused_until", NOW),
    ("an account's failure", tables.account, account(failed=LATER, open_until=LATER), "failed", 0),
    ("its rest", tables.account, account(failed=LATER, open_until=LATER + 9), "open_until", 0),
    ("a rest", tables.account, account(failed=NOW, open_until=NOW + 9000), "open_until", NOW + 9000),
    ("a minute ahead", tables.account, account(failed=NOW + MINUTE_MS), "failed", NOW + MINUTE_MS),
    ("an account's success", tables.account, account(succeeded=LATER), "succeeded", 0),
    ("a breaker", tables.channel_state, state(breaker_until=LATER), "breaker_until", NOW),
    ("a rate", tables.bucket, {"name": "promo/rate", "arrival": LATER * 1000}, "arrival", NOW * 1000),
]


@pytest.mark.parametrize(("what", "table", "row", "column", "then"), ROWS, ids=[row[0] for row in ROWS])
def test_it_is_brought_back(
    ledger: Ledger, what: str, table: Any, row: dict[str, Any], column: str, then: int | None
) -> None:
    """To now, or as long after a call as was meant, if only a clock that ran ahead can have written it."""
    ledger.write(lambda connection: connection.execute(insert(table).values(**row)))
    changed = ledger.ahead.bring_back(NOW)
    look: Callable[[Any], Any] = lambda connection: connection.execute(select(table.c[column])).scalar()  # noqa: E731
    assert ledger.write(look) == then
    assert changed == int(then != row[column])
    assert ledger.ahead.bring_back(NOW) == 0


POLL = "poll/promo/poll_receipts"
# Minutes: how far a clock was ahead, until when something waits, until when it still does.
HELD: list[tuple[str, int, int, int]] = [
    ("by a clock 50 minutes ahead", 50, 51, 0),
    ("by one 8 minutes ahead", 8, 9, 0),
    ("by one a minute ahead", 1, 2, 2),
    ("by nobody ahead", 0, 50, 50),
    ("a moment ago", 8, 1, 1),
]


@pytest.mark.parametrize(("what", "ahead", "until", "then"), HELD, ids=[row[0] for row in HELD])
def test_what_nobody_can_have_meant_is_told_by_the_step(
    ledger: Ledger, what: str, ahead: int, until: int, then: int
) -> None:
    """A rate, a vendor's wish or a poll within the hour that may be meant: set back, none of them holds."""
    ledger.ahead.note(NOW + ahead * MINUTE_MS)
    end = NOW + until * MINUTE_MS
    ledger.coordination.rest("promo/throttled", end)
    rows = [lease(name=name, due=end, until=end) for name in (POLL, "drift/promo")]
    ledger.write(lambda connection: connection.execute(insert(tables.lease), rows))
    ledger.ahead.note(NOW)
    ledger.ahead.bring_back(NOW)
    assert ledger.coordination.arrivals(["promo/throttled"]) == {
        "promo/throttled": (NOW + then * MINUTE_MS) * 1000
    }
    assert ledger.coordination.due(POLL) == NOW + then * MINUTE_MS
    assert ledger.coordination.due("drift/promo") == end
    taken = ledger.coordination.lease(POLL, Holder("another", 1), now=NOW + then * MINUTE_MS)
    assert taken is not None


# The times that workers note, in minutes -> which of them show that a clock was set back.
NOTED = [([0, 1, 2], []), ([0, -1, 1], []), ([0, -2, 3], []), ([0, -3], [1]), ([0, 60, -60, 0, 60], [2])]


@pytest.mark.parametrize(("minutes", "steps"), NOTED)
def test_a_clock_that_was_set_back_is_noticed_once(
    ledger: Ledger, minutes: list[int], steps: list[int]
) -> None:
    """Machines that are a minute apart show none."""
    noted = [ledger.ahead.note(NOW + one * MINUTE_MS) for one in minutes]
    assert [at for at, step in enumerate(noted) if step] == steps


KEPT = {
    "as earlier versions wrote it": [NOW, NOW - 5],
    "with what a later version adds": {"latest": NOW, "undated": NOW - 5, "missed": 0, "later": 1},
}


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_what_clocks_have_shown_is_read_by_name(ledger: Ledger, kept: object) -> None:
    """Else no call could be dated beside another version, and no lost one be proved absent."""
    ledger.ahead.note(NOW - DAY_MS)
    row = text("UPDATE lease SET cursor = :kept WHERE name = 'clock'")
    assert ledger.write(lambda c: c.execute(row, {"kept": json.dumps(kept)})).rowcount == 1
    assert ledger.ahead.steps() == Steps(NOW, NOW - 5)
    ledger.ahead.note(NOW + DAY_MS)
    assert ledger.ahead.steps() == Steps(NOW + DAY_MS, NOW - 5)
