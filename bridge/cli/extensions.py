"""Commands that plugins bring: entry points of the group `bridge.commands`, loaded when they are called.

    [project.entry-points."bridge.commands"]
    acme = "bridge_acme.commands:acme"

The object is a click command; the entry point's name is what the operator types after `sms-bridge`.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click

from .terminal.opening import Trouble

GROUP = "bridge.commands"


def names() -> list[str]:
    """Return the commands that installed plugins bring."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def command(name: str) -> click.Command | None:
    """Return a plugin's command, or None; one that cannot be loaded says so when it is called."""
    points = [point for point in entry_points(group=GROUP) if point.name == name]
    if not points:
        return None
    if len(points) > 1:
        return _broken(name, f"The command {name} is offered more than once.")
    return _loaded(points[0])


def _loaded(point: EntryPoint) -> click.Command:
    try:
        found = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a third-party module may fail in any way
        return _broken(
            point.name, f"The command {point.name} cannot be loaded: {type(error).__name__}: {error}"
        )
    if not isinstance(found, click.Command):
        return _broken(point.name, f"The command {point.name} is no click command.")
    return found


def _broken(name: str, problem: str) -> click.Command:
    def tell() -> NoReturn:
        raise Trouble(problem)

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=tell, short_help="cannot be loaded", context_settings=settings)
