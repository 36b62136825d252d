"""Channels and their accounts: settings without secrets, a hand brake for each, and routes explained."""

from collections.abc import Sequence

from bridge.channels import OpenChannel
from bridge.plugin.phone import mask
from bridge.services.desk.explaining import Explaining
from bridge.services.desk.operating import NO_CHANNEL, OperatorRefused
from bridge.services.desk.overview import SeenAccount, SeenChannel
from bridge.services.desk.signing_in import Role
from bridge.services.setup.describing import HIDDEN, UNSET, described
from bridge.services.setup.live import Heard, LiveCheck

from ..asking import Asked, NotUnderstood
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, PageRoute, View
from ..tables import Button, Cell, Column, Link, State, Table, Word
from .number import number_in
from .overview import REASONS, named

_HOME = "/console/channels"
_CHANNELS = (
    Column("channel", phrase("Channel")),
    Column("platform", phrase("Platform")),
    Column("account", phrase("Account")),
    Column("vendor", phrase("Vendor")),
    Column("sending", phrase("Sending")),
    Column("words", phrase("Why")),
)
_ACCOUNTS = (*_CHANNELS, Column("", ""))
_SETTINGS = (
    Column("setting", phrase("Setting")),
    Column("value", phrase("Value")),
    Column("default", phrase("Default")),
)
_ROUTES = (
    Column("account", phrase("Account")),
    Column("weight", phrase("Weight")),
    Column("verdict", phrase("Verdict")),
)
_DEFAULT = {True: phrase("yes"), False: phrase("no")}
_TOLD_AT_MOST = 300
"""So much of what an account says stands on the next page; the audit has all of it."""
_HIDING = {HIDDEN: phrase("(set)"), UNSET: phrase("(not set)")}


def _channels(desk: Desk, asked: Asked) -> View:
    rows = [row for channel in desk.overview.channels() for row in _rows(desk, channel)]
    return View([Table("channels", phrase("Channels"), _CHANNELS, rows)])


def _rows(desk: Desk, channel: SeenChannel) -> list[Sequence[Cell]]:
    return [_row(desk, channel, account) for account in channel.accounts]


def _row(desk: Desk, channel: SeenChannel, account: SeenAccount) -> Sequence[Cell]:
    stop = account.stop
    known = desk.settings.channels[channel.name].all_accounts.get(account.name)
    return (
        Link(channel.name, f"{_HOME}/{channel.name}"),
        channel.platform_name,
        named(account),
        known.vendor if known else "",
        State(REASONS[stop.reason] if stop else phrase("yes")),
        Word(stop.words if stop else ""),
    )


def _channel(desk: Desk, asked: Asked, channel: str) -> View:
    opened = opened_channel(desk, channel)
    [seen] = [one for one in desk.overview.channels() if one.name == channel]
    settings = described(opened, desk.settings.secrets())
    tables = [
        Table(
            "settings",
            phrase("Settings"),
            _SETTINGS,
            [(one.name, _value(one.value), Word(_DEFAULT[one.default])) for one in settings],
        ),
        Table("accounts", phrase("Accounts"), _ACCOUNTS, _with_checks(desk, opened, seen)),
    ]
    facts = {
        "channel": seen,
        "several": opened.several,
        "may_act": desk.may(Role.OPERATOR),
        "pushes": bool(opened.settings.callback_url),
    }
    return View(tables, facts)


def _with_checks(desk: Desk, opened: OpenChannel, seen: SeenChannel) -> list[Sequence[Cell]]:
    """Return the rows with a button each that asks the account; one that is gone cannot be asked."""
    found: list[Sequence[Cell]] = []
    for account in seen.accounts:
        name = named(account)
        there = isinstance(name, str) and name in opened.accounts and desk.may(Role.OPERATOR)
        fields = {"account": str(name)}
        ask = Button(phrase("Check now"), f"{_HOME}/{opened.name}/check", fields) if there else None
        found.append((*_row(desk, seen, account), ask))
    return found


def _check(desk: Desk, asked: Asked, channel: str) -> Done:
    """Ask an account whether it can send, or with none Quick Audience's address whether it answers."""
    bridge, account = desk.bridge, asked.text("account", 64)
    check = LiveCheck(opened_channel(desk, channel), bridge.ledger, bridge.clock, desk.person.who)
    if not account:
        return _told(check.quick_audience())
    heard = check.account(account)
    values = {"account": account, "said": heard.said[:_TOLD_AT_MOST]}
    if heard.good:
        return Done(phrase("The account %(account)s works: %(said)s"), values)
    return Done(phrase("The account %(account)s does not work: %(said)s"), values)


def _told(heard: Heard) -> Done:
    values = {name: str(value)[:_TOLD_AT_MOST] for name, value in heard.values.items()}
    return Done(heard.text, values)


def opened_channel(desk: Desk, channel: str) -> OpenChannel:
    """Return a channel with its plugins."""
    if channel not in desk.bridge.services:
        raise OperatorRefused(NO_CHANNEL, channel=channel, names=", ".join(desk.bridge.services))
    return desk.bridge.services[channel].channel


def _value(value: str) -> Cell:
    return Word(_HIDING[value]) if value in _HIDING else value


def _ask_routes(desk: Desk, asked: Asked, channel: str) -> Done:
    """Lead to the page about a number, which stands in its address sealed."""
    number, code = asked.text("number", 40), asked.text("template", 30)
    if not number or not code:
        raise NotUnderstood(phrase("Give a number and a template's code."))
    given = {"template": code, "sign": asked.text("sign")}
    address = Asked(f"{_HOME}/{channel}/routes/{desk.sealing.seal(number)}", given)
    return Done("", back=address.address())


def _routes(desk: Desk, asked: Asked, channel: str, sealed: str) -> View:
    opened, number = opened_channel(desk, channel), number_in(desk, sealed)
    code, sign = asked.text("template", 30), asked.text("sign")
    explaining = Explaining(opened, desk.bridge.ledger, desk.bridge.clock)
    rows = [(one.account, one.weight, Word(one.verdict)) for one in explaining.routes(number, code, sign)]
    facts = {
        "channel": channel,
        "code": code,
        "masked": mask(number),
        "sign": explaining.sign_of(code, sign),
    }
    return View([Table("accounts", phrase("Accounts"), _ROUTES, rows)], facts)


def _pause(desk: Desk, asked: Asked, channel: str) -> Done:
    account = asked.text("account", 64)
    desk.operating.pause(channel, asked.text("reason") or "Paused by an operator.", account)
    if account:
        return Done(phrase("The account %(account)s is paused."), {"account": account})
    return Done(phrase("The channel %(channel)s is paused; its messages wait."), {"channel": channel})


def _resume(desk: Desk, asked: Asked, channel: str) -> Done:
    account = asked.text("account", 64)
    desk.operating.resume(channel, account, asked.text("reason"))
    if account:
        return Done(phrase("The account %(account)s is called again."), {"account": account})
    return Done(phrase("The channel %(channel)s sends and pushes."), {"channel": channel})


PAGES = [
    PageRoute("channels", "/channels", _channels),
    PageRoute("channel", "/channels/<channel>", _channel),
    PageRoute("routes", "/channels/<channel>/routes/<sealed>", _routes),
]
DEEDS = [
    Deed("ask_routes", "/channels/<channel>/routes", _ask_routes, Role.VIEWER),
    Deed("check_account", "/channels/<channel>/check", _check),
    Deed("pause_channel", "/channels/<channel>/pause", _pause),
    Deed("resume_channel", "/channels/<channel>/resume", _resume),
]
