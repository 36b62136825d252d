"""What is noted of one call of a plugin."""

import threading
from dataclasses import dataclass, field
from socket import socket
from weakref import WeakSet

from ..table.exchanges import Seen
from .swapping import Names

MOST_WAIT_S = 60.0
"""The longest time-out a plugin may give: a thread of the bridge waits with it."""


@dataclass
class Watch:
    """Requests made with `requests` and their answers, connections, faults, and what was said aloud.

    `connections` counts what any client tried: connections, datagrams and look-ups of names.
    """

    requests: int = 0
    exchanges: list[tuple[Seen, int, str]] = field(default_factory=list)
    connections: int = 0
    faults: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    logged_at: list[str] = field(default_factory=list)
    """The file and line of each of `log`."""
    printed: str = ""
    aside: list[tuple[str, str]] = field(default_factory=list)
    """What was said elsewhere, each with its place: a file, the name of a thread, a label of a metric."""
    slept_s: float = 0.0
    took_s: float = 0.0
    idle_s: float = 0.0
    """Seconds in which the thread neither computed nor wanted to; 0 where the system does not say."""
    started: list[str] = field(default_factory=list)
    """What the hook itself started: "a thread", "a process"."""
    sockets: "WeakSet[socket]" = field(default_factory=WeakSet)
    bug: threading.Event | None = None
    bug_class: type[Exception] = RuntimeError
    module: str = ""
    """The plugin's top-level package: names in it that were imported from elsewhere are watched too."""
    names: Names = field(default_factory=dict)
    """Those names, as they are when the watch begins."""

    def fault(self, sentence: str) -> None:
        """Note a fault, once."""
        if sentence not in self.faults:
            self.faults.append(sentence)
