"""Ids, references and number keys.

An id has 63 bits: milliseconds since 1970, eight bits that tell processes apart, and a sequence of thirteen.
Ids grow with time (so inserts stay at the end of their index), need no round trip to the database, and do not
repeat across installations that share a vendor account. A reference is an id in base 36: at most 13
characters [0-9a-z]; a message's is "chunk-seq".
"""

import os
import secrets
import threading
from hashlib import blake2b

DAY_MS = 86_400_000
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class _Sequence:
    """One process's ids: consecutive within a millisecond, from a random start."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew, as a process of its own; another thread may have held the lock at the fork."""
        self._lock = threading.Lock()
        self._tag = secrets.randbits(8)
        self._ms = self._next = 0

    def take(self, now_ms: int) -> int:
        """The next id; a millisecond that is used up borrows from the one after it."""
        with self._lock:
            if now_ms != self._ms:
                self._ms, self._next = now_ms, secrets.randbits(12)
            number = self._next
            self._next += 1
        return (now_ms + (number >> 13)) << 21 | self._tag << 13 | number & 0x1FFF


_sequence = _Sequence()
os.register_at_fork(after_in_child=_sequence.restart)


def new_id(now_ms: int) -> int:
    """A fresh id for something created now."""
    return _sequence.take(now_ms)


def to_ref(number: int) -> str:
    """The reference of an id."""
    digits = []
    while number:
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits)) or "0"


def from_ref(ref: str) -> int | None:
    """The id of a reference, None when the text is none of ours."""
    if not ref or len(ref) > 13 or not ref.isascii() or not ref.isalnum() or ref != ref.lower():
        return None
    number = int(ref, 36)
    return number if number < 1 << 63 else None


def message_ref(chunk_id: int, seq: int) -> str:
    """The reference of the message at place `seq` of a chunk."""
    return f"{to_ref(chunk_id)}-{seq}"


def from_message_ref(ref: str) -> tuple[int, int] | None:
    """Chunk id and place of a message reference, None when the text is none of ours."""
    head, _, tail = ref.partition("-")
    chunk_id = from_ref(head)
    if chunk_id is None or not tail.isascii() or not tail.isdigit() or len(tail) > 9:
        return None
    return chunk_id, int(tail)


def phone_key(channel: str, digits: str, at_ms: int) -> int:
    """The key a message is found by: the day it was sent above 40 bits of the hashed number.

    With the day in front, a day's inserts land in one region of the index that stays in memory; a plain
    index on numbers is the dearest thing in this database (66,000 rows a second against 290,000).
    """
    return (at_ms // DAY_MS << 40) | int.from_bytes(
        blake2b(f"{channel}\0{digits}".encode(), digest_size=5).digest(), "big"
    )


def phone_keys(channel: str, digits: str, since_ms: int, until_ms: int) -> list[int]:
    """The keys under which a number may be found in a span of time, one a day, latest first."""
    days = range(until_ms // DAY_MS, since_ms // DAY_MS - 1, -1)
    return [phone_key(channel, digits, day * DAY_MS) for day in days]
