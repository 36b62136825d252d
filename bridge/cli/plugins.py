"""`sms-bridge plugins`: what is installed, what it offers, and why something does not load."""

import click

from bridge.channels import Catalogue, Plugin, discover
from bridge.channels.catalogue import hooks_of
from bridge.settings import SettingsFaults
from bridge.testing.commands import new, rung_of, rung_with, unproven_of, verify

from .terminal.opening import settings_of_ledger
from .terminal.printing import Lists, Rows, Told, listing, show


@click.group(cls=Lists)
def plugins() -> None:
    """Show every installed plugin with its rung and hooks; verify one; begin a new one."""


@plugins.command("list")
@listing
def plugins_list(as_json: bool) -> None:
    """Show every installed plugin with its rung and hooks, why one does not load, and each account's."""
    catalogue = discover()
    rows = [row for plugin in catalogue.plugins for row in _rows(plugin)]
    notes = [
        f"\nNot proven by the rung of {kind.name}: {what}"
        for plugin in catalogue.plugins
        for kind in plugin.vendors
        if (what := unproven_of(kind))
    ]
    notes += [f"\n{name} cannot be used. {problem}" for name, problem in catalogue.problems]
    listed = Rows("plugins", "Plugins", ("offers", "name", "rung", "distribution", "hooks"), rows)
    accounts = Rows("accounts", "Accounts", ("channel", "account", "vendor", "rung"), _accounts(catalogue))
    further = [accounts] if accounts.rows or as_json else []
    show(listed, *further, as_json=as_json, notes=notes)


def _accounts(catalogue: Catalogue) -> list[tuple[object, ...]]:
    """Return the accounts of the configuration with the rung of what they use; none without one."""
    try:
        channels = settings_of_ledger().channels
    except SettingsFaults:
        return []
    return [
        (channel, name, account.vendor, rung_with(kind, account.settings) if kind else "not installed")
        for channel, settings in channels.items()
        for name, account in settings.all_accounts.items()
        for kind in [catalogue.vendors.get(account.vendor)]
    ]


def _rows(plugin: Plugin) -> list[tuple[object, ...]]:
    origin = f"{plugin.distribution} {plugin.version}".strip()
    offers = [("vendor", kind.name, rung_of(kind), hooks_of(kind)) for kind in plugin.vendors]
    offers += [("policy", kind.name, "", hooks_of(kind)) for kind in plugin.policies]
    return [
        (what, name, rung, origin, Told(", ".join(hooks), list(hooks))) for what, name, rung, hooks in offers
    ]


plugins.add_command(verify)
plugins.add_command(new)
