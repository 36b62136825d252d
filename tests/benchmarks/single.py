"""The whole way with a vendor that takes one message a call and reports by a webhook each, beside Kannel."""

from collections.abc import Iterator
from pathlib import Path

from . import kannel
from .bodies import Sends
from .databases import fresh_database, server_pids
from .installation import HOOK_TOKEN, Installation
from .measuring import Meter
from .round_trip import await_receipts, send_all
from .stage import CHANNEL, SIGN
from .table import Line, rate

_CPU_AIM = 1.5
_VENDOR = f"""
vendor = "http"
review = "auto"

[channels.{{channel}}.signs]
{SIGN} = "approved"

[channels.{{channel}}.settings]
recipe = "single"
base_url = "{{carrier}}"
"""
_RECIPE = """
[vendor]
name = "single"
title = "Single calls"
base_url = ""
timezone = "UTC"
docs = "https://example.com"
checked = "x"
unchecked = "x"

[phone]
send_as = "digits"

[batch]
mode = "single"

[operations.send_batch.request]
method = "GET"
path = "/send"

[operations.send_batch.request.query]
to = "{{ r.phone }}"
text = "{{ r.text }}"

[operations.send_batch.response]
decode = "regex"
regex = '(?P<word>OK) id=(?P<id>v[0-9]+)'
accepted = [{ path = "body.word", in = ["OK"] }]
batch_id = "body.id"

[webhooks.receipt]
allow_unsigned = true
decode = ["query"]

[webhooks.receipt.items]
id = "id"
phone = "to"
status = "kind"

[webhooks.receipt.status]
1 = "delivered"
2 = "failed"

[sample]
base_url = "http://127.0.0.1:9"
"""


def one_a_call(kind: str, folder: Path, messages: int, per_request: int) -> Iterator[Line]:
    """Yield the bridge's line, with Kannel's figures of the same sitting as its limit."""
    peer = kannel.measured(folder / "kannel", messages)
    (folder / "recipes").mkdir()
    (folder / "recipes" / "single.toml").write_text(_RECIPE)

    def carrier(bridge: str) -> tuple[str, ...]:
        report = f"{bridge}/hooks/{CHANNEL}/{HOOK_TOKEN}/receipt?id={{id}}&to={{to}}&kind=1"
        return "tests.benchmarks.peers", "carrier", report

    with (
        fresh_database(kind, folder) as url,
        Installation(url, folder, vendor=_VENDOR, carrier=carrier) as installation,
    ):
        code = installation.template()
        bodies = [Sends(code, per_request, start).body() for start in range(0, messages, per_request)]
        meter = Meter(**server_pids(url), bridge=installation.pids["bridge"])
        with meter:
            send_all(installation, bodies)
            await_receipts(installation, messages)
    cpu = {part: seconds * 1e6 / messages for part, seconds in meter.cpu_by_part.items() if part != "here"}
    yield from _lines(kind, messages, messages / meter.wall_s, sum(cpu.values()), peer)


def _lines(
    kind: str, messages: int, per_s: float, cpu: float, peer: kannel.Measured | None
) -> Iterator[Line]:
    what, note = f"one call a message, {messages:,}", "Kannel is not installed: nothing to compare with"
    if peer is None:
        yield Line(what, kind, rate(messages, messages / per_s), cpu=cpu, aim="Kannel's rate", note=note)
        return
    yield Line(
        what,
        kind,
        rate(messages, messages / per_s),
        f"{rate(messages, messages / peer.per_s)} Kannel",
        per_s / peer.per_s,
        cpu,
        "Kannel's rate",
        per_s >= peer.per_s,
        f"Kannel lost {peer.lost:,} receipts, the bridge none",
    )
    yield Line(
        "of which CPU a message",
        kind,
        f"{cpu:,.0f} s/1M",
        f"{peer.cpu:,.0f} s/1M Kannel",
        peer.cpu / cpu,
        cpu,
        f"within {_CPU_AIM} times",
        cpu <= _CPU_AIM * peer.cpu,
        f"{cpu / peer.cpu:.2f} times; the bridge's own processes and the database's",
    )
