"""What `simulate` may know on the bridge's own machine: a signature, and why messages wait."""

import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from sqlalchemy import update

from bridge.cli.desk import LocalDesk
from bridge.ledger import Hold, NewFile
from bridge.ledger.database import tables
from bridge.plugin import Channel, PollWindow, ReceiptPage, hookimpl
from bridge.simulator.local_bridge import WayBack
from tests.channels.tiny import Tiny, plugin_module
from tests.cli.conftest import Desk
from tests.ledger.making import accept, claim, conclude, phones, send, terms

SIGNED = """
[bridge]
database = "sqlite:///{folder}/bridge.db"
metrics_dir = "{folder}/metrics"
public_url = "https://sms.example.com"
timezone = "UTC"

[channels.promo]
platform_name = "Acme SMS"
key = "promo-key-0123456789"
vendor = "tiny"
receipts = "pull"
default_sign = "Acme"
default = true

[channels.codes]
platform_name = "Codes"
key = "codes-key-0123456789"
vendor = "tiny"
receipts = "pull"
signs = { Old = "rejected", New = "approved" }

[channels.bare]
platform_name = "Bare"
key = "bare-key-01234567890"
vendor = "tiny"
receipts = "pull"
"""


@pytest.mark.parametrize(
    ("prefix", "sign"),
    [
        ("https://sms.example.com/promo", "Acme"),
        ("https://sms.example.com", "Acme"),
        ("http://127.0.0.1:8000/codes/", "New"),
        ("http://localhost:8000/promo", "Acme"),
        ("http://127.0.0.1:8000/bare", ""),
        ("http://127.0.0.1:8000/nobody", ""),
        ("https://sms.example.org/promo", ""),
        ("", ""),
    ],
)
def test_the_sign_of_a_channel_of_this_machine(desk: Desk, prefix: str, sign: str) -> None:
    """By its address; another bridge's channel of the same name is none of ours."""
    desk.write(SIGNED)
    assert LocalDesk().sign(prefix) == sign


class Address(BaseHTTPRequestHandler):
    """What lies at a callback address."""

    def do_GET(self) -> None:
        self.send_response_only(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_way_back_is_gone_as_the_bridge_goes_it(desk: Desk) -> None:
    """An address that answers, one where nobody listens, and Quick Audience's own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Address) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        here = f"http://127.0.0.1:{server.server_address[1]}"
        rows = [
            (f'callback_url = "{here}"\nallow_private = true', here, ""),
            (
                'callback_url = "http://127.0.0.1:9"\nallow_private = true',
                "http://127.0.0.1:9",
                "CONNECTION_REFUSED",
            ),
            ('callback_url = "shanghai"', "shanghai", ""),
        ]
        for lines, url, problem in rows:
            desk.write(SIGNED.replace('receipts = "pull"\ndefault_sign', f"{lines}\ndefault_sign"))
            assert LocalDesk().way_back("http://127.0.0.1/promo") == WayBack("push", url, problem), lines
        server.shutdown()
    assert LocalDesk().way_back("http://127.0.0.1/codes") == WayBack("pull", "")
    assert LocalDesk().way_back("https://elsewhere.example.com/promo") is None


class Polling(Tiny):
    """Is asked for receipts."""

    name = "polling"

    @hookimpl
    def poll_receipts(self, channel: Channel, window: PollWindow) -> ReceiptPage:
        raise AssertionError("asked by workers alone")


# A channel -> every how many seconds its vendor is asked for receipts.
POLLED = [("promo", 7.0), ("codes", 60.0), ("bare", 0.0), ("gone", 0.0), ("nobody", 0.0)]


@pytest.mark.parametrize(("name", "seconds"), POLLED)
def test_whether_a_vendor_is_asked_for_receipts(
    name: str, seconds: float, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one that only calls webhooks, nor one that cannot be opened here."""
    monkeypatch.setitem(sys.modules, "cli_plugins", plugin_module("cli_plugins", vendors=[Tiny, Polling]))
    head, found, bare = SIGNED.replace("default = true", "default = true\npoll_s = 7").partition(
        "[channels.bare]"
    )
    gone = bare.replace("Bare", "Gone").replace("tiny", "gone").replace("bare-", "gone-")
    desk.write(f"{head.replace('tiny', 'polling')}{found}{bare}\n[channels.gone]{gone}")
    assert LocalDesk().polled_s(f"http://127.0.0.1/{name}") == seconds


def test_why_messages_wait(desk: Desk) -> None:
    """A pause, refused callbacks, no worker: each with its end and reason."""
    desk.write(SIGNED)
    url = "https://sms.example.com/promo"
    assert LocalDesk().held(url) == ["no worker was heard of in the last 30 seconds."]
    now = int(time.time() * 1000)
    desk.ledger.coordination.beat("w", started=now, now=now)
    assert LocalDesk().held(url) == []
    assert desk.run("channels pause promo --reason 'Wrong prices.'").exit_code == 0
    assert LocalDesk().held(url) == ["the channel promo is paused until it is resumed: Wrong prices."]
    assert LocalDesk().held("https://elsewhere.example.com/promo") == ()


def test_a_policy_that_holds_messages_is_told_with_its_end(desk: Desk) -> None:
    """Messages that are held for later are told; those that are due now are on their way."""
    desk.write(SIGNED)
    now = int(time.time() * 1000)
    desk.ledger.coordination.beat("w", started=now, now=now)
    accept(desk.ledger, send(phones(2)), now - 1)
    accept(desk.ledger, send(phones(3), channel="codes", digest=b"2"), now - 1)
    assert (
        LocalDesk().held("https://sms.example.com/promo") == LocalDesk().held("http://127.0.0.1/codes") == []
    )
    batch = tables.batch
    end = now - now % 1000 + 86_400_000
    held = {"due": end, "hold": Hold.POLICY, "hold_words": "Not at night."}
    desk.ledger.write(lambda c: c.execute(update(batch).where(batch.c.channel == "codes").values(held)))
    [told] = LocalDesk().held("http://127.0.0.1/codes")
    until = datetime.fromtimestamp(end / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    assert told == f"3 of codes: held by a policy until {until}: Not at night."
    assert LocalDesk().held("https://sms.example.com/promo") == []


def test_how_many_of_a_campaign_wait(desk: Desk) -> None:
    """Those that no vendor was called with; of a file that is not read yet all that were sent by it."""
    desk.write(SIGNED)
    now = int(time.time() * 1000)
    accept(desk.ledger, send(phones(2), out_id="called"), now - 1)
    [called] = claim(desk.ledger, now=now)
    assert conclude(desk.ledger, called, now=now)
    accept(desk.ledger, send(phones(3), out_id="held", digest=b"2"), now)
    file = NewFile("https://files.example.com/a", 100)
    desk.ledger.sends.accept(send(out_id="file", digest=b"3"), terms(now), file)
    url = "https://sms.example.com/promo"
    waiting = {name: LocalDesk().waiting(url, name, 4) for name in ("called", "held", "file", "none")}
    assert waiting == {"called": 0, "held": 3, "file": 4, "none": 0}
    assert LocalDesk().waiting("https://elsewhere.example.com/promo", "held", 3) == 0


def test_without_a_configuration_nothing_is_known(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulator may run anywhere."""
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(desk.folder / "none.toml"))
    assert (
        LocalDesk().sign("http://127.0.0.1/promo") == "" and LocalDesk().held("http://127.0.0.1/promo") == ()
    )
