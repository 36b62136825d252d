"""Which rows of a table each test gets."""

from collections.abc import Iterable
from typing import Any

from bridge.plugin import Outcome

from .cases import Case, Poll, Query, Reconcile, Send, Webhook
from .declared import VendorFacts
from .exchanges import Broken, Lost

_SENDS = ("send_batch", "send_digital_batch")
_TO_CALLS = (Broken.TIMEOUT, Broken.RESET, Broken.GATEWAY, Lost.REFUSED)
_REFUSING = (Broken.FORBIDDEN, Broken.THROTTLED)
"""Pages by which whoever stands before the vendor tells that it has let nothing through."""
_TO_LOOK_UPS = (Broken.MISSING, *_REFUSING)
"""Pages that prove nothing of the messages that are looked for."""

Params = dict[str, list[tuple[Any, str]]]
"""For each parameter of the suite its values, each with its id."""


def rows_of(table: type[VendorFacts] | VendorFacts) -> dict[str, tuple[list[Any], list[str]]]:
    """Return the values and the ids of every parameter of the suite."""
    found = {**_by_kind(table.cases), **_broken(table), **_listed(table)}
    return {
        name: ([value for value, _ in each], [label for _, label in each]) for name, each in found.items()
    }


def sends_in(cases: Iterable[Case]) -> list[Send]:
    """Return the rows that send, look-ups apart."""
    return [row for row in cases if isinstance(row, Send) and not isinstance(row, Reconcile)]


def _by_kind(cases: Iterable[Case]) -> Params:
    queries = [row for row in cases if isinstance(row, Query)]
    webhooks = [row for row in cases if isinstance(row, Webhook)]
    sends = sends_in(cases)
    return {
        "send_row": _named(sends),
        "reconcile_row": _named(row for row in cases if isinstance(row, Reconcile)),
        "poll_row": _named(row for row in cases if isinstance(row, Poll)),
        "webhook_row": _named(webhooks),
        "genuine_row": _named(row for row in webhooks if row.expect is None),
        "check_row": _named(row for row in queries if row.operation == "check_channel"),
        "query_row": _named(row for row in queries if row.operation != "check_channel"),
    }


def _broken(table: type[VendorFacts] | VendorFacts) -> Params:
    """Return the first success of each operation, by what befalls its answer."""
    firsts = first_successes(table.cases)
    sends = {name: row for name, row in firsts.items() if name in _SENDS}
    local = (*_SENDS, "parse_webhook", *table.local)
    calls = {name: row for name, row in firsts.items() if name not in local}
    answers = [how for how in Broken if how not in (Broken.BUG, *_REFUSING)]
    return {
        "remote_send": [(row, name) for name, row in sends.items()],
        "parallel_send": [(row, name) for name, row in sends.items() if not row.settings],
        "broken_send": [((row, how), f"{name}-{how.name}") for name, row in sends.items() for how in answers],
        "broken_call": [
            ((row, how), f"{name}-{how.name}")
            for name, row in calls.items()
            for how in (*_TO_CALLS, *(_TO_LOOK_UPS if name == "reconcile_batch" else ()))
        ],
    }


def _listed(table: type[VendorFacts] | VendorFacts) -> Params:
    return {
        "status": [(word, word) for word in _with_unmapped(table.statuses, table.unmapped)],
        "error": [(code, code) for code in _with_unmapped(table.errors, table.unmapped)],
    }


def _named(rows: Iterable[Case]) -> list[tuple[Any, str]]:
    return [(row, row.id) for row in rows]


def _with_unmapped(known: Iterable[str], unmapped: str) -> list[str]:
    listed = list(known)
    return [*listed, unmapped] if listed else []


def first_successes(cases: Iterable[Case]) -> dict[str, Case]:
    """Return the first success of each operation."""
    found: dict[str, Case] = {}
    for row in cases:
        whole = not isinstance(row, Send) or isinstance(row, Reconcile) or all_accepted(row)
        if row.role == "success" and whole:
            found.setdefault(row.operation, row)
    return found


def all_accepted(row: Send) -> bool:
    """Return True when the row expects every message to be taken."""
    return set(row.outcomes) == {Outcome.ACCEPTED}
