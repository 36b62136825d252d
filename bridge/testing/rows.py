"""Which rows of a table each test gets, and what a complete table has."""

from collections.abc import Iterable
from contextlib import closing
from itertools import combinations
from typing import TYPE_CHECKING, Any

from bridge.channels.catalogue import hooks_of
from bridge.plugin import BridgeError, Limits, MessageStatus, Outcome
from bridge.plugin.hookspecs import OPERATIONS

from .cases import Case, Poll, Query, Reconcile, Send, Webhook, is_error
from .exchanges import Exchange, Lost
from .guards import Broken
from .stage import Stage, with_url
from .wires import MOCKED_URL

if TYPE_CHECKING:
    from .play import Played
    from .vendor_table import VendorTable

_SENDS = ("send_batch", "send_digital_batch")
_TO_CALLS = (Broken.TIMEOUT, Broken.RESET, Broken.GATEWAY, Lost.REFUSED)


def rows_of(table: "VendorTable") -> dict[str, tuple[list[Any], list[str]]]:
    """The values and ids of every parameter of the suite."""
    sends = [row for row in table.cases if isinstance(row, Send) and not isinstance(row, Reconcile)]
    firsts = _first_successes(table)
    found: dict[str, list[tuple[Any, str]]] = {
        "send_row": _named(sends),
        "reconcile_row": _named(row for row in table.cases if isinstance(row, Reconcile)),
        "poll_row": _named(row for row in table.cases if isinstance(row, Poll)),
        "webhook_row": _named(row for row in table.cases if isinstance(row, Webhook)),
        "genuine_row": _named(row for row in table.cases if isinstance(row, Webhook) and row.expect is None),
        "check_row": _named(row for row in table.cases if row.operation == "check_channel"),
        "query_row": _named(
            row for row in table.cases if isinstance(row, Query) and row.operation != "check_channel"
        ),
        "remote_send": [(row, name) for name, row in firsts.items() if name in _SENDS],
        "broken_send": [
            ((row, how), f"{name}-{how.name}")
            for name, row in firsts.items()
            if name in _SENDS
            for how in Broken
            if how is not Broken.BUG
        ],
        "broken_call": [
            ((row, how), f"{name}-{how.name}")
            for name, row in firsts.items()
            if name not in (*_SENDS, "parse_webhook", *table.local)
            for how in _TO_CALLS
        ],
        "status": [(word, word) for word in _with_unmapped(table.statuses, table.unmapped)],
        "error": [(code, code) for code in _with_unmapped(table.errors, table.unmapped)],
        "parallel_rows": [(pair, "together") for pair in _pair(sends)],
    }
    return {
        name: ([value for value, _ in each], [label for _, label in each]) for name, each in found.items()
    }


def _named(rows: Iterable[Case]) -> list[tuple[Any, str]]:
    return [(row, row.id) for row in rows]


def _with_unmapped(known: Iterable[str], unmapped: str) -> list[str]:
    listed = list(known)
    return [*listed, unmapped] if listed else []


def _first_successes(table: "VendorTable") -> dict[str, Case]:
    found: dict[str, Case] = {}
    for row in table.cases:
        whole = not isinstance(row, Send) or isinstance(row, Reconcile) or _all_accepted(row)
        if row.role == "success" and whole:
            found.setdefault(row.operation, row)
    return found


def _all_accepted(row: Send) -> bool:
    return set(row.outcomes) == {Outcome.ACCEPTED}


def _pair(sends: list[Send]) -> list[tuple[Send, Send]]:
    """Two different successful sends whose requests can be told apart, or one twice."""
    usable = [row for row in sends if row.role == "success" and not row.settings]
    for one, other in combinations(usable, 2):
        if one.batch != other.batch and _apart(one.exchanges, other.exchanges):
            return [(one, other)]
    return [(usable[0], usable[0])] if usable else []


def _apart(ones: Iterable[Exchange], others: Iterable[Exchange]) -> bool:
    return not any(_content(one) == _content(other) or one.check for one in ones for other in others)


def _content(row: Exchange) -> tuple[Any, ...]:
    return (row.method, row.url, row.json, row.form, row.query)


