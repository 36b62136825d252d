"""The whole way on this one machine: Quick Audience, the bridge, a carrier over HTTP, and back."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from .bodies import Sends
from .choices import tallied
from .databases import fresh_database, server_pids
from .installation import Installation
from .measuring import Meter
from .table import Line, rate

_AIM = 5_000
_TALLY_AIM = 0.05
_FRONTS = 2
_PATIENCE_S = 600


def there_and_back(kind: str, folder: Path, recipients: int, per_request: int) -> Iterator[Line]:
    """From the first request to the last receipt in Quick Audience's hands."""
    with fresh_database(kind, folder) as url, Installation(url, folder) as installation:
        code = installation.template()
        bodies = [Sends(code, per_request, start).body() for start in range(0, recipients, per_request)]
        meter = Meter(**server_pids(url), **installation.pids)
        with meter:
            started = time.monotonic()
            send_all(installation, bodies)
            accepted_s = time.monotonic() - started
            await_receipts(installation, recipients)
    cpu = {part: seconds * 1e6 / recipients for part, seconds in meter.cpu_by_part.items() if part != "here"}
    ours = sum(seconds for part, seconds in cpu.items() if part in ("bridge", "postgres"))
    split = ", ".join(f"{part} {seconds:.0f}" for part, seconds in cpu.items())
    yield Line(
        f"round trip of {recipients:,}",
        kind,
        rate(recipients, meter.wall_s),
        share=None,
        cpu=ours,
        aim=f"> {_AIM:,}/s",
        reached=recipients / meter.wall_s > _AIM,
        note=f"accepted at {rate(recipients, accepted_s)}; CPU s/1M: {split}",
    )

    yield _tally(kind, folder, recipients, ours)


def _tally(kind: str, folder: Path, recipients: int, whole: float) -> Line:
    """Tell what the totals cost of the processor time of the whole way."""
    kept, without, spent = tallied(kind, folder, recipients)
    cost = spent * 1e6 / recipients
    by_difference = (kept.cpu_s - without.cpu_s) * 1e6 / recipients
    return Line(
        "of which the tally",
        kind,
        f"{cost / whole:.1%} of its CPU",
        cpu=cost,
        aim=f"< {_TALLY_AIM:.0%}",
        reached=cost / whole < _TALLY_AIM,
        note=f"in the bridge; with the server, by difference: {by_difference:.1f}",
    )


def send_all(installation: Installation, bodies: list[bytes]) -> None:
    """Two of Quick Audience's threads send; an error of either is raised here."""
    errors: list[Exception] = []

    def work(part: list[bytes]) -> None:
        try:
            for body in part:
                installation.send(body)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(bodies[at::_FRONTS],)) for at in range(_FRONTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def await_receipts(installation: Installation, recipients: int) -> None:
    """Wait until Quick Audience has a receipt of every recipient."""
    deadline = time.monotonic() + _PATIENCE_S
    while (received := installation.server.received()) < recipients:
        if time.monotonic() > deadline:
            raise AssertionError(f"only {received} receipts came:\n{installation.bridge.log()[-3000:]}")
        time.sleep(0.05)
