"""Ids, references and number keys.

An id has 63 bits: milliseconds since 1970, eight bits that tell processes apart, and a sequence of thirteen.
Ids grow with time (so inserts stay at the end of their index), need no round trip to the database, and do not
repeat across installations that share a vendor account. A reference is an id in base 36: at most 13
characters [0-9a-z]; a message's is "batch-seq".
"""

import os
import secrets
import threading
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from bridge.clock import DAY_MS, MINUTE_MS

AHEAD_MS = MINUTE_MS
"""By how much an id may be ahead of the moment it was asked for."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Place(NamedTuple):
    """Where a message stands: its batch and its number in the batch, from 0."""

    batch_id: int
    seq: int


class _Sequence:
    """One process's ids: always growing, whatever moments its threads name.

    Each millisecond begins at random. A clock that is set back by more than AHEAD_MS makes it begin anew.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew, as a process of its own; another thread may have held the lock at the fork."""
        self._lock = threading.Lock()
        self._begin(0)

    def _begin(self, now_ms: int) -> None:
        self._tag = secrets.randbits(8)
        self._ms, self._next = now_ms, secrets.randbits(12)

    def take(self, now_ms: int) -> int:
        """Return the next id; a millisecond that is used up borrows from the one after it."""
        with self._lock:
            if now_ms < self._ms - AHEAD_MS:
                self._begin(now_ms)
            elif now_ms > self._ms:
                self._ms, self._next = now_ms, secrets.randbits(12)
            elif self._next == 1 << 13:
                self._ms, self._next = self._ms + 1, 0
            self._next += 1
            return self._ms << 21 | self._tag << 13 | self._next - 1


_sequence = _Sequence()
os.register_at_fork(after_in_child=_sequence.restart)


def new_id(now_ms: int) -> int:
    """Return a fresh id for something created now."""
    return _sequence.take(now_ms)


@lru_cache(1024)  # a batch's is asked for with each of its messages
def to_ref(number: int) -> str:
    """Return the reference of an id."""
    digits = []
    while number:
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits)) or "0"


def from_ref(ref: str) -> int | None:
    """Return the id of a reference, None when the text is none of ours."""
    if not ref or len(ref) > 13 or not ref.isascii() or not ref.isalnum() or ref != ref.lower():
        return None
    number = int(ref, 36)
    return number if number < 1 << 63 else None


def message_ref(batch_id: int, seq: int) -> str:
    """Return the reference of message `seq` of a batch."""
    return f"{to_ref(batch_id)}-{seq}"


def from_message_ref(ref: str) -> Place | None:
    """Return the place that a message reference names, None when the text is none of ours."""
    head, _, tail = ref.partition("-")
    batch_id = from_ref(head)
    if batch_id is None or not tail.isascii() or not tail.isdigit() or len(tail) > 9:
        return None
    return Place(batch_id, int(tail))


def phone_key(channel: str, digits: str, at_ms: int) -> int:
    """Return the key a message is found by: the day it was sent above 40 bits of the hashed number.

    With the day in front, a day's inserts land in one region of the index that stays in memory; a plain
    index on numbers is the dearest thing in this database (66,000 rows a second against 290,000).
    """
    return (at_ms // DAY_MS << 40) | int.from_bytes(
        blake2b(f"{channel}\0{digits}".encode(), digest_size=5).digest(), "big"
    )


def phone_keys(channel: str, digits: str, since_ms: int, until_ms: int) -> list[int]:
    """Return the keys under which a number may be found in a span of time, one a day, latest first."""
    days = range(until_ms // DAY_MS, since_ms // DAY_MS - 1, -1)
    return [phone_key(channel, digits, day * DAY_MS) for day in days]
