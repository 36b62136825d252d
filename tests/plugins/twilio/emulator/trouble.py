"""What goes wrong on the way, by chance or in a prescribed order; may be changed while the emulator runs."""

import random
import threading
from dataclasses import dataclass, field, fields
from typing import Any

KINDS = (
    "throttle",  # 429, nothing taken
    "reset_before",  # the connection breaks, nothing taken
    "reset_after",  # taken, then the connection breaks
    "hang_after",  # taken, then silence
    "html_before",  # 503 with an HTML page, nothing taken
    "html_after",  # taken, then 500 with an HTML page
    "empty_after",  # taken, then 201 with an empty object
    "garbage_after",  # taken, then 201 with something that is not JSON
    "problem",  # an error in the form of RFC 9457
    "redirect",  # 307, nothing taken
    "throttle_empty",  # 429 without a body, nothing taken
    "throttle_html",  # 429 with a gateway's page, nothing taken
    "throttle_cut",  # 429 whose body breaks off, nothing taken
    "daily_limit",  # 429 with 63038, nothing taken
    "forbidden_html",  # 403 with a gateway's page, nothing taken
    "cut_after",  # taken, then the answer breaks off
    "trickle_after",  # taken, then the answer comes a byte at a time, without end
    "trickle_head_after",  # the same in the headers
    "endless_after",  # taken, then more than anybody would read
)


@dataclass
class Trouble:
    """Chances (0 to 1) by kind for POST of a message, and settings of all calls.

    `script` names what the next calls meet, "" for nothing; it comes before chance. `concurrency` above 0
    answers 429 to more calls at once than that.
    """

    chances: dict[str, float] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)
    latency_s: float = 0.0
    hang_s: float = 30.0
    concurrency: int = 0
    retry_after: str = ""
    seed: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def change(self, changes: dict[str, Any]) -> None:
        """Set fields by name."""
        known = {one.name for one in fields(self)}
        with self._lock:
            for name, value in changes.items():
                if name not in known:
                    raise ValueError(f"no such fault setting: {name}")
                setattr(self, name, value)
            unknown = set(self.chances) - set(KINDS)
            if unknown:
                raise ValueError(f"no such fault: {unknown}")

    def draw(self) -> str:
        """Return the fault of the next message, "" for none."""
        with self._lock:
            if self.script:
                return self.script.pop(0)
            point = self._random.random()
            for kind, chance in self.chances.items():
                point -= chance
                if point < 0:
                    return kind
            return ""
