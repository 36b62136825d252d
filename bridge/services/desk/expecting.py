"""What somebody who sends through this bridge may expect: a signature, and why messages do not leave now."""

import ipaddress
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from bridge import logs
from bridge.clock import Clock, millis, moment
from bridge.ledger import Hold, Ledger, LedgerUnavailable, open_ledger
from bridge.settings import Settings

from .overview import Overview, Stop

_ALIVE_MS = 30_000


def channel_at(settings: Settings, address: str) -> str:
    """Return the name of the channel that an address of this bridge means, "" for another's address."""
    parts = urlsplit(address)
    own = urlsplit(settings.bridge.public_url).hostname
    if parts.hostname is None or not (parts.hostname == own or _is_loopback(parts.hostname)):
        return ""
    name = parts.path.strip("/")
    if not name:
        name = next((name for name, channel in settings.channels.items() if channel.default), "")
    return name if name in settings.channels else ""


def sign_of(settings: Settings, name: str) -> str:
    """Return a signature that the channel may send under, or ""."""
    channel = settings.channels[name]
    approved = (sign for sign, review in channel.signs.items() if review.status.sendable)
    return channel.default_sign or next(approved, "")


def asked(settings: Settings, name: str, clock: Clock) -> list[str]:
    """Return what `holds` does, of the configured ledger; its own trouble is a reason, too."""
    ledger = open_ledger(settings.bridge.database, pool_size=1)
    try:
        ledger.check()
        return [logs.masked(reason) for reason in holds(settings, ledger, name, clock)]
    except LedgerUnavailable as error:
        return [str(error)]
    finally:
        ledger.close()


def holds(settings: Settings, ledger: Ledger, name: str, clock: Clock) -> Iterator[str]:
    """Return a sentence for each reason: a pause, a rest, a policy, refused callbacks, no worker."""
    now = millis(clock)
    seen = next(one for one in Overview(settings, ledger, clock).channels() if one.name == name)

    def until(milliseconds: int | None) -> str:
        if milliseconds is None:
            return "until it is resumed"
        zone = settings.channels[name].timezone or settings.bridge.timezone
        return f"until {datetime.strftime(moment(milliseconds).astimezone(zone), '%Y-%m-%d %H:%M:%S')}"

    if seen.stop is not None:
        yield f"the channel {name} {_words(seen.stop)} {until(seen.stop.until)}: {seen.stop.words}"
    for hold in (hold for account in seen.accounts for hold in account.held):
        if seen.stop is None or hold.reason != seen.stop.reason:
            yield f"{hold.messages:,} of {name}: {_words(hold)} {until(hold.until)}: {hold.words}"
    if seen.push_stop is not None:
        yield f"pushing of {name} stands {until(seen.push_stop.until)}: {seen.push_stop.words}"
    if not ledger.coordination.live_workers(since=now - _ALIVE_MS):
        yield "no worker was heard of in the last 30 seconds."


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _words(stop: Stop) -> str:
    return next((words for hold, words in _WORDS.items() if hold == stop.reason), "waits")


_WORDS = {
    Hold.POLICY: "held by a policy",
    Hold.VENDOR_HOURS: "the vendor's hours begin later, held",
    Hold.THROTTLED: "the vendor asked to slow down, held",
    Hold.REVIEW: "a template, signature or route must be mended or approved, held",
    Hold.RETRY: "the vendor took nothing, waits",
    Hold.PAUSE: "is paused",
    Hold.BREAKER: "rests, its calls fail,",
    Hold.RATE: "has used up its rate",
}
