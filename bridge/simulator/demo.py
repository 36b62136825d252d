"""The whole thing on one machine: bridge, sandbox carrier and Quick Audience, each a process of its own.

This process is Quick Audience. The bridge (`sms-bridge serve`: gunicorn and a worker on SQLite) and the
carrier are started beside it on loopback addresses; the three share nothing but HTTP.
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import requests
from rich.console import Console

from bridge.plugin.http import Session

from .callback_server import CallbackServer
from .campaign import Aside, CampaignRun, Plan
from .carrier_record import RemoteCarrier
from .inspection import Rules
from .parts import Part, PartFailed, Parts
from .people import invent
from .quick_audience import Line, QuickAudience
from .reconciliation import reconcile
from .report import print_result
from .stages import stages_for

CHANNEL = "demo"
PLATFORM = "Demo SMS"
SIGN = "演示"

# Nothing in it is meant for production: see config/bridge.toml for every setting.
_CONFIG = """\
[bridge]
database = {database}
public_url = {bridge}
metrics_dir = {metrics}
log_format = "text"

[channels.{channel}]
platform_name = {platform}
key = "env:DEMO_KEY"
vendor = "sandbox"
callback_url = {callbacks}
hook_token = "env:DEMO_HOOK_TOKEN"
allow_private = true

[console]
secret = "env:DEMO_CONSOLE_SECRET"

