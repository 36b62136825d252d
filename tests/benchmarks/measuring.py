"""What a piece of work took: wall time, processor time of every process involved, peak memory (Linux)."""

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and all its descendants, ended ones included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    own = sum(int(ticks) for ticks in fields[11:15]) / _TICKS
    return own + sum(cpu_seconds(child) for child in _children(pid))


def peak_mb(pid: int) -> float:
    """The most memory that any one process among this one and its descendants ever held, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    own = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    return max([own, *(peak_mb(child) for child in _children(pid))])


def _children(pid: int) -> list[int]:
    # Each thread lists the children that it started.
    try:
        lists = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except FileNotFoundError:
        return []
    return [int(child) for children in lists for child in children.split()]


class Meter:
    """Use as a context manager around each piece of the work; what it took adds up.

    `laps` are the pieces' wall seconds. The processor time is that of this process and of the processes in
    `pids`, each with its descendants, by name.
    """

    def __init__(self, **pids: int) -> None:
        self._pids = pids
        self.laps: list[float] = []
        self.cpu_by_part = dict.fromkeys(("here", *pids), 0.0)

    @property
    def wall_s(self) -> float:
        """Wall time of all pieces."""
        return sum(self.laps)

    @property
    def cpu_s(self) -> float:
        """Processor time of all parts."""
        return sum(self.cpu_by_part.values())

    def __enter__(self) -> Self:
        self._before = self._cpu()
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.laps.append(time.perf_counter() - self._started)
        for name, seconds in self._cpu().items():
            self.cpu_by_part[name] += seconds - self._before[name]

    def _cpu(self) -> dict[str, float]:
        return {"here": time.process_time()} | {name: cpu_seconds(pid) for name, pid in self._pids.items()}


def p50(seconds: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(seconds)


def p95(seconds: Sequence[float]) -> float:
    """Return what 95 of 100 stay below; with fewer than 20 values, the largest."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]


def p99(seconds: Sequence[float]) -> float:
    """Return what 99 of 100 stay below; with fewer than 100 values, the largest."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
