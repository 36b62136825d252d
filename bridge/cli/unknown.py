"""`sms-bridge unknown`: messages whose outcome is not known; asked about now, or sent again on your word."""

import click

from bridge.services import upkeep
from bridge.services.messages.settling import LookedUp

from .terminal.opening import Trouble, channel_named, say, settings_of_channel, settings_of_ledger, who
from .terminal.printing import Lists, Rows, Told, When, listing, show

_COLUMNS = (
    "channel",
    "account",
    "batch",
    "send",
    "outId",
    "template",
    "messages",
    "called",
    "next look",
    "deadline",
    "resent",
)


@click.group(cls=Lists)
def unknown() -> None:
    """Messages whose outcome is not known: the vendor may have taken them, or not."""


@unknown.command("list")
@click.option("--channel", help="Only this channel's.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Batches.")
@listing
def unknown_list(channel: str | None, limit: int, as_json: bool) -> None:
    """Show the batches in question, the oldest call first, and when their vendor is asked next."""
    settings = settings_of_ledger()
    with upkeep.ledger_of(settings) as ledger:
        found = upkeep.unknowns(settings, ledger).list(channel, limit=limit)
    rows = [
        (
            one.channel,
            one.account,
            one.batch,
            one.send,
            one.out_id,
            one.template,
            one.messages,
            When(one.called),
            _look(one.next_look),
            When(one.deadline),
            Told("yes" if one.resent else "", one.resent),
        )
        for one in found
    ]
    listed = Rows("unknown", "Unknown outcomes", _COLUMNS, rows)
    show(listed, as_json=as_json, timezone=settings.bridge.timezone)


@unknown.command("settle")
@click.option("--channel", help="Only this channel's.")
def unknown_settle(channel: str | None) -> None:
    """Ask the vendors now. What they prove absent is sent again; nothing else is.

    It needs the secrets of the accounts that have something to ask about, and no others.
    """
    settings = settings_of_ledger()
    with upkeep.ledger_of(settings) as ledger:
        desk = upkeep.unknowns(settings, ledger)
        names = [name for name in settings.channels if desk.list(name, limit=1)]
        if channel is not None:
            channel_named(settings, channel)
            names = [channel]
        accounts = {name: desk.accounts(name) for name in names}
    if not names:
        say("No message of unknown outcome.")
    for name, own in {name: settings_of_channel(name, accounts[name]) for name in names}.items():
        with upkeep.ledger_of(own) as ledger, upkeep.channels_of(own, ledger) as opened:
            [asked] = upkeep.unknowns(own, ledger, who()).settle(opened, name, accounts[name]).values()
        say(f"{name}: {_told(asked)}")


@unknown.command("resend")
@click.argument("channel")
@click.option("--batch", "batches", multiple=True, help="Only this batch's, by its reference; repeatable.")
@click.option("--outid", default="", help="Only those of this outId.")
@click.option("--accept-duplicates", is_flag=True, help="You know that persons may get a message twice.")
@click.option("--reason", help="Why; it is kept with the decision and logged.")
def unknown_resend(
    channel: str, batches: tuple[str, ...], outid: str, accept_duplicates: bool, reason: str | None
) -> None:
    """Send messages of CHANNEL whose outcome is not known once more: some may arrive twice.

    At most once for each message. Without --accept-duplicates and --reason it only says how many there are.
    """
    settings = settings_of_ledger()
    with upkeep.ledger_of(settings) as ledger:
        desk = upkeep.unknowns(settings, ledger, who())
        chosen = desk.chosen(channel, batches, outid)
        count = desk.resendable(chosen)
        if not count:
            say("There is no message of unknown outcome that was not sent again before.")
            return
        if not accept_duplicates or not reason:
            raise Trouble(
                f"{count} messages may arrive twice: the vendor may have taken them. Ask it first, with "
                "sms-bridge unknown settle; to send them all the same, add --accept-duplicates and --reason."
            )
        resent = desk.resend(chosen, reason)
    say(f"{resent.messages} messages are sent again; as many may arrive twice. Decision {resent.decision}.")


def _look(at: int | None) -> When | Told:
    return Told("nobody can be asked", None) if at is None else When(at)


def _told(asked: LookedUp) -> str:
    if not asked.open and not asked.failed:
        return "no message of unknown outcome."
    parts = [
        f"{asked.open} messages in question: {asked.accepted} taken, {asked.rejected} refused,",
        f"{asked.absent} absent and sent again, {asked.unknown} still unknown",
    ]
    notes = [f"{asked.not_asked} of them cannot be asked about"] if asked.not_asked else []
    notes += [f"{asked.failed} could not be settled, the log says why"] if asked.failed else []
    return " ".join(parts) + (f" ({'; '.join(notes)})." if notes else ".")
