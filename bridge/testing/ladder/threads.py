"""The rule for threads: two different batches at once on one channel."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from bridge.plugin import from_vendor

from ..play.doubling import doubled
from ..play.together import Meeting, play_together
from ..table.cases import Send
from ..table.exchanges import Exchange
from .places import package_of
from .vendor_table import VendorTable


def pairs_of(table: VendorTable, row: Send, others: list[Send]) -> list[tuple[Send, Send]]:
    """Return the row with one made from it, and two of the table: of other sizes, where it has them.

    Raises AssertionError when there is no pair at all.
    """
    made = doubled(row)
    try:
        played = table.play(_told_apart(made))
        faults = [*played.faults, *played.mismatches()]
    except AssertionError as error:
        faults = [str(error)]
    # Exchanges that ask nothing of the body fit either request: whose answer came is not told by an id then.
    alike = bool(row.exchanges) and not _apart(row.exchanges, made.exchanges)
    if alike and not faults and any(each.check for each in row.exchanges):
        faults = ["its `check` knows the batch of the row alone: give a second Send row"]
    pairs = [] if faults else [(_told_apart(row, alike), _told_apart(made, alike))]
    for one, other in combinations([row, *(each for each in others if each is not row)], 2):
        if one.batch != other.batch and one.given == other.given and _different(table, one, other):
            pairs.append((_told_apart(one), _told_apart(other)))
            break
    assert pairs, (
        f"two different sends are needed for two threads, and none can be made from {row.id!r}: "
        f"add a successful send with other recipients ({faults[0]})"
    )
    return pairs


def _told_apart(row: Send, alike: bool = False) -> Send:
    # An emulator gives its ids in the order of the requests, which nobody knows here.
    return replace(row, expect=row.outcomes) if alike or not row.exchanges else row


def faults_together(table: VendorTable, rows: tuple[Send, Send]) -> list[str]:
    """Play two rows at once. Returns everything that went otherwise than alone."""
    with table.wire(rows, Meeting()) as wire, table.stage(wire, rows[0]) as stage:
        watch, found = play_together(stage, wire, rows, package_of(table.vendor_class()))
        # Set-up requests are shared by the threads, so rows may be left over.
        faults = [*watch.faults, *wire.faults(unused=False)]
        delivered = list(getattr(wire.emulator, "delivered", ()))
    wanted = Counter(message.phone.digits for row in rows for message in row.batch.messages)
    got = Counter(from_vendor(number).digits for number in delivered)
    if any(count > wanted[number] for number, count in got.items()):
        faults.append("the vendor was given a message twice, or to a number of nobody")
    for number in sorted(found):
        try:
            faults += [*found[number].conduct, *found[number].mismatches()]
        except AssertionError as error:
            faults.append(str(error))
    return faults


def _different(table: VendorTable, one: Send, other: Send) -> bool:
    """Return True when no exchange of either row fits a request of the other."""
    if not any(each.check for each in (*one.exchanges, *other.exchanges)):
        return _apart(one.exchanges, other.exchanges)
    # What a check knows is told by the requests themselves.
    return all(
        not exchange.addresses(seen) or exchange.differences(seen)
        for row, third_party in ((one, other), (other, one))
        for seen in table.play(third_party).wire.seen
        for exchange in row.exchanges
    )


def _apart(ones: Sequence[Exchange], others: Sequence[Exchange]) -> bool:
    if any(_content(each)[2:] == (None, None, None) for each in (*ones, *others)):
        return False  # it asks nothing of the request, so it would answer the other's too
    return not any(_content(one) == _content(other) for one in ones for other in others)


def _content(row: Exchange) -> tuple[object, ...]:
    return (row.method, row.url, row.json, row.form, row.query)
