"""`sms-bridge audit` and `forget`: what was changed by whom, and a person who is not to be known any more."""

import json

import click

from bridge import logs
from bridge.clock import FOREVER_MS
from bridge.services.desk.looking import Excerpt

from .terminal.opening import looking, moment_of, number, operating, say, settings_of_ledger
from .terminal.printing import Rows, Told, When, listing, show, words

_NAMES = {
    "messages": "messages",
    "recipients": "recipients in batches",
    "callbacks": "entries of callbacks",
    "told": "callbacks that were taken",
    "replies": "replies",
    "reports": "waiting reports",
    "webhooks": "refused webhooks",
    "pages": "unread pages",
    "reasons": "reasons and errors",
    "suppressions": "suppressions, which stay as digests",
}


@click.command()
@click.option("--channel", help="Only this channel's.")
@click.option("--since", help="On or after this day (2026-11-28, or with a time).")
@click.option("--until", help="Before this day.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@listing
def audit(channel: str | None, since: str | None, until: str | None, limit: int, as_json: bool) -> None:
    """Show what was changed, the latest first: by whom (a shell's user, or the bridge), when and why."""
    settings = settings_of_ledger()
    zone = settings.bridge.timezone
    wanted = Excerpt(moment_of(since, zone, 0), moment_of(until, zone, FOREVER_MS), limit)
    with looking(settings) as desk:
        found = desk.acts(channel, wanted)
    rows = [
        (
            When(one.at),
            one.who,
            one.what,
            one.channel,
            words(one.subject),
            logs.masked(one.why),
            _state(one.before),
            _state(one.after),
        )
        for one in found
    ]
    columns = ("when", "who", "what", "channel", "subject", "why", "before", "after")
    show(Rows("audit", "Audit", columns, rows), as_json=as_json, timezone=zone)


@click.command()
@click.argument("phone")
@click.option("--reason", default="Asked to be forgotten.", show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask: it cannot be taken back.")
def forget(phone: str, reason: str, yes: bool) -> None:
    """Remove the person with the number PHONE: number, values, texts and replies, in every channel.

    What happened to messages stays, without the number, so that totals stay right. A suppression stays as a
    digest: the person is still not sent to. What waits to be sent to the person is not sent.
    """
    found = number(phone)
    if not yes:
        click.confirm("Remove this person from the whole ledger?", abort=True)
    with operating() as desk:
        done = desk.forget(found, reason)
    total = sum(done.rows.values())
    for name, count in done.rows.items():
        if count:
            say(f"{count} {_NAMES[name]}")
    say(f"{total} rows hold nothing of the person any more." if total else "Nothing is known of the person.")
    if done.busy:
        say(f"{done.busy} batches with the person are being called just now: forget again in some minutes.")
        raise SystemExit(1)


def _state(state: object) -> Told:
    text = "" if not state else json.dumps(state, ensure_ascii=False).strip("{}")
    return Told(logs.masked(text), state)
