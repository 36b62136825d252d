"""Quick Audience's end of the callbacks as a process of its own: prints its address, serves until ended."""

import threading

from bridge.simulator.callback_server import CallbackServer
from bridge.simulator.inspection import Rules

from .stage import KEY


def main() -> None:
    """Serve on a free port of this machine."""
    with CallbackServer(Rules(KEY)) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
