"""Silver, about words that nobody lists: one that only resembles a listed word means nothing.

A plugin that looks for the beginning of a word, for its end, or for letters in it, guesses: the vendor's next
word may say the opposite.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.plugin.status import UNDECIDED

from ..play.row import Played, play
from ..table.cases import Case, Send, Webhook
from .climbing import rule
from .vendor_table import VendorTable, told

_SHORTEST = 3
"""Letters of a word that is tried without its last, too."""
_BY_HTTP = "HTTP_"
"""How a code begins that is a status of HTTP: such have no neighbours of meaning."""


class Guesses(VendorTable):
    """Rules of the middle rung about words near those that are listed."""

    @rule("silver")
    def test_no_status_is_guessed(self) -> None:
        """A word that resembles one of `statuses` is no final status."""
        faults = [
            f"the status {near!r}, which only resembles {word!r}, became {', '.join(guessed)}"
            for near, word, played in self._near(self.statuses, self.status_row)
            if (guessed := _final(played))
        ]
        assert not faults, told([*faults, "read whole words, as the vendor documents them"])

    @rule("silver")
    def test_no_code_is_guessed(self) -> None:
        """A code that resembles one of `errors` becomes what any unknown code does."""
        if not self.errors:
            return
        strange = _meaning(self.play(self.error_row(self.unmapped), as_bridge=True))
        faults = [
            f"the code {near!r}, which only resembles {word!r}, became {_meaning(played)}, not {strange}"
            for near, word, played in self._near(self.errors, self.error_row)
            if _meaning(played) != strange
        ]
        assert not faults, told([*faults, "read whole codes, as the vendor documents them"])

    def _near(
        self, listed: Mapping[str, Any], row_of: Callable[[str], Case]
    ) -> Iterator[tuple[str, str, Played]]:
        """Play a row for each word near a listed one that the table can bring."""
        for family, why in self.families.items():
            self.not_proven(f"words that begin with {family!r} are read whole: {why}")
        rows: list[tuple[str, str, Case]] = []
        for near, word in near_words(listed).items():
            row = None if near.startswith(tuple(self.families)) else _row(row_of, near)
            if row is not None and self.brings(row, near):
                rows.append((near, word, row))
        yield from self._played(rows)

    def _played(self, rows: Sequence[tuple[str, str, Case]]) -> Iterator[tuple[str, str, Played]]:
        # One channel for all: there are many words, and each is a row of one request.
        if not rows:
            return
        plain = [replace(row, given=None) for _, _, row in rows]
        with self.wire(plain) as wire, self.stage(wire, plain[0]) as stage:
            for near, word, row in rows:
                if row.given is not None:
                    row.given(wire.emulator)
                request = self.sign(row.request) if isinstance(row, Webhook) else None
                yield near, word, play(stage, wire, row, request=request, quiet=True, as_bridge=True)


def near_words(listed: Mapping[str, object]) -> dict[str, str]:
    """Return words that resemble a listed one and are not listed, each with that one."""
    found: dict[str, str] = {}
    known = {word.lower() for word in listed}
    for word in listed:
        if not word or word.startswith(_BY_HTTP):
            continue
        for near in resembling(word):
            if near.lower() not in known:
                found.setdefault(near, word)
    return found


def resembling(word: str) -> Iterator[str]:
    """Return the word with something behind it and before it, and without its end."""
    before, behind = ("un", "x") if word.islower() else ("UN", "X")
    yield f"{word}{'7' if word[-1].isdigit() else behind}"
    yield f"{'7' if word[0].isdigit() else before}{word}"
    if len(word) >= _SHORTEST:
        yield word[:-1]


def _row(row_of: Callable[[str], Case], word: str) -> Case | None:
    """Return the table's row for a word; None where it can bring no such word."""
    try:
        return row_of(word)
    except (ValueError, LookupError):
        return None


def _final(played: Played) -> list[str]:
    receipts = getattr(played.answer, "receipts", ())
    return [str(each.status) for each in receipts if each.status not in UNDECIDED]


def _meaning(played: Played) -> str:
    """Return what became of a row, without its words."""
    if not isinstance(played.row, Send):
        return type(played.error or getattr(played.answer, "error", None)).__name__
    found = {(str(each.outcome), type(each.error).__name__, each.opted_out) for each in played.results}
    return ", ".join(
        f"{outcome}{'' if error == 'NoneType' else f' ({error})'}{', opted out' if out else ''}"
        for outcome, error, out in sorted(found)
    )
