"""`sms-bridge templates`: the templates of all channels, and the review of those that no vendor reviews."""

import time

import click

from bridge.plugin import ReviewStatus
from bridge.services import upkeep
from bridge.services.operating import Decision, Operating

from .opening import channel_named, looking, say, settings_of_bridge, who
from .printing import Lists, Rows, When, listing, show, words


@click.group(cls=Lists)
def templates() -> None:
    """Show templates; approve or reject those that wait for you."""


@templates.command("list")
@click.option("--channel", help="Only this channel's.")
@click.option("--status", type=click.Choice([status.value for status in ReviewStatus]), help="Only these.")
@listing
def templates_list(channel: str | None, status: str | None, as_json: bool) -> None:
    """Show the templates, newest first."""
    settings = settings_of_bridge()
    with looking(settings) as desk:
        found = desk.templates(channel, ReviewStatus(status) if status else None)
    rows = [
        (
            one.channel,
            one.code,
            one.kind,
            one.type,
            one.status,
            When(one.created),
            one.name,
            words(one.content),
        )
        for one in found
    ]
    columns = ("channel", "code", "kind", "type", "status", "created", "name", "content")
    show(Rows("templates", "Templates", columns, rows), as_json=as_json, timezone=settings.bridge.timezone)


@templates.command("filings")
@click.option("--channel", help="Only this channel's.")
@listing
def templates_filings(channel: str | None, as_json: bool) -> None:
    """Show what each account beside the primary one has of the templates, and what failed there."""
    settings = settings_of_bridge()
    with looking(settings) as desk:
        found = desk.filings(channel)
    columns = ("channel", "code", "account", "status", "vendor code", "asked", "changed", "owed", "error")
    rows = [
        (
            one.channel,
            one.code,
            one.account,
            one.status,
            one.vendor_code,
            When(one.checked),
            When(one.changed),
            one.owed,
            words(one.error or one.reason),
        )
        for one in found
    ]
    filings = Rows("filings", "Templates at other accounts", columns, rows)
    show(filings, as_json=as_json, timezone=settings.bridge.timezone)


@templates.command("approve")
@click.argument("channel")
@click.argument("code")
@click.option("--vendor-code", default="", help="What the vendor knows it by, if you registered it there.")
@click.option("--account", default="", help="The account that it is about; without one, the primary.")
def templates_approve(channel: str, code: str, vendor_code: str, account: str) -> None:
    """Approve template CODE of CHANNEL."""
    _decide(channel, code, Decision(ReviewStatus.APPROVED, vendor_code=vendor_code, account=account))


@templates.command("reject")
@click.argument("channel")
@click.argument("code")
@click.option("--reason", required=True, help="What the marketer reads.")
@click.option("--account", default="", help="The account that it is about; without one, the primary.")
def templates_reject(channel: str, code: str, reason: str, account: str) -> None:
    """Reject template CODE of CHANNEL."""
    _decide(channel, code, Decision(ReviewStatus.REJECTED, reason, account=account))


def _decide(channel: str, code: str, decision: Decision) -> None:
    settings = settings_of_bridge()
    channel_named(settings, channel)
    with upkeep.ledger_of(settings) as ledger, upkeep.channels_of(settings, ledger) as opened:
        Operating(settings, ledger, time.time, who()).decide(opened[channel], code, decision)
    say(f"The template {code} is {decision.status}.")
