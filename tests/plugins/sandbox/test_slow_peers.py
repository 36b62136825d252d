"""A peer that trickles or never ends: the call is left in time, and nobody says that it was not accepted."""

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bridge.channels.hooks import Hooks
from bridge.plugin import Batch, Channel, Message, Outcome, TemplateType
from bridge.plugin.phone import parse
from bridge.testing.play.stage import MemoryHistory
from bridge_sandbox.settings import SandboxSettings
from bridge_sandbox.vendor import Sandbox
from tests.plugin.peers import SOON_S, Behaviour, Peer, answering, dripping, reply, silent

from .lines import SALE

HEAD = b"HTTP/1.1 200 OK\r\n"
OPENED = reply("200 OK", b"{}")


def after_opening(behaviour: Behaviour) -> Behaviour:
    """Open the account; what comes then meets the behaviour."""
    calls = iter([OPENED])

    def behave(connection: socket.socket) -> None:
        next(calls, behaviour)(connection)

    return behave


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(silent, "READ_TIMEOUT", id="silence"),
        pytest.param(dripping(HEAD, b"X-Slow: 1\r\n"), "READ_TIMEOUT", id="headers without end"),
        pytest.param(dripping(HEAD + b"Content-Length: 99999\r\n\r\n", b" "), "READ_TIMEOUT", id="a body"),
        pytest.param(answering(HEAD, b"\r\n", b" " * (3 << 20)), "ENDLESS_ANSWER", id="3 MB"),
        pytest.param(answering(HEAD + b"Content-Length: 99\r\n\r\n{"), "CONNECTION_LOST", id="cut off"),
    ],
)
@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        pytest.param(after_opening, Outcome.UNKNOWN, id="the send"),
        pytest.param(lambda behaviour: behaviour, Outcome.NOT_SENT, id="the introduction"),
    ],
)
def test_a_call_ends(
    behaviour: Behaviour, code: str, before: Callable[[Behaviour], Behaviour], outcome: Outcome
) -> None:
    """A send may have been accepted; before the account was opened nothing was sent."""
    with Peer(before(behaviour)) as peer:
        settings = SandboxSettings.model_validate(
            {"url": peer.url, "key": "k", "poll": True, "timeout_s": 0.2}
        )
        vendor = Sandbox(Channel("promo", "Acme", settings, MemoryHistory(), allow_private=True))
        phone = parse("13800138000", TemplateType.PROMOTION)
        message = Message("b1-0", phone, {"name": "x"})
        begun = time.monotonic()
        [result] = Hooks(vendor).send(Batch("b1", "out", "Acme", SALE, (message,), datetime.now(UTC)))
        assert time.monotonic() - begun < SOON_S
        vendor.close()
    assert (result.outcome, result.code) == (outcome, code)
