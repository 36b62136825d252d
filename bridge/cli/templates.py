"""`sms-bridge templates`: the templates of all channels, and the review of those that no vendor reviews."""

from dataclasses import replace

import click

from bridge.ledger import Ledger, StoredTemplate
from bridge.plugin import Carrier, CarrierReview, Kind, ReviewStatus
from bridge.services.snapshots import unpack_parts
from bridge.settings import Settings

from .opening import (
    Trouble,
    channel_named,
    channels_of,
    chosen_channels,
    ledger_of,
    moment,
    say,
    settings_of_bridge,
    show,
)

_COLUMNS = ("channel", "code", "kind", "type", "status", "created", "name", "content")


@click.group(invoke_without_command=True)
@click.pass_context
def templates(context: click.Context) -> None:
    """Show templates; approve or reject those that wait for you."""
    if context.invoked_subcommand is None:
        context.invoke(templates_list)


@templates.command("list")
@click.option("--channel", help="Only this channel's.")
@click.option("--status", type=click.Choice([status.value for status in ReviewStatus]), help="Only these.")
def templates_list(channel: str | None = None, status: str | None = None) -> None:
    """Show the templates, newest first."""
    settings = settings_of_bridge()
    wanted = ReviewStatus(status) if status else None
    with ledger_of(settings) as ledger:
        found = [
            template
            for name in chosen_channels(settings, channel)
            for template in ledger.templates.list(name, status=wanted)
        ]
    show("Templates", _COLUMNS, [_row(template, settings) for template in found])


@templates.command("approve")
@click.argument("channel")
@click.argument("code")
def templates_approve(channel: str, code: str) -> None:
    """Approve template CODE of CHANNEL."""
    _decide(channel, code, ReviewStatus.APPROVED, "")


@templates.command("reject")
@click.argument("channel")
@click.argument("code")
@click.option("--reason", required=True, help="What the marketer reads.")
def templates_reject(channel: str, code: str, reason: str) -> None:
    """Reject template CODE of CHANNEL."""
    _decide(channel, code, ReviewStatus.REJECTED, reason)


def _decide(channel: str, code: str, status: ReviewStatus, reason: str) -> None:
    settings = settings_of_bridge()
    if channel_named(settings, channel).review != "manual":
        raise Trouble(f'The channel {channel} has review = "auto": its templates need no decision here.')
    with ledger_of(settings) as ledger:
        template = ledger.templates.get(channel, code)
        if template is None:
            raise Trouble(f"The channel {channel} has no template {code}.")
        _refuse_if_the_vendor_reviews(settings, ledger, channel, template)
        carriers = {carrier: CarrierReview(status, reason) for carrier in Carrier}
        changed = replace(
            template,
            status=status,
            reason=reason,
            carriers=carriers if template.kind is Kind.DIGITAL else template.carriers,
        )
        ledger.templates.save(changed)
    say(f"The template {code} is {status}.")


def _refuse_if_the_vendor_reviews(
    settings: Settings, ledger: Ledger, channel: str, template: StoredTemplate
) -> None:
    hook = "query_digital_template" if template.kind is Kind.DIGITAL else "query_template"
    with channels_of(settings, ledger) as opened:
        if opened[channel].hooks.supports(hook):
            raise Trouble(f"The vendor of {channel} reviews its templates itself; decide there.")


def _row(template: StoredTemplate, settings: Settings) -> tuple[str, ...]:
    content = template.content
    if template.kind is Kind.DIGITAL:
        content = " + ".join(part.text or part.suffix for part in unpack_parts(content))
    content = " ".join(content.split())
    return (
        template.channel,
        template.code,
        template.kind,
        template.type.name.lower(),
        template.status,
        moment(template.created, settings),
        template.name,
        content if len(content) <= 60 else f"{content[:59]}…",
    )
