"""The rule for accounts: two channels at one vendor, each with secrets of its own, in one process."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from bridge.plugin import ConfigurationFault, Vendor

from ..play.breaking import Breaks
from ..play.doubling import turned
from ..play.leaks import Leaks, secrets_of
from ..play.row import play
from ..play.stage import Stage, with_url
from ..play.wires import MOCKED_URL
from ..table.cases import Case, Reconcile, Send, Webhook
from ..table.exchanges import Broken, Exchange, Seen
from ..table.rows import first_successes
from .fresh import fresh
from .interleaved import interleaved_faults
from .vendor_table import VendorTable

_ELSEWHERE = "https://elsewhere.invalid"
_REFUSALS = (Broken.FORBIDDEN, Broken.THROTTLED, Broken.GATEWAY)
_HINT = "keep sessions, keys and caches in the vendor object, not in a module or a class"


def other_account(table: VendorTable) -> Mapping[str, Any] | None:
    """Return the settings of a second account; None where none can be made.

    Those the author gives, else the table's with every secret changed letter by letter.
    """
    if table.other_account:
        return {**table.settings, **table.other_account}
    return other_secrets(table)


def other_secrets(table: VendorTable) -> Mapping[str, Any] | None:
    """Return the table's settings with every secret changed letter by letter; None where that cannot be."""
    model = table.vendor_class().settings_model
    secrets = secrets_of(model.model_validate(with_url(dict(table.settings), MOCKED_URL)))
    other: dict[str, Any] = _replaced(
        dict(table.settings), {secret: turned(secret) for secret in secrets if secret}
    )
    if other == table.settings:
        return None
    try:
        Stage(table.vendor_class(), with_url(other, MOCKED_URL)).close()
    except (ValidationError, ConfigurationFault):
        return None
    return other


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {key: _replaced(each, names) for key, each in value.items()}
    return [_replaced(each, names) for each in value] if isinstance(value, list | tuple) else value


def faults_of_two(table: VendorTable, settings: Mapping[str, Any]) -> list[str]:
    """Use two accounts in turns, either first. Returns what one knows of the other."""
    faults = []
    for other_first in (True, False):
        with fresh(table.vendor_class()) as vendor:
            for row in _rows(table):
                faults += _in_turns(table, row, vendor, settings, other_first=other_first)
    faults += interleaved_faults(table, _rows(table), settings, _HINT)
    faults += _after_refusals(table, settings)
    return list(dict.fromkeys(faults))


def identity_faults(table: VendorTable) -> list[str]:
    """Ask two objects of one account who they are, and one of another account."""
    names = [_identity(table, table.settings, MOCKED_URL) for _ in range(2)]
    if names[0] != names[1]:
        return ["identity() of one account changes: a look-up would be believed nowhere, and money be lost"]
    other = other_account(table)
    if _identity(table, table.settings if other is None else other, _ELSEWHERE) == names[0]:
        return [
            "identity() is the same for two accounts: what one says of a message is believed of the other"
        ]
    return []


def _identity(table: VendorTable, settings: Mapping[str, Any], url: str) -> tuple[str, ...]:
    with fresh(table.vendor_class()) as vendor, closing(Stage(vendor, with_url(settings, url))) as stage:
        return tuple(stage.vendor.identity())


def _rows(table: VendorTable) -> Sequence[Case]:
    firsts = first_successes(table.cases)
    webhooks = [row for row in table.cases if isinstance(row, Webhook) and row.role == "success"][:1]
    return [*(row for name, row in firsts.items() if name not in table.local), *webhooks]


def _in_turns(
    table: VendorTable, row: Case, vendor: type[Vendor], settings: Mapping[str, Any], *, other_first: bool
) -> list[str]:
    faults = []
    with ExitStack() as stack:
        wires = [stack.enter_context(table.wire([each], Breaks(None))) for each in (row, _lenient(row))]
        stages: dict[int, Stage] = {}
        for number in (1, 0) if other_first else (0, 1):
            given = {} if number == 0 else settings
            stages[number] = stack.enter_context(table.stage(wires[number], row, vendor, **given))
        request = table.sign(row.request) if isinstance(row, Webhook) else None
        for number in (1, 0, 1) if isinstance(row, Webhook) or other_first else (1, 0):
            played = play(stages[number], wires[number], row, as_bridge=True, request=request)
            own = [*played.wire.faults(unused=False), *played.mismatches()] if number == 0 else []
            faults += [
                f"with a second account beside it, {row.id!r} goes otherwise ({_HINT}): {each}"
                for each in own[:1]
            ]
    faults += _foreign(wires[0].seen, stages[1], stages[0])
    return [*faults, *_foreign(wires[1].seen, stages[0], stages[1])]


def _after_refusals(table: VendorTable, settings: Mapping[str, Any]) -> list[str]:
    """Let the second account be refused, throttled and out of order; the first must send as ever."""
    sends = [row for row in _rows(table) if isinstance(row, Send) and not isinstance(row, Reconcile)]
    if not sends or not table.emulates_http():
        return []
    row = sends[0]
    with fresh(table.vendor_class()) as vendor:
        for how in _REFUSALS:
            wired = table.wire([_lenient(row)], Breaks(how))
            with wired as wire, table.stage(wire, row, vendor, **settings) as other:
                play(other, wire, row, as_bridge=True)
        with table.wire([row], Breaks(None)) as wire, table.stage(wire, row, vendor) as own:
            played = play(own, wire, row, as_bridge=True)
    wrong = [*wire.faults(unused=False), *played.mismatches()]
    return (
        [f"after another account was refused, {row.id!r} goes otherwise ({_HINT}): {wrong[0]}"]
        if wrong
        else []
    )


def _lenient(row: Case) -> Case:
    """Return the row as the other account's requests find it: whatever they hold, they are answered."""
    if isinstance(row, Webhook) or not row.exchanges:
        return row
    exchanges = [Exchange(each.method, each.url, each.reply) for each in row.exchanges]
    return replace(row, exchanges=exchanges * 2)


def _foreign(seen: Sequence[Seen], other: Stage, own: Stage) -> list[str]:
    mine = set(secrets_of(own.channel.settings))
    leaks = Leaks([each for each in secrets_of(other.channel.settings) if each not in mine], ())
    for request in seen:
        text = "\n".join(
            [request.url, *map(str, request.headers.values()), request.body.decode("utf-8", "replace")]
        )
        if leaks.find_secrets(text):
            return [f"a request to {request.path} holds a secret of another account: {_HINT}"]
    return []
