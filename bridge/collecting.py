"""The garbage collector of a process that runs for long."""

import gc

_NEW_OBJECTS = 20_000
"""A batch of a thousand recipients makes this many objects that live as long as its call; by default the
collector goes through the young ones for every 700."""


def keep_what_is_loaded() -> None:
    """Keep modules, settings and plugins out of every later collection, and collect less often.

    Called once, when a process has started and before it works: what it has loaded stays until it ends.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
