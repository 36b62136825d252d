"""No full phone number and no secret in what a plugin's failure leaves behind."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge import logs
from bridge.channels import OpenChannel, discover, open_channels
from bridge.channels.registry import close_channels
from bridge.ledger import Ledger
from bridge.ledger.refs import message_ref, new_id, to_ref
from bridge.plugin import Batch, BridgeError, Message, TemplateType
from bridge.plugin.phone import parse
from bridge.services import ChannelHistory
from bridge.services.snapshots import for_plugins
from bridge.settings import load
from tests.campaign.carriers import SandboxCarrier

from .channels import DOMESTIC, FOREIGN, HOSTILE, NUMBERS, SECRETS, channels, stored
from .hostile import EchoVendor, install_gossip
from .leaks import leaks

HOOKS: dict[str, Callable[[OpenChannel, Batch], Any]] = {
    "send": lambda channel, batch: channel.hooks.send(batch),
    "reconcile": lambda channel, batch: channel.hooks.reconcile(batch),
    "check": lambda channel, batch: channel.hooks.check(),
    "query_sign": lambda channel, batch: channel.hooks.query_sign(batch.messages[0].phone.digits),
    "create_template": lambda channel, batch: channel.hooks.create_template(batch.template),  # type: ignore[arg-type]
    "list_templates": lambda channel, batch: list(channel.hooks.list_templates()),
    "query_template": lambda channel, batch: channel.hooks.query_template(batch.template),  # type: ignore[arg-type]
}


@pytest.fixture
def opened(
    ledger: Ledger, tmp_path: Path, echo: EchoVendor, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, OpenChannel]]:
    """Yield the hostile channels in this process; all of their calls go to the vendor that quotes."""
    monkeypatch.syspath_prepend(install_gossip(tmp_path))
    (tmp_path / "bridge.toml").write_text(
        channels(echo.url, echo.url).format(callbacks="https://qa.example.com")
    )
    settings = load(tmp_path / "bridge.toml", SECRETS)
    logs.hide(settings.secrets())
    found = open_channels(settings, discover(), lambda name: ChannelHistory(ledger, name, time.time))
    yield found
    close_channels(found)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.filterwarnings("ignore:.*token")
def test_no_error_of_a_plugin_tells(opened: dict[str, OpenChannel], name: str, hook: str) -> None:
    """Results and errors go to Quick Audience, to the ledger and to callers, where no log masks them."""
    told: list[object] = []
    for _ in range(7):  # as many as the quoting vendor has statuses
        try:
            told.append(HOOKS[hook](opened[name], batch(name)))
        except BridgeError as error:
            told += [error, str(error), vars(error)]
    assert leaks({name: repr(told)}, NUMBERS, [*SECRETS.values(), SandboxCarrier._KEY]) == []


def batch(name: str) -> Batch:
    """Three messages for a channel."""
    kept = stored(name, TemplateType.INTERNATIONAL if name == "twilio" else TemplateType.PROMOTION)
    template = for_plugins(kept)
    claimed = new_id(int(time.time() * 1000))
    messages = [
        Message(message_ref(claimed, seq), parse(number, kept.type), {"name": number}, f"Dear {number}", 1)
        for seq, number in enumerate(FOREIGN[:3] if name == "twilio" else DOMESTIC[:3])
    ]
    return Batch(to_ref(claimed), "task-1", "Acme", template, tuple(messages), datetime.now(UTC))
