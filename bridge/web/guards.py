"""What a request must pass before it is served: its address, its signature, its size, and being new."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b

from flask import Request
from pydantic import IPvAnyNetwork
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from bridge.contract import signing
from bridge.contract.refusal import Refusal, forbidden
from bridge.settings import ChannelSettings

Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]


def check_address(remote_addr: str | None, networks: Sequence[IPvAnyNetwork]) -> None:
    """Raise a 403 Refusal when the caller is in none of the networks; without networks all may call."""
    if not networks:
        return
    try:
        address = ipaddress.ip_address((remote_addr or "").partition("%")[0])
    except ValueError:
        raise forbidden("The caller's address is not known.") from None
    mapped = getattr(address, "ipv4_mapped", None) or address
    if not any(mapped in network for network in networks):
        raise forbidden("The caller's address is not allowed.")


def check_signature(request: Request, channel: ChannelSettings, now: float, skew_s: float) -> str:
    """The request's signature, "" when the channel has no key. Raises a 401 or 403 Refusal."""
    return signing.verify(
        channel.key.get_secret_value(),
        list(request.args.items(multi=True)),
        request.headers.get(signing.HEADER),
        datetime.fromtimestamp(now, UTC),
        skew_s,
    )


def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body; never more than `max_bytes` are kept, and none of one that is announced as larger.

    Raises RequestEntityTooLarge, or BadRequest when the caller hung up half-way.
    """
    if (request.content_length or 0) > max_bytes:
        raise RequestEntityTooLarge
    # A body of unknown length is cut at the limit in silence: one byte more tells the difference.
    request.max_content_length = max_bytes + 1
    raw = request.get_data(cache=False)
    if len(raw) > max_bytes:
        raise RequestEntityTooLarge
    return raw


def read_contract_body(request: Request, max_bytes: int) -> bytes:
    """As `read_body`, with Refusals: the contract knows neither HTTP 413 nor 400."""
    try:
        return read_body(request, max_bytes)
    except RequestEntityTooLarge:
        raise Refusal(
            "REQUEST_TOO_LARGE",
            f"The request is larger than {max_bytes} bytes: send the recipients in several requests.",
        ) from None
    except BadRequest:
        raise Refusal("UNREADABLE_BODY", "The body of the request is incomplete.") from None


def digest(*parts: bytes) -> bytes:
    """32 bytes that stand for the parts, wherever one ends and the next begins."""
    found = blake2b(digest_size=32)
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.digest()
