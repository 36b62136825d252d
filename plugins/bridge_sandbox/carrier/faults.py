"""Faults on purpose: what a real network and a real vendor do to a caller on a bad day."""

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

AFTER = ("lost_answer", "hang", "reset_after", "error_after", "garbled_after")
BEFORE = ("reset_before", "error_before", "throttle")


@dataclass(frozen=True, slots=True)
class FaultRates:
    """The fraction of occasions, 0 to 1, on which each fault happens; one send suffers at most one.

    After the call was accepted: `lost_answer` closes the connection without an answer, `hang` never
    answers, `reset_after` resets the connection, `error_after` answers 502 with an HTML page,
    `garbled_after` answers half a JSON body. Before, with nothing accepted: `reset_before`, `error_before`
    (503 with an HTML page), `throttle` (429). `error_elsewhere` fails calls that send nothing (503).
    Reports: `receipts_twice` posts a page twice, `receipts_shuffled` disorders a round of pages,
    `receipts_early` has the receipts of a call arrive before its answer.
    """

    lost_answer: float = 0.0
    hang: float = 0.0
    reset_after: float = 0.0
    error_after: float = 0.0
    garbled_after: float = 0.0
    reset_before: float = 0.0
    error_before: float = 0.0
    throttle: float = 0.0
    error_elsewhere: float = 0.0
    receipts_twice: float = 0.0
    receipts_shuffled: float = 0.0
    receipts_early: float = 0.0

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> "FaultRates":
        """Read fractions by name; raises ValueError for an unknown name or a value outside 0 to 1."""
        known = {field.name for field in fields(cls)}
        for name, value in raw.items():
            if name not in known:
                raise ValueError(f"there is no fault {name!r}; known are {', '.join(sorted(known))}")
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
                raise ValueError(f"{name} must be a number from 0 to 1")
        if sum(raw.get(name, 0) for name in BEFORE + AFTER) > 1:
            raise ValueError("the faults of a send add up to more than 1")
        return cls(**raw)


class FaultyDay:
    """The faults in force and how often each has happened. Safe for many threads."""

    def __init__(self, faults: FaultRates, seed: int = 0) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._happened: Counter[str] = Counter()

    def change(self, faults: FaultRates) -> None:
        """Let these happen from now on, and no others."""
        with self._lock:
            self._faults = faults

    def strike_send(self) -> str:
        """Return the fault that hits this send, or ""."""
        with self._lock:
            draw = self._random.random()
            for name in BEFORE + AFTER:
                draw -= getattr(self._faults, name)
                if draw < 0:
                    self._happened[name] += 1
                    return name
            return ""

    def strikes(self, name: str) -> bool:
        """Draw the fault `name`. Returns True when it happens this time."""
        with self._lock:
            hit = bool(self._random.random() < getattr(self._faults, name))
            if hit:
                self._happened[name] += 1
            return hit

    def shuffled(self, items: list[Any]) -> list[Any]:
        """Return `items` in another order."""
        with self._lock:
            return self._random.sample(items, len(items))

    def state(self) -> dict[str, Any]:
        """Return the fractions in force and the counts so far, by name."""
        with self._lock:
            return {"faults": asdict(self._faults), "happened": dict(self._happened)}
