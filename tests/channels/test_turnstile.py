"""Threads that wait for vendors: those that hang leave room for the others, and for every other request."""

from contextlib import ExitStack

import pytest

from bridge.channels.turnstile import Turnstile
from bridge.plugin import VendorUnavailable

EIGHT, TWO = 8, 2


class Threads:
    """The callers of one process, which own the clock."""

    def __init__(self, threads: int) -> None:
        self.now = 0.0
        self.turnstile = Turnstile(threads, tick=lambda: self.now, wait_s=0)
        self.calls: list[tuple[str, ExitStack]] = []

    def call(self, account: str) -> bool:
        """Begin a call. Returns False for one that is refused."""
        stack = ExitStack()
        try:
            stack.enter_context(self.turnstile.passing(account))
        except VendorUnavailable as refused:
            assert refused.code == "VENDOR_BUSY"
            return False
        self.calls.append((account, stack))
        return True

    def end(self) -> None:
        """End all calls."""
        for _, stack in self.calls:
            stack.close()
        self.calls.clear()


# threads of the process, then calls ("+6" lets six seconds pass, "end" ends all), and who is let through
CALLS: dict[str, tuple[int, str, str]] = {
    "half of the threads": (EIGHT, "a b c d e", "a b c d"),
    "one that is well has what it asks for": (EIGHT, "a a a a a", "a a a a"),
    "one that hangs begins no other": (EIGHT, "a +6 a b", "a b"),
    "hanging ones leave room for one that is well": (
        EIGHT,
        "a b c d +6 end a b c d well",
        "a b c d a b c well",
    ),
    "one that was late has one at a time": (EIGHT, "a +6 end a a b b b", "a a b b b"),
    "and many once it was in time": (EIGHT, "a +6 end a end a a", "a a a a"),
    "few threads": (TWO, "a b end b", "a b"),
    "few threads, and one that was late": (TWO, "a +6 end a b end b", "a a b"),
}


@pytest.mark.parametrize(("threads", "calls", "through"), CALLS.values(), ids=CALLS)
def test_who_is_let_through(threads: int, calls: str, through: str) -> None:
    """The first word of a call is its account."""
    process, let = Threads(threads), []
    for word in calls.split():
        if word == "end":
            process.end()
        elif word.startswith("+"):
            process.now += int(word)
        elif process.call(word):
            let.append(word)
    assert " ".join(let) == through
    process.end()
