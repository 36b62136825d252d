"""Running a recipe without its vendor: the dry run, and the samples."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bridge.plugin import BridgeError

from .bench import Bench
from .describing import described, read_webhook, why, written
from .request.building import Built
from .schema import Sample


class DryRun(NamedTuple):
    """One operation or poll with sample values: the requests it makes, or why it makes none."""

    name: str
    built: list[Built]
    refusal: str


def dry_runs(path: Path) -> Iterator[DryRun]:
    """Yield everything the recipe can ask, once; raises RecipeFaults."""
    sample = Sample(name="dry run")
    for name in Bench.for_sample(path, sample).calls:
        bench = Bench.for_sample(path, sample)
        try:
            result = bench.call(name)
        except BridgeError as error:
            result = error
        built = bench.recorder.built
        yield DryRun(name, built, "" if built else why(result))


def differences(path: Path, sample: Sample) -> list[str]:
    """Return what does not hold of a sample; nothing when all of it does. Raises RecipeFaults."""
    bench = Bench.for_sample(path, sample)
    if sample.webhook:
        return _webhook_differences(bench, sample)
    try:
        result = bench.call(sample.call)
    except KeyError:
        return [f"call: {sample.call!r} is no operation or poll; there are {', '.join(bench.calls)}"]
    except BridgeError as error:
        result = error
    found = []
    if sample.request:
        built = bench.recorder.built
        sent = (
            written(built[-1]).replace("\r\n", "\n").rstrip("\n")
            if built
            else f"(nothing was sent: {why(result)})"
        )
        found += _compare("request", sample.request.strip("\n").replace("\r\n", "\n"), sent)
    expected = {"results": sample.results, "receipts": sample.receipts, "replies": sample.replies}
    for name, lines in expected.items():
        if lines is not None:
            found += _compare(name, "\n".join(lines), "\n".join(described(result)))
    return found


def _webhook_differences(bench: Bench, sample: Sample) -> list[str]:
    try:
        result = bench.vendor.parse_webhook(bench.channel, read_webhook(sample.webhook))
    except BridgeError as error:
        return [] if sample.refused else [f"webhook: is refused: {error.reason}"]
    if sample.refused:
        return ["webhook: is taken, but should be refused"]
    found = []
    for name, lines in (
        ("receipts", sample.receipts),
        ("replies", sample.replies),
        ("reviews", sample.reviews),
    ):
        found += _compare(name, "\n".join(lines or []), "\n".join(described(getattr(result, name))))
    if sample.ack is not None:
        found += _compare("ack", sample.ack, result.acknowledgement.body.decode())
    return found


def _compare(name: str, expected: str, got: str) -> list[str]:
    if expected == got:
        return []
    return [f"{name} is not as expected\n--- expected\n{expected}\n--- got\n{got}"]
