"""Rows that say in words of their own what a status or a code means.

`statuses` and `errors` are usually the plugin's own dictionaries: what is wrong in these is right in a table
that only repeats them. So the commonest meanings stand once more in rows, written by hand.
"""

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bridge.plugin import (
    CredentialsRejected,
    DeliveryReceipt,
    MessageStatus,
    Outcome,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
)
from bridge.plugin.status import UNDECIDED

from ..table.cases import Case, Poll, Send, Webhook, is_error
from .vendor_table import VendorTable

MEANINGS: Mapping[str, str] = {
    "delivered": "a receipt that is MessageStatus.DELIVERED",
    "failed": "a receipt with another final MessageStatus",
    "refusal": "a VendorRejected or Outcome.REJECTED",
    "throttle": "a VendorThrottled",
    "account fault": "a CredentialsRejected",
    "unlisted status": "a receipt with a word that `statuses` does not list, ACCEPTED or UNKNOWN",
    "unlisted code": "a send with a `code` that `errors` does not list, OutcomeUnknown",
}
"""What a table must show in a row, and how the row says it."""


def meaning_faults(table: VendorTable) -> tuple[list[str], list[str]]:
    """Look for a row of each meaning. Returns the faults, and what the table says is impossible."""
    written = set(_words(table))
    shown = _made(table)
    shown |= {name for name, shows in _SHOWS.items() if any(shows(table, row) for row in table.cases)}
    needed = [name for name in MEANINGS if name not in table.impossible and _applies(table, name)]
    faults = [f"no row shows {MEANINGS[name]} ({name})" for name in needed if name not in shown]
    for name in needed:
        words = _LITERAL.get(name, set())
        if name in shown and words and not words & written:
            faults.append(f"{name}: write {' or '.join(sorted(words))} in the row, not what the plugin says")
    left = [f"{name}: {table.impossible[name]}" for name in MEANINGS if name in table.impossible]
    return faults, left


def _made(table: VendorTable) -> set[str]:
    """Return what the kit plays of itself: a word nobody lists, if the table's own rows bring it."""
    rows = {
        "unlisted status": (table.statuses, table.status_row),
        "unlisted code": (table.errors, table.error_row),
    }
    return {
        name
        for name, (listed, row_of) in rows.items()
        if listed and table.brings(row_of(table.unmapped), table.unmapped)
    }


def _applies(table: VendorTable, name: str) -> bool:
    if name in ("delivered", "failed", "unlisted status"):
        return bool(table.statuses)
    return name != "unlisted code" or bool(table.errors)


def _receipts(row: Case) -> Iterator[DeliveryReceipt]:
    if isinstance(row, Webhook):
        yield from row.receipts
    elif isinstance(row, Poll):
        yield from getattr(row.expect, "receipts", ())


def _expected(row: Case) -> list[Any]:
    return list(row.expected) if isinstance(row, Send) else [getattr(row, "expect", None)]


def _is(kind: type) -> Callable[[VendorTable, Case], bool]:
    def shows(_: VendorTable, row: Case) -> bool:
        return any(
            (is_error(each) and issubclass(each, kind)) or isinstance(getattr(each, "error", None), kind)
            for each in _expected(row)
        )

    return shows


def _refuses(table: VendorTable, row: Case) -> bool:
    outcomes = row.outcomes if isinstance(row, Send) else []
    return _is(VendorRejected)(table, row) or Outcome.REJECTED in outcomes


def _unlisted_code(table: VendorTable, row: Case) -> bool:
    return (
        isinstance(row, Send)
        and row.code is not None
        and row.code not in table.errors
        and (Outcome.UNKNOWN in row.outcomes or _is(OutcomeUnknown)(table, row))
    )


_SHOWS: Mapping[str, Callable[[VendorTable, Case], bool]] = {
    "delivered": lambda _, row: any(each.status is MessageStatus.DELIVERED for each in _receipts(row)),
    "failed": lambda _, row: any(
        each.status.final and each.status is not MessageStatus.DELIVERED for each in _receipts(row)
    ),
    "refusal": _refuses,
    "throttle": _is(VendorThrottled),
    "account fault": _is(CredentialsRejected),
    "unlisted status": lambda table, row: any(
        each.status in UNDECIDED and each.code not in table.statuses for each in _receipts(row)
    ),
    "unlisted code": _unlisted_code,
}
_LITERAL: Mapping[str, set[str]] = {
    "delivered": {"DELIVERED"},
    "failed": {each.name for each in MessageStatus if each.final and each is not MessageStatus.DELIVERED},
    "refusal": {"VendorRejected", "NoSuchResource", "REJECTED", "rejected"},
    "throttle": {"VendorThrottled", "THROTTLED"},
    "account fault": {"CredentialsRejected", "ACCOUNT"},
}


def _words(table: VendorTable) -> Iterator[str]:
    """Read every name in the sources of the table: its module, and the modules of tests beside it."""
    files: set[Path] = set()
    for kind in type(table).__mro__:
        if kind.__module__.startswith("bridge.testing") or kind is object:
            continue
        file = Path(inspect.getfile(kind))
        files |= {file, *(file.parent.rglob("*.py") if (file.parent / "__init__.py").is_file() else ())}
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id
