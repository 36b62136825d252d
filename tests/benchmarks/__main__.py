"""Measures the bridge beside the limits of this machine: `python -m tests.benchmarks --help`."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge import logs
from tests.databases import KINDS

from .accepting import Load, through_gunicorn, through_the_application
from .choices import Counts, compared
from .crowd import Crowd
from .pages import pages
from .pushing import pushed
from .receiving import received
from .recipes import lines as recipe_lines
from .round_trip import there_and_back
from .sending import sent
from .single import one_a_call
from .spans import traced
from .table import Line, machine, print_table


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    accepts: Sequence[Load]
    sent: int
    receipts: int
    single_receipts: int
    pushes: int
    round_trip: int
    a_request: int
    singles: int
    choices: Counts
    crowd: Crowd
    looks: int


FULL = Sizes(
    accepts=(Load(300, 1_000, aimed=True), Load(10, 100_000)),
    sent=100_000,
    receipts=100_000,
    single_receipts=2_000,
    pushes=100_000,
    round_trip=100_000,
    a_request=1_000,
    singles=3_000,
    choices=Counts(rows=100_000, before=1_000_000),
    crowd=Crowd(messages=5_000_000, beside=50_000),
    looks=20,
)
QUICK = Sizes(
    accepts=(Load(5, 1_000, aimed=True), Load(1, 5_000)),
    sent=2_000,
    receipts=2_000,
    single_receipts=50,
    pushes=2_000,
    round_trip=1_000,
    a_request=500,
    singles=100,
    choices=Counts(rows=1_000, before=3_000),
    crowd=Crowd(messages=20_000, beside=500),
    looks=1,
)


def accept(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Requests of Quick Audience."""
    for load in sizes.accepts:
        yield from through_the_application(kind, folder, load)
    yield from through_gunicorn(kind, folder, sizes.accepts)


def send(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Calls to the vendor."""
    for per_call in (1_000, 100):
        yield from sent(kind, folder, sizes.sent, per_call)


def receipts(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Webhooks of the vendor."""
    return received(kind, folder, sizes.receipts, sizes.single_receipts)


def push(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Callbacks to Quick Audience."""
    return pushed(kind, folder, sizes.pushes)


def round_trip(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Yield all of it."""
    return there_and_back(kind, folder, sizes.round_trip, sizes.a_request)


def single(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """All of it with a vendor that takes one message a call, beside Kannel."""
    return one_a_call(kind, folder, sizes.singles, sizes.a_request)


def choices(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Yield the ledger's choices beside what was not chosen."""
    return compared(kind, folder, sizes.choices)


def spans(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Yield the cost of OpenTelemetry."""
    return traced(kind, folder, sizes.accepts[0])


def console(kind: str, folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Yield every page of the console on a full ledger."""
    return pages(kind, folder, sizes.crowd, sizes.looks)


def recipes(_kind: str, _folder: Path, _sizes: Sizes) -> Iterator[Line]:
    """Vendors from a file beside vendors in Python; needs no database."""
    return recipe_lines()


ROWS: dict[str, Callable[[str, Path, Sizes], Iterator[Line]]] = {
    "accept": accept,
    "send": send,
    "receipts": receipts,
    "push": push,
    "round-trip": round_trip,
    "single": single,
    "choices": choices,
    "spans": spans,
    "pages": console,
    "recipes": recipes,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print the table; always 0, a missed aim is no failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds instead of minutes; rough figures"
    )
    parser.add_argument("--only", action="append", choices=list(ROWS), help="this row; may be repeated")
    parser.add_argument("--database", choices=KINDS, help="on this one only [default: both]")
    options = parser.parse_args(arguments)
    # As in production, to a file that nobody reads.
    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("w") as log:
        logs.configure(stream=log)
        lines = list(_measured(options, Path(folder)))
    print_table(lines, f"{machine()}{'; QUICK: too little work for good figures' if options.quick else ''}")
    return 0


def _measured(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    sizes = QUICK if options.quick else FULL
    for name in options.only or ROWS:
        kinds = [options.database] if options.database else KINDS
        for kind in ["no database"] if name == "recipes" else kinds:
            print(f"{name} on {kind} ...", file=sys.stderr, flush=True)
            here = folder / f"{name}-{kind}"
            here.mkdir(exist_ok=True)
            yield from ROWS[name](kind, here, sizes)


if __name__ == "__main__":
    raise SystemExit(main())