[channels.{channel}.settings]
url = {carrier}
key = "env:DEMO_CARRIER_KEY"
failure_rate = 0.03
reply_rate = 0.02
receipt_delay_s = 0.5
review_delay_s = 1
"""


_WELCOME = "A bridge, a carrier and a Quick Audience on this machine; a campaign of {total:,} recipients.\n"

# What vendors do on a bad day, often enough to be seen among a dozen calls.
_MISHAPS = {"lost_answer": 0.3, "receipts_twice": 0.2, "receipts_shuffled": 0.5}


@dataclass(frozen=True)
class DemoAddresses:
    """Where everything listens."""

    bridge: str
    callbacks: str
    carrier: str


class Demo:
    """One demonstration with `recipients` by list, a fifth of that by file and a tenth digital."""

    def __init__(self, console: Console, recipients: int) -> None:
        self._console = console
        self._recipients = recipients
        self._secrets = {
            name: secrets.token_hex(16)
            for name in ("DEMO_KEY", "DEMO_HOOK_TOKEN", "DEMO_CARRIER_KEY", "DEMO_CONSOLE_SECRET")
        }

    def run(self, *, keep: bool) -> bool:
        """Run it. Returns True if everything reconciles. `keep` then waits for Ctrl-C. Raises PartFailed."""
        plan = self._plan()
        total = len(plan.by_list) + len(plan.by_file) + len(plan.digital)
        self._console.print(_WELCOME.format(total=total), highlight=False)
        rules = Rules(self._secrets["DEMO_KEY"])
        with (
            tempfile.TemporaryDirectory(prefix="sms-bridge-demo-", ignore_cleanup_errors=True) as directory,
            CallbackServer(rules) as callbacks,
            Parts(Path(directory)) as parts,
        ):
            addresses = self._start(parts, callbacks)
            if keep:
                link = f"Watch it in a browser (the link works once): {self._login(parts)}"
                self._console.print(link, highlight=False, soft_wrap=True)
            with contextlib.closing(RemoteCarrier(addresses.carrier, CHANNEL)) as carrier:
                reconciles = self._campaign(plan, parts, callbacks, addresses, carrier)
            if keep:
                self._keep(parts, addresses)
        return reconciles

    def _start(self, parts: Parts, callbacks: CallbackServer) -> DemoAddresses:
        with stages_for(self._console).stage("Start carrier and bridge") as stage:
            database = str(parts.directory / "carrier.db")
            command = (sys.executable, "-m", "bridge_sandbox.carrier", "--database", database)
            part = parts.start("carrier", *command)
            part.await_ready(lambda: part.first_line().startswith("http"))
            with contextlib.closing(RemoteCarrier(part.first_line(), CHANNEL)) as carrier:
                carrier.open_account(self._secrets["DEMO_CARRIER_KEY"])
                carrier.misbehave(**_MISHAPS)
            port = _free_port()
            addresses = DemoAddresses(f"http://127.0.0.1:{port}", callbacks.url, part.first_line())
            bridge = self._start_bridge(parts, port, addresses)
            bridge.await_ready(lambda: _answers(f"{addresses.bridge}/readyz"))
            stage.note(addresses.bridge)
        return addresses

    def _start_bridge(self, parts: Parts, port: int, addresses: DemoAddresses) -> Part:
        config = parts.directory / "bridge.toml"
        config.write_text(
            _CONFIG.format(
                channel=CHANNEL,
                platform=_toml(PLATFORM),
                database=_toml(f"sqlite:///{parts.directory / 'bridge.db'}"),
                metrics=_toml(str(parts.directory / "metrics")),
                bridge=_toml(addresses.bridge),
                callbacks=_toml(addresses.callbacks),
                carrier=_toml(addresses.carrier),
            ),
            "utf-8",
        )
        command = (sys.executable, "-m", "bridge.cli", "serve", "--bind", f"127.0.0.1:{port}")
        return parts.start("bridge", *command, environ=self._environ(parts))

    def _environ(self, parts: Parts) -> dict[str, str]:
        return {**self._secrets, "SMS_BRIDGE_CONFIG": str(parts.directory / "bridge.toml")}

    def _login(self, parts: Parts) -> str:
        """Return a link that signs in at the console once, made as an operator makes it."""
        command = (sys.executable, "-m", "bridge.cli", "console", "login", "--name", "demo")
        environ = {**os.environ, **self._environ(parts)}
        made = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
        if made.returncode:
            raise PartFailed(f"No link to the console could be made:\n{made.stderr}")
        return made.stdout.strip()

    def _campaign(
        self,
        plan: Plan,
        parts: Parts,
        callbacks: CallbackServer,
        addresses: DemoAddresses,
        carrier: RemoteCarrier,
    ) -> bool:
        prefix, key = f"{addresses.bridge}/{CHANNEL}", self._secrets["DEMO_KEY"]
        stages = stages_for(self._console)
        with contextlib.closing(QuickAudience(prefix, key, platform_name=PLATFORM, line=Line(10))) as qa:
            campaign = CampaignRun(qa, callbacks, plan, stages, aside=Aside(carrier.replies))
            try:
                course = campaign.run()
                result = reconcile(course.sent, callbacks.inbox, course.details, carrier.record())
            except Exception:
                parts.check()  # a part that died explains the failure better
                raise
        print_result(self._console, result, course.seconds)
        happened = carrier.mishaps()
        lost, twice = happened.get("lost_answer", 0), happened.get("receipts_twice", 0)
        note = f"On purpose, the carrier lost {lost} of its answers and reported {twice} pages twice."
        self._console.print(note, highlight=False, soft_wrap=True)
        return not result.findings

    def _plan(self) -> Plan:
        listed, by_file, digital = self._recipients, self._recipients // 5, self._recipients // 10
        return Plan(
            run=f"demo-{secrets.token_hex(3)}",
            sign_name=SIGN,
            by_list=invent(listed, bad_every=500),
            by_file=invent(by_file, listed, bad_every=500),
            digital=invent(digital, listed + by_file),
        )

    def _keep(self, parts: Parts, addresses: DemoAddresses) -> None:
        say = self._console.print
        say("\nEverything goes on running until Ctrl-C:", highlight=False)
        for name, url in (
            ("prefix for Quick Audience", f"{addresses.bridge}/{CHANNEL}"),
            ("its key", self._secrets["DEMO_KEY"]),
            ("console (works once)", self._login(parts)),
            ("API documentation", f"{addresses.bridge}/docs"),
            ("metrics", f"{addresses.bridge}/metrics"),
            ("callback inspector", f"{addresses.callbacks}/inspector"),
            ("carrier's record", f"{addresses.carrier}/record/summary"),
            ("files and logs", str(parts.directory)),
        ):
            say(f"  {name:<26} {url}", highlight=False, soft_wrap=True)
        while True:
            parts.check()
            time.sleep(1)


def _answers(url: str) -> bool:
    with Session(timeout=(1, 5)) as http:
        try:
            return http.get(url).status_code == 200
        except requests.RequestException:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML string
