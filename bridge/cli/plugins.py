"""`sms-bridge plugins`: what is installed, what it offers, and why something does not load."""

import click

from bridge.channels import Plugin, discover
from bridge.channels.catalogue import hooks_of
from bridge.testing.commands import new, rung_of, verify

from .opening import say, show


@click.group(invoke_without_command=True)
@click.pass_context
def plugins(context: click.Context) -> None:
    """Show every installed plugin with its rung and hooks; verify one; begin a new one."""
    if context.invoked_subcommand is not None:
        return
    catalogue = discover()
    rows = [row for plugin in catalogue.plugins for row in _rows(plugin)]
    show("Plugins", ("offers", "name", "rung", "distribution", "hooks"), rows)
    for entry_point, problem in catalogue.problems:
        say(f"\n{entry_point} cannot be used. {problem}")


def _rows(plugin: Plugin) -> list[tuple[str, str, str, str, str]]:
    origin = f"{plugin.distribution} {plugin.version}".strip()
    offers = [("vendor", kind.name, rung_of(kind), hooks_of(kind)) for kind in plugin.vendors]
    offers += [("policy", kind.name, "", hooks_of(kind)) for kind in plugin.policies]
    return [(what, name, rung, origin, ", ".join(hooks)) for what, name, rung, hooks in offers]


plugins.add_command(verify)
plugins.add_command(new)
