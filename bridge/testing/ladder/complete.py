"""What a complete table has, and what it cannot say."""

from collections.abc import Iterable
from contextlib import closing

from bridge.channels.catalogue import hooks_of
from bridge.plugin import BridgeError, Limits, MessageStatus, Outcome
from bridge.plugin.hookspecs import OPERATIONS

from ..play.row import Played
from ..play.stage import Stage, with_url
from ..play.wires import MOCKED_URL
from ..table.cases import Case, Reconcile, Send, is_error, loses
from ..table.exchanges import Exchange, Lost
from ..table.rows import all_accepted, sends_in
from .meanings import MEANINGS
from .vendor_table import VendorTable

_MOST_MESSAGES = 50_000


def missing_rows(table: VendorTable) -> list[str]:
    """Find operations without a success, and those without a refusal, unless that is said to be impossible.

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
        *_unlost(table, offered),
        *(f"{operation} has rows but is not implemented" for operation in stray),
        *(f"{name!r} names two rows" for name in twice),
    ]


def _unlost(table: VendorTable, offered: Iterable[str]) -> list[str]:
    lost = {row.operation for row in sends_in(table.cases) if loses(row) and Outcome.UNKNOWN in row.outcomes}
    return [
        f"{operation} has no row in which the answer is lost and the messages are unknown"
        for operation in ("send_batch", "send_digital_batch")
        if operation in offered and operation not in lost
    ]


def table_faults(table: VendorTable) -> list[str]:
    """Find what the class says that cannot be: limits, codes, names of operations."""
    roles = {f"{operation} {role}" for operation in OPERATIONS for role in ("success", "refusal")} | set(
        MEANINGS
    )
    return [
        *_limit_faults(table),
        *(
            f"`statuses` calls {word!r} {status!r}: give a MessageStatus, or None where nothing changes"
            for word, status in table.statuses.items()
            if not isinstance(status, MessageStatus | None)
        ),
        *(
            f"`errors` calls {code!r} {kind!r}: give a class of bridge.plugin's errors, or a Consequence"
            for code, kind in table.error_kinds().items()
            if not is_error(kind)
        ),
        *(f"`local` names {name!r}, which is no operation" for name in table.local if name not in OPERATIONS),
        *(
            f'`impossible` names {name!r}: give an operation and "success" or "refusal"'
            for name in table.impossible
            if name not in roles
        ),
    ]


def _limit_faults(table: VendorTable) -> list[str]:
    with closing(Stage(table.vendor_class(), with_url(table.settings, MOCKED_URL))) as stage:
        limits: object = stage.vendor.limits
    if not isinstance(limits, Limits):
        return [f"`limits` is {limits!r}, not a Limits"]
    if min(limits.for_call(True), limits.for_call(False)) < 1:
        return [f"`limits` is {limits}: a call carries one message at least"]
    if max(limits.for_call(True), limits.for_call(False)) > _MOST_MESSAGES:
        return [f"`limits` is {limits}: no vendor takes more than {_MOST_MESSAGES} messages in a call"]
    return [
        f"{row.id!r} has {len(row.batch.messages)} messages, but `limits` lets a call carry {most}"
        for row in table.cases
        if isinstance(row, Send) and not row.settings
        for most in [limits.for_call(row.batch.uniform)]
        if len(row.batch.messages) > most
    ]


def role_faults(cases: Iterable[Case]) -> list[str]:
    """Find sends whose lost answer is taken for something else; calls before the sending one are free."""
    sends = sends_in(cases)
    sending = {_address(row.exchanges[-1]) for row in sends if row.exchanges and all_accepted(row)}
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


def shows_loss(table: VendorTable, operation: str) -> bool:
    """Return True when the table itself has a row in which an answer of the operation is lost."""
    return any(row.operation == operation and row.role == "lost answer" for row in table.cases)


def expected_lost(row: Case, played: Played) -> str:
    """Return what is wrong with an operation's answer when the vendor's was lost, or ""."""
    error = played.error or getattr(played.answer, "error", None)
    if isinstance(error, BridgeError):
        return ""
    if isinstance(row, Reconcile) and played.error is None:
        settled = {result.outcome for result in played.results} - {Outcome.UNKNOWN}
        return f"the look-up claims {', '.join(sorted(settled))}" if settled else ""
    return f"no error of bridge.plugin but {played.error or played.answer!r}"
