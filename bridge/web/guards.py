"""What a request must pass before it is served: its address, its signature, its size, and being new."""

import ipaddress
from collections.abc import Sequence
from hashlib import blake2b

from pydantic import IPvAnyNetwork
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wrappers import Request

from bridge.clock import moment, seconds
from bridge.contract import signing
from bridge.contract.refusal import Refusal, forbidden
from bridge.settings import ChannelSettings


def check_address(remote_addr: str | None, networks: Sequence[IPvAnyNetwork]) -> None:
    """Raise a 403 Refusal when the caller is in none of the networks; without networks all may call."""
    if not networks:
        return
    try:
        address = ipaddress.ip_address(bare_address(remote_addr))
    except ValueError:
        raise forbidden("The caller's address is not known.") from None
    mapped = getattr(address, "ipv4_mapped", None) or address
    if not any(mapped in network for network in networks):
        raise forbidden("The caller's address is not allowed.")


def bare_address(told: str | None) -> str:
    """Return the address alone, as some proxies tell it with a port, in brackets or with an IPv6 zone."""
    text = (told or "").strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.partition("%")[0]


def check_signature(request: Request, channel: ChannelSettings, now: float, skew_s: float) -> str:
    """Check the request's signature. Returns it, "" for a channel without a key. Raises Refusal."""
    return signing.verify(
        channel.accepted_keys,
        list(request.args.items(multi=True)),
        request.headers.get(signing.HEADER),
        moment(seconds(now)),
        skew_s,
    )


def read_body(request: Request, max_bytes: int) -> bytes:
    """Read the whole body; never more than `max_bytes` are kept, and none of one that is announced as larger.

    Raises RequestEntityTooLarge, or BadRequest when the caller hung up half-way.
    """
    if (request.content_length or 0) > max_bytes:
        raise RequestEntityTooLarge
    # A body of unknown length is cut at the limit in silence: one byte more tells the difference.
    request.max_content_length = max_bytes + 1
    raw = request.get_data(cache=False)
    if len(raw) > max_bytes:
        raise RequestEntityTooLarge
    if request.content_length is not None and len(raw) < request.content_length:
        raise BadRequest  # cut off: the rest of a receipt's status may be missing
    return raw


def read_contract_body(request: Request, max_bytes: int) -> bytes:
    """Read as `read_body` does, with Refusals: the contract knows neither HTTP 413 nor 400."""
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
    """Return 32 bytes that stand for the parts, wherever one ends and the next begins."""
    found = blake2b(digest_size=32)
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.digest()
