"""`sms-bridge channels`: how the channels are doing, and a hand brake for each."""

from collections.abc import Mapping

import click

from bridge.ledger import Ledger
from bridge.settings import Settings

from .opening import channel_named, ledger_of, moment, now_ms, say, settings_of_bridge, show


@click.group(invoke_without_command=True)
@click.pass_context
def channels(context: click.Context) -> None:
    """Show the channels; pause and resume them."""
    if context.invoked_subcommand is None:
        context.invoke(channels_list)


@channels.command("list")
def channels_list() -> None:
    """Show every channel: what it is, whether it sends and pushes, and what waits."""
    settings = settings_of_bridge()
    with ledger_of(settings) as ledger:
        depth = ledger.gauges()
        rows = [_row(name, settings, ledger, depth) for name in settings.channels]
    show("Channels", ("name", "platform", "vendor", "sending", "pushing", "recipients waiting"), rows)


@channels.command("pause")
@click.argument("name")
@click.option("--reason", default="Paused by an operator.", show_default=True)
def channels_pause(name: str, reason: str) -> None:
    """Send nothing through channel NAME until it is resumed; sends are still accepted and queued."""
    settings = settings_of_bridge()
    channel_named(settings, name)
    with ledger_of(settings) as ledger:
        ledger.coordination.pause_until_resumed(name, reason)
    say(f"The channel {name} is paused; its messages wait. Resume it with: sms-bridge channels resume {name}")


@channels.command("resume")
@click.argument("name")
def channels_resume(name: str) -> None:
    """Send and push again at once: end a pause, and forget that Quick Audience refused callbacks."""
    settings = settings_of_bridge()
    channel_named(settings, name)
    with ledger_of(settings) as ledger:
        ledger.coordination.resume(name)
        ledger.coordination.close_breaker(name)
    say(f"The channel {name} sends and pushes.")


def _row(
    name: str, settings: Settings, ledger: Ledger, depth: Mapping[tuple[str, str], int]
) -> tuple[str, ...]:
    channel = settings.channels[name]
    state = ledger.coordination.channel_state(name)
    sending = pushing = "yes"
    if state.paused_until > now_ms():
        sending = f"paused {_until(state.paused_until, settings)}: {state.pause_reason}"
    if not channel.callback_url:
        pushing = "no address"
    elif state.breaker_failures:
        pushing = f"stopped {_until(state.breaker_until, settings)}: {state.breaker_reason}"
    waiting = [
        f"{depth[name, kind]} {kind}" for kind in ("ready", "calling", "unknown") if depth.get((name, kind))
    ]
    shown = f"{name} (default)" if channel.default else name
    return shown, channel.platform_name, channel.vendor, sending, pushing, ", ".join(waiting) or "none"


def _until(milliseconds: int, settings: Settings) -> str:
    far = milliseconds > now_ms() + 10 * 365 * 86_400_000
    return "until resumed" if far else f"until {moment(milliseconds, settings)}"
