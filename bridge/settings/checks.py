"""What no single setting can tell: settings that do not go together."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import structlog

from .account_checks import account_cautions, account_checks
from .addresses import is_open
from .faults import Fault, dotted
from .models import BridgeSettings, ChannelSettings, Settings, secrets_of
from .price_checks import price_checks

log = structlog.get_logger("bridge.settings")

# The first parts of the bridge's own addresses; a channel of that name could not be reached.
_RESERVED = frozenset({"sms", "hooks", "healthz", "readyz", "metrics", "docs", "console", "static"})
_LONG_CALL_S = 90  # the built-in plugins hand over for a minute, and then wait for the last answer
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def cross_checks(settings: Settings) -> Iterator[Fault]:
    """Return every fault that concerns more than one setting."""
    yield from _defaults(settings)
    yield from price_checks(settings.prices, settings.channels)
    yield from _console(settings)
    for name, channel in settings.channels.items():
        path = dotted("channels", name)
        if not is_channel_name(name):
            yield Fault(
                path,
                "This cannot be a channel's name." if name not in _RESERVED else "This name is reserved.",
                "Use up to 32 of a-z, 0-9 and hyphen, not one of the bridge's own addresses.",
                apart=True,
            )
        yield from _callback(path, channel)
        yield from account_checks(path, channel)
        yield from _policies(path, channel)


def is_channel_name(name: str) -> bool:
    """Return whether a channel may be called that: its name is a part of addresses."""
    return _NAME.fullmatch(name) is not None and name not in _RESERVED


def cautions(settings: Settings) -> Iterator[Fault]:
    """Return what works but should be looked at before real messages are sent."""
    yield from _times(settings)
    for where in settings.unreplaced:
        yield Fault(
            where,
            "This looks like a reference, but it is taken as the value itself.",
            "Write env:NAME or file:PATH in small letters.",
        )
    yield from _shared_secrets(settings)
    yield from _console_cautions(settings)
    yield from _read_along(settings)
    for name, channel in settings.channels.items():
        yield from _channel_cautions(dotted("channels", name), channel)


def _channel_cautions(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    if not channel.accepted_keys:
        yield Fault(
            f"{path}.key",
            "Authentication is off: whoever reaches the bridge can send.",
            "Type a key into Quick Audience's form and set it here, or restrict allow_from.",
        )
    if channel.callback_url and not channel.callback_secret:
        yield Fault(
            f"{path}.callback_url",
            "Callbacks to Quick Audience are not signed, and it may refuse them.",
            "Set key or callback_key.",
        )
    if channel.unknown_policy == "resend":
        yield Fault(
            f"{path}.unknown_policy",
            "Messages whose outcome is unknown are sent again: a person may get one twice.",
            'Keep "fail" unless that is wanted.',
        )
    yield from account_cautions(path, channel)


def _console_cautions(settings: Settings) -> Iterator[Fault]:
    console = settings.console
    if console is None:
        return
    address = urlsplit(console.url or settings.bridge.public_url)
    if address.scheme == "http" and address.hostname not in ("127.0.0.1", "::1", "localhost"):
        yield Fault(
            "console.url",
            "Browsers keep the console's session over https only: nobody can sign in.",
            "Put https in front, as config/README.md says, and write its address here.",
        )


def warn(settings: Settings) -> None:
    """Log every caution; called by each program that starts."""
    for fault in cautions(settings):
        log.warning("caution", setting=fault.path, problem=fault.problem, advice=fault.advice)


def _read_along(settings: Settings) -> Iterator[Fault]:
    if is_open(settings.bridge.public_url):
        yield Fault(
            "bridge.public_url",
            "Webhooks bring phone numbers and a secret address by plain http, for all on the way to read.",
            "Put https in front, as config/README.md says, and write its address here.",
        )


def _times(settings: Settings) -> Iterator[Fault]:
    bridge = settings.bridge
    if bridge.lease_s < _LONG_CALL_S:
        yield Fault(
            "bridge.lease_s",
            f"A vendor call may take {_LONG_CALL_S} seconds; while it lasts its messages may look unsent.",
            "Keep it longer than any vendor call takes; the default is 120.",
        )
    for name, channel in settings.channels.items():
        if channel.reply_window_h > bridge.retention_days * 24:
            yield Fault(
                f"{dotted('channels', name)}.reply_window_h",
                f"Messages are deleted after {bridge.retention_days} days; later replies find none.",
                "Shorten it, or raise retention_days.",
            )
        yield from _caps(f"{dotted('channels', name)}.policy_settings.frequency", channel, bridge)


def _caps(path: str, channel: ChannelSettings, bridge: BridgeSettings) -> Iterator[Fault]:
    """Compare the windows of frequency caps with the time that messages are kept."""
    caps = channel.policy_settings.get("frequency", {}).get("caps", ())
    kept_h = bridge.retention_days * 24
    hours = [cap.get("hours") for cap in caps if isinstance(cap, dict)] if isinstance(caps, list) else []
    if any(isinstance(hour, int | float) and hour > kept_h for hour in hours):
        yield Fault(
            f"{path}.caps",
            f"Messages are deleted after {bridge.retention_days} days; the cap forgets them then.",
            "Shorten its hours, or raise retention_days.",
        )


def _shared_secrets(settings: Settings) -> Iterator[Fault]:
    """Find keys and hook tokens that more than one channel has, or that serve for both. Returns cautions."""
    owners: dict[str, tuple[str, str]] = {}
    for name, channel in settings.channels.items():
        secrets = [(setting, getattr(channel, setting)) for setting in ("key", "callback_key", "hook_token")]
        secrets += [(f"accounts.{one}.hook_token", of.hook_token) for one, of in channel.accounts.items()]
        for setting, value in secrets:
            for text in secrets_of(value):
                other, first = owners.setdefault(text, (name, setting))
                serves_both = setting.endswith("hook_token") and not first.endswith("hook_token")
                if text and (other != name or serves_both):
                    yield Fault(
                        f"{dotted('channels', name)}.{setting}",
                        f"This is also the {first} of the channel {other}: who knows the one has the other.",
                        "Give each channel secrets of its own.",
                    )


def _defaults(settings: Settings) -> Iterator[Fault]:
    chosen = [name for name, channel in settings.channels.items() if channel.default]
    for name in chosen[1:]:
        yield Fault(
            f"{dotted('channels', name)}.default",
            f"The channel {chosen[0]} is the default already.",
            "Keep default = true in one channel only.",
        )


def _console(settings: Settings) -> Iterator[Fault]:
    console = settings.console
    if console is None:
        return
    if not (console.url or settings.bridge.public_url):
        yield Fault(
            "console.url",
            "Nobody knows the console's address: links to it cannot be made.",
            "Set it, or bridge.public_url: the address in people's browsers, such as https://sms.example.com.",
        )
    if console.sign_on is not None and not console.sign_on.roles:
        yield Fault(
            "console.sign_on.roles",
            "No value of the claim gives a role: nobody could sign in there.",
            'Write some, such as roles = { "sms-operators" = "operator" }.',
        )


def _callback(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    if channel.receipts == "push" and not channel.callback_url:
        yield Fault(
            f"{path}.callback_url",
            "Receipts are pushed, but there is no address to push them to.",
            'Set zhangbei, shanghai or a URL, or receipts = "pull".',
        )
    if channel.callback_url.startswith("http://") and not channel.allow_private:
        yield Fault(
            f"{path}.callback_url",
            "The callback address is not https, and callbacks carry phone numbers.",
            "Use https, or allow_private = true in a closed network.",
        )


def _policies(path: str, channel: ChannelSettings) -> Iterator[Fault]:
    for name, count in Counter(channel.policies).items():
        if count > 1:
            yield Fault(f"{path}.policies", f"The policy {name} is named twice.", "Name it once.")
    for name in channel.policy_settings:
        if name not in channel.policies:
            yield Fault(
                dotted(name, under=f"{path}.policy_settings"),
                "These settings belong to a policy that the channel does not use.",
                f"Add {name} to policies, or remove them.",
            )
