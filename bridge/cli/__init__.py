"""`sms-bridge`: the operator's one command. Every command works on the file that SMS_BRIDGE_CONFIG names."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .commands import main

__all__ = ["main", "run"]


def run() -> None:
    """Run what the shell asked for.

    A container asks `healthy` every few seconds: it is spared what all other commands need.
    """
    if sys.argv[1:2] == ["healthy"]:
        from .running.health import healthy

        healthy(sys.argv[2:], prog_name="sms-bridge healthy")
    from .commands import main

    main(prog_name="sms-bridge")


def __getattr__(name: str) -> object:
    if name == "main":
        from .commands import main

        return main
    raise AttributeError(name)
