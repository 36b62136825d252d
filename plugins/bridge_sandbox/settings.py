"""Settings of a sandbox channel: `[channels.NAME.settings]` of the bridge's configuration."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr

from bridge.plugin import PluginSettings

_ADDRESS = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:[0-9]{1,5})?(/[\w.~%+,:=@/-]*)?")

Rate = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


def _whole(url: object) -> object:
    """Return an address that is written whole; raises ValueError for what would only be taken for one.

    By the rules of browsers http:8090 is the host 0.0.31.154.
    """
    if isinstance(url, str) and not _ADDRESS.fullmatch(url):
        raise ValueError("a carrier's address is http://HOST:PORT, without a query")
    return url


class SandboxSettings(PluginSettings):
    """The carrier's address, the account there, and how the carrier is to treat it.

    Rates are fractions of all messages. The fate of a number follows from `seed` and the number alone.
    """

    url: Annotated[HttpUrl, BeforeValidator(_whole)]
    """Where the carrier listens, such as http://127.0.0.1:8090."""
    key: SecretStr = Field(min_length=1)
    """The account's key: the bearer token of calls, and what webhooks are signed with."""
    account: str = ""
    """The account's name; empty is the channel's name."""
    poll: bool = False
    """Ask for receipts instead of having them pushed; the only way without a public URL."""
    messages_per_call: int = Field(default=1000, ge=1, le=1000)
    """How many messages one call carries."""
    timeout_s: float = Field(default=20, gt=0)
    """How long an answer is awaited."""
    call_validity_s: float = Field(default=60, gt=0)
    """How long after its decision a call may still be accepted; then absence at the carrier is proof."""
    latency_s: Seconds = 0
    """How long the carrier takes for a call."""
    failure_rate: Rate = 0.05
    """Messages that are accepted and then fail, with a carrier's code."""
    silence_rate: Rate = 0
    """Messages that are accepted and never reported on."""
    reply_rate: Rate = 0.02
    """Delivered messages that are answered; a few answers ask to be left alone."""
    receipt_delay_s: Seconds = 1
    """From acceptance to receipt."""
    review_delay_s: Seconds = 2
    """From handing in to the end of a review."""
    seed: int = 0
    """Another seed, other fates."""