def missing_rows(table: "VendorTable") -> list[str]:
    """Operations without a success, and those without a refusal, unless that is said to be impossible.

    Forged webhooks are refusals; lost answers are made by the kit wherever requests is used.
    """
    shown = {(row.operation, row.role) for row in table.cases}
    # A row's own settings may switch an operation on.
    widened = {row.operation for row in table.cases if row.settings} & set(hooks_of(table.vendor_class()))
    offered = table.operations() | widened
    faults = [
        f"{operation} has no row for a {role}"
        for operation in sorted(offered)
        for role in ("success", "refusal")
        if (operation, role) not in shown
        and (operation, role) != ("parse_webhook", "refusal")
        and f"{operation} {role}" not in table.impossible
    ]
    stray = sorted({row.operation for row in table.cases} - offered)
    names = [row.id for row in table.cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if "send_batch" not in offered:
        faults.append("send_batch is not implemented")
    return [
        *faults,
        *(f"{operation} has rows but is not implemented" for operation in stray),
        *(f"{name!r} names two rows" for name in twice),
    ]


def table_faults(table: "VendorTable") -> list[str]:
    """What the class says that cannot be: limits, codes, names of operations."""
    roles = {f"{operation} {role}" for operation in OPERATIONS for role in ("success", "refusal")}
    return [
        *_limit_faults(table),
        *(
            f"`statuses` calls {word!r} {status!r}: give a MessageStatus, or None where nothing changes"
            for word, status in table.statuses.items()
            if not isinstance(status, MessageStatus | None)
        ),
        *(
            f"`errors` calls {code!r} {kind!r}: give a class of bridge.plugin's errors"
            for code, kind in table.errors.items()
            if not is_error(kind)
        ),
        *(f"`local` names {name!r}, which is no operation" for name in table.local if name not in OPERATIONS),
        *(
            f'`impossible` names {name!r}: give an operation and "success" or "refusal"'
            for name in table.impossible
            if name not in roles
        ),
    ]


def _limit_faults(table: "VendorTable") -> list[str]:
    with closing(Stage(table.vendor_class(), with_url(table.settings, MOCKED_URL))) as stage:
        limits: object = stage.vendor.limits
    if not isinstance(limits, Limits):
        return [f"`limits` is {limits!r}, not a Limits"]
    if min(limits.for_call(True), limits.for_call(False)) < 1:
        return [f"`limits` is {limits}: a call carries one message at least"]
    return [
        f"{row.id!r} has {len(row.batch.messages)} messages, but `limits` lets a call carry {most}"
        for row in table.cases
        if isinstance(row, Send) and not row.settings
        for most in [limits.for_call(row.batch.uniform)]
        if len(row.batch.messages) > most
    ]


def role_faults(cases: Iterable[Case]) -> list[str]:
    """Sends whose lost answer is taken for anything but what it is. Calls before the sending one are free."""
    sends = [row for row in cases if isinstance(row, Send) and not isinstance(row, Reconcile)]
    sending = {_address(row.exchanges[-1]) for row in sends if row.exchanges and _all_accepted(row)}
    faults = []
    for row in sends:
        lost = {
            each.reply for each in row.exchanges if isinstance(each.reply, Lost) and _address(each) in sending
        }
        wanted = Outcome.NOT_SENT if lost == {Lost.REFUSED} else Outcome.UNKNOWN
        if lost and wanted not in row.outcomes:
            faults.append(f"{row.id!r} loses an answer: at least one message must be {wanted}")
    return faults


def _address(row: Exchange) -> tuple[str, str]:
    return row.method, row.url


def shows_loss(table: "VendorTable", operation: str) -> bool:
    """Whether the table itself has a row in which an answer of the operation is lost."""
    return any(row.operation == operation and row.role == "lost answer" for row in table.cases)


def expected_lost(row: Case, played: "Played") -> str:
    """What is wrong with an operation's answer when the vendor's was lost, or ""."""
    error = played.error or getattr(played.answer, "error", None)
    if isinstance(error, BridgeError):
        return ""
    if isinstance(row, Reconcile) and played.error is None:
        settled = {result.outcome for result in played.results} - {Outcome.UNKNOWN}
        return f"the look-up claims {', '.join(sorted(settled))}" if settled else ""
    return f"no error of bridge.plugin but {played.error or played.answer!r}"
