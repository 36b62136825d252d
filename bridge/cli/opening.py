"""What commands share: the configuration, the ledger, the operator's screen and one way to fail."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge import logs
from bridge.channels import OpenChannel, discover, open_channels
from bridge.channels.registry import close_channels
from bridge.ledger import Ledger, open_ledger
from bridge.plugin import BadNumber, Phone, from_vendor
from bridge.services.records import ChannelRecords
from bridge.settings import ChannelSettings, Settings, load

_WIDTH = 160
"""Columns of a table that is not shown on a terminal."""


class Trouble(click.ClickException):
    """An expected failure: one sentence for the operator, and exit status 2."""

    exit_code = 2

    def format_message(self) -> str:
        """The sentence, with nothing private in it."""
        return logs.masked(self.message)


def settings_of_bridge() -> Settings:
    """The configuration; its secrets will not be shown. Raises SettingsFaults."""
    settings = load()
    logs.hide(settings.secrets())
    return settings


@contextmanager
def ledger_of(settings: Settings, *, pool_size: int = 1) -> Iterator[Ledger]:
    """The ledger, checked to be reachable and of this version's schema."""
    ledger = open_ledger(settings.bridge.database, pool_size=pool_size)
    try:
        ledger.check()
        yield ledger
    finally:
        ledger.close()


@contextmanager
def channels_of(settings: Settings, ledger: Ledger) -> Iterator[dict[str, OpenChannel]]:
    """All channels with their plugins. Raises SettingsFaults."""
    opened = open_channels(settings, discover(), lambda name: ChannelRecords(ledger, name, time.time))
    try:
        yield opened
    finally:
        close_channels(opened)


def channel_named(settings: Settings, name: str) -> ChannelSettings:
    """The settings of a channel; Trouble when there is none of that name."""
    if name not in settings.channels:
        raise Trouble(f"There is no channel {name}; the configuration has {', '.join(settings.channels)}.")
    return settings.channels[name]


def chosen_channels(settings: Settings, name: str | None) -> list[str]:
    """The named channel, or all of them."""
    if name is None:
        return list(settings.channels)
    channel_named(settings, name)
    return [name]


def number(text: str) -> Phone:
    """A number as an operator types it: mainland as 11 digits, all others with + and country code."""
    try:
        return from_vendor(text)
    except BadNumber:
        raise Trouble(
            "That is no phone number: mainland as 11 digits, others with + and country code."
        ) from None


def now_ms() -> int:
    """Now, in milliseconds since 1970."""
    return int(time.time() * 1000)


def moment(milliseconds: int | None, settings: Settings) -> str:
    """A time of the ledger in the bridge's time zone; "" for none."""
    if not milliseconds:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, settings.bridge.timezone).strftime("%Y-%m-%d %H:%M:%S")


def say(text: str) -> None:
    """One line for the operator."""
    click.echo(logs.masked(text))


def show(title: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    """A table. Cells are shown as they are: the caller masks what may hold a number."""
    if not rows:
        click.echo(f"{title}: none")
        return
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    with console.capture() as text:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in text.get().splitlines()))
