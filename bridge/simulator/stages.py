"""How a campaign's progress is shown: bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class StageProgress(Protocol):
    """One stage that is under way."""

    def reach(self, done: int) -> None:
        """Note that so much of the stage is done; it never goes back. Any thread may call it."""

    def note(self, text: str) -> None:
        """Say how the stage went, in a few words behind its title."""


class Stages(Protocol):
    """Shows stages, one after the other."""

    def stage(self, title: str, total: int = 1) -> AbstractContextManager[StageProgress]:
        """Begin a stage of `total` steps, 0 when nobody knows; leaving one of a single step completes it."""


def stages_for(console: Console) -> Stages:
    """Return bars for a terminal, lines for everything else."""
    return _Bars(console) if console.is_terminal else _Lines(console)


class _Bars:
    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, title: str, total: int = 1) -> Iterator[StageProgress]:
        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
        )
        with Progress(*columns, console=self._console) as progress:
            bar = _Bar(progress, title, total)
            yield bar
            bar.end(total)


class _Bar:
    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=total or None, note="")
        self._done = 0

    def reach(self, done: int) -> None:
        self._done = done
        self._progress.update(self._task, completed=done)

    def end(self, total: int) -> None:
        if total == 1:
            self.reach(1)
        if total == 0:
            self._progress.update(self._task, total=self._done)

    def note(self, text: str) -> None:
        self._progress.update(self._task, note=text)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, title: str, total: int = 1) -> Iterator[StageProgress]:
        line = _Line(self._console, title, total)
        yield line
        if total == 1:
            line.reach(1)
        line.end()


class _Line:
    """A line halfway and one at the end: a log shows that it moves, and how long it took."""

    def __init__(self, console: Console, title: str, total: int) -> None:
        self._console = console
        self._title = title
        self._total = total
        self._done = 0
        self._note = ""
        self._began = time.monotonic()

    def reach(self, done: int) -> None:
        if self._total > 1 and self._done < self._total / 2 <= done < self._total:
            self._print(f"{done:,} of {self._total:,}")
        self._done = done

    def note(self, text: str) -> None:
        self._note = f"  {text}"

    def end(self) -> None:
        elapsed = time.monotonic() - self._began
        whole = f" of {self._total:,}" if self._total else ""
        self._print(f"{self._done:,}{whole} in {elapsed:.1f} s{self._note}".rstrip())

    def _print(self, text: str) -> None:
        self._console.print(f"{self._title:<34} {text}", highlight=False, soft_wrap=True)
