"""Time as the simulator's parts take it: read and waited for together, so that a test can own both."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """How the time is read and how it is waited for, in seconds."""

    now: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep


MONOTONIC = Timing(time.monotonic)
"""For spans of time."""
WALL = Timing(time.time)
"""For moments that others read, such as a signature's."""
