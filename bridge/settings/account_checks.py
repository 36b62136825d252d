"""What is wrong with a channel's accounts and routes, taken together."""

import re
from collections.abc import Iterator

from .faults import Fault, dotted
from .models import ChannelSettings

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_OLD_FORM = ("vendor", "settings", "hook_token")


def account_checks(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    """Return every fault of a channel's accounts and routes."""
    yield from _both_forms(path, channel)
    yield from _names(path, channel)
    yield from _tokens(path, channel)
    yield from _routes(path, channel)


def _both_forms(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    given = [setting for setting in _OLD_FORM if _is_given(channel, setting)]
    if channel.accounts:
        for setting in given:
            yield Fault(
                f"{path}.{setting}",
                "The channel has accounts, and this would be one more without a name.",
                f"Move it into [{path}.accounts.NAME].",
            )


def _is_given(channel: ChannelSettings, setting: str) -> bool:
    if setting == "hook_token":
        return bool(channel.hook_token.get_secret_value())
    return bool(getattr(channel, setting))


def _names(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    for name in channel.accounts:
        if not _NAME.fullmatch(name):
            yield Fault(
                dotted(name, under=f"{path}.accounts"),
                "This cannot be an account's name.",
                "Use up to 32 of a-z, 0-9, hyphen and underscore.",
                apart=True,
            )


def _tokens(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for name, account in channel.accounts.items():
        token = account.hook_token.get_secret_value()
        first = owners.setdefault(token, name)
        if token and first != name:
            yield Fault(
                f"{dotted(name, under=f'{path}.accounts')}.hook_token",
                f"This is the token of the account {first} too: a webhook could be of either.",
                "Give each account a token of its own.",
            )


def _routes(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    known = channel.all_accounts
    for index, route in enumerate(channel.routes):
        where = f"{path}.routes[{index}]"
        for name in route.accounts:
            if name not in known:
                yield Fault(
                    f"{where}.accounts",
                    f"The channel has no account {name}.",
                    f"Name some of: {', '.join(known) or 'none is configured'}.",
                )
        for name in sorted({name for name in route.accounts if route.accounts.count(name) > 1}):
            yield Fault(f"{where}.accounts", f"The account {name} is named twice.", "Name it once.")
        before = [one for one in channel.routes[:index] if not _conditions(one)]
        if before:
            yield Fault(where, "A route before this one takes every message.", "Put that one last.")


def _conditions(route: object) -> bool:
    return any(getattr(route, name) for name in ("country", "type", "prefix", "hours"))
