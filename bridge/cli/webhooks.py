"""`sms-bridge webhooks`: those that were refused, and a copy to try them with."""

import os
from pathlib import Path

import click

from .terminal.opening import looking, say, settings_of_hooks, settings_of_ledger
from .terminal.printing import Lists, Rows, When, command, listing, show


@click.group(cls=Lists)
def webhooks() -> None:
    """Show webhooks that were refused; save one to try it on a recipe."""


@webhooks.command("list")
@click.option("--channel", help="Only this channel's.")
@listing
def webhooks_list(channel: str | None, as_json: bool) -> None:
    """Show the refused webhooks that are kept, newest first: when, why, and how large."""
    settings = settings_of_ledger()
    with looking(settings) as desk:
        found = desk.webhooks(channel)
    rows = [
        (one.channel, one.id, When(one.refused), one.method, one.path, one.bytes, one.reason) for one in found
    ]
    columns = ("channel", "id", "refused", "method", "path", "bytes", "reason")
    listed = Rows("webhooks", "Refused webhooks", columns, rows)
    show(listed, as_json=as_json, timezone=settings.bridge.timezone)


@webhooks.command("save")
@click.argument("channel")
@click.argument("number", metavar="ID", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def webhooks_save(channel: str, number: int, file: Path) -> None:
    """Save webhook ID of CHANNEL as it came, for `sms-bridge recipe try --webhook FILE`.

    The file holds phone numbers, and the channel's hook token if the vendor signs the whole address: only
    you can read it; delete it afterwards.
    """
    with looking(settings_of_hooks(channel)) as desk:
        _write(file, desk.webhook(channel, number).content)
    say(f"Saved. Try it with: {command('recipe', 'try', 'RECIPE', '--webhook', str(file))}")


def _write(file: Path, content: bytes) -> None:
    # Made readable for its owner alone, rather than made so afterwards.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
