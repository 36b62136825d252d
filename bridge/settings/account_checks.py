"""What is wrong with a channel's accounts and routes, taken together."""

import re
from collections.abc import Iterator

from .faults import Fault, dotted
from .models import ChannelSettings

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_MAINLAND = re.compile(r"1([3-9][0-9]{0,9})?")
_CONDITIONS = ("country", "type", "prefix", "hours")
_OLD_FORM = ("vendor", "settings", "hook_token")


def account_checks(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    """Return every fault of a channel's accounts and routes."""
    yield from _both_forms(path, channel)
    yield from _names(path, channel)
    yield from _tokens(path, channel)
    yield from _routes(path, channel)


def account_cautions(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    """Return what works in a channel's accounts and routes, but hardly as it was meant."""
    yield from _hidden_routes(path, channel)
    yield from _impossible_prefixes(path, channel)
    yield from _unreached(path, channel)
    if len(channel.all_accounts) > 1 and channel.failover_after_s >= 3600 * channel.unknown_deadline_h:
        yield Fault(
            f"{path}.failover_after_s",
            "A message ends before it may go to another account.",
            "Make it shorter than unknown_deadline_h; the default is 10 seconds.",
        )


def _hidden_routes(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    seen: dict[tuple[frozenset[object], ...], int] = {}
    for index, route in enumerate(channel.routes):
        conditions = tuple(frozenset(getattr(route, name)) for name in _CONDITIONS)
        first = seen.setdefault(conditions, index)
        if first != index and any(conditions):
            yield Fault(
                f"{path}.routes[{index}]",
                f"routes[{first}] has the same conditions and comes before: this one takes nothing.",
                "Name all accounts in one of them.",
            )


def _impossible_prefixes(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    for index, route in enumerate(channel.routes):
        for prefix in route.prefix:
            if not prefix.startswith("+") and not _MAINLAND.fullmatch(prefix):
                yield Fault(
                    f"{path}.routes[{index}].prefix",
                    f"No mainland mobile number begins with {prefix}.",
                    'Write "138" for mainland numbers, and "+1415" with a country code.',
                )


def _unreached(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    """Find accounts that get nothing: where no route fits all accounts are asked, unless one fits always."""
    if all(_conditions(route) for route in channel.routes):
        return
    reached = {name for route in channel.routes for name in route.accounts}
    for name in channel.all_accounts:
        if name not in reached:
            yield Fault(
                dotted(name, under=f"{path}.accounts"),
                "No route leads to this account: it sends nothing.",
                "Name it in a route, or take it out.",
            )


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
    return any(getattr(route, name) for name in _CONDITIONS)
