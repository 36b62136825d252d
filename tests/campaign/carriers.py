"""Carriers as processes of their own: how a channel reaches them, and what they remember having accepted."""

import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Protocol

import requests

from .processes import python


class CarrierProcess(Protocol):
    """What a campaign needs of a carrier, whatever its protocol.

    `proves_absence` tells whether its look-ups can show that a message was never taken. Where they cannot,
    a message whose worker was killed just before the call ends as unknown, and must not have been sent.
    """

    sign: str
    proves_absence: bool

    def settings(self) -> str:
        """Return the TOML of the channel's vendor: the `vendor` line and its settings table."""

    def aim(self, hook_url: str) -> None:
        """Push receipts to this address, if it is not told with each message."""

    def worsen(self) -> None:
        """Lose answers after accepting, and report twice, out of order and early."""

    def accepted(self) -> Counter[str]:
        """Return how often each mainland number (11 digits) was accepted."""

    def happened(self) -> Mapping[str, int]:
        """Return how often each fault happened."""

    def close(self) -> None:
        """Stop it."""


class SandboxCarrier:
    """The sandbox plugin's own carrier."""

    sign = "Acme"
    proves_absence = True
    _KEY = "campaign-carrier-key"
    _FAULTS = {
        "lost_answer": 0.05,
        "hang": 0.01,
        "reset_after": 0.04,
        "error_before": 0.03,
        "throttle": 0.03,
        "receipts_twice": 0.3,
        "receipts_shuffled": 0.3,
        "receipts_early": 0.1,
    }

    def __init__(
        self,
        folder: Path,
        *,
        per_call: int = 100,
        latency_s: float = 0.02,
        name: str = "carrier",
        seed: int = 7,
    ) -> None:
        self._per_call = per_call
        self._latency_s = latency_s
        command = python(
            *("-m", "bridge_sandbox.carrier", "--database", str(folder / f"{name}.db"), "--seed", str(seed))
        )
        self._log = (folder / f"{name}.log").open("wb")
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()

    def settings(self) -> str:
        """As the protocol says."""
        return f"""
vendor = "sandbox"
[channels.promo.settings]
{self.table()}
"""

    def table(self) -> str:
        """Return the lines of the vendor's settings."""
        return f"""
url = "{self.url}"
key = "{self._KEY}"
messages_per_call = {self._per_call}
latency_s = {self._latency_s}
timeout_s = 2
call_validity_s = 8
receipt_delay_s = 0.3
review_delay_s = 0
failure_rate = 0.05
reply_rate = 0
"""

    def aim(self, hook_url: str) -> None:
        """As the protocol says: the plugin registers its address itself."""

    def worsen(self) -> None:
        """As the protocol says: one call in ten is accepted without an answer."""
        self.suffer(self._FAULTS)

    def suffer(self, faults: Mapping[str, float]) -> None:
        """Have these faults from now on, and no others."""
        requests.put(f"{self.url}/faults", data=json.dumps(dict(faults)), timeout=10).raise_for_status()

    def accepted(self) -> Counter[str]:
        """As the protocol says."""
        numbers: Counter[str] = Counter()
        after: int | None = 0
        while after is not None:
            query: dict[str, Any] = {"account": "promo", "after": after, "limit": 10_000}
            page = requests.get(f"{self.url}/record/messages", params=query, timeout=30).json()
            numbers.update(row["number"].removeprefix("86") for row in page["messages"])
            after = page["next"]
        return numbers

    def happened(self) -> Mapping[str, int]:
        """As the protocol says."""
        state: dict[str, Any] = requests.put(f"{self.url}/faults", data="{}", timeout=10).json()
        return dict(state["happened"])

    def close(self) -> None:
        """As the protocol says."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()


class TwoCarriers:
    """Two accounts, each at a sandbox carrier of its own; the first is down for a third of the time.

    It is down when the sending begins, and until the other has taken something.
    """

    sign = "Acme"
    proves_absence = True
    _PERIOD_S = 9.0
    _WAYS: ClassVar[list[dict[str, float]]] = [
        {"error_before": 1.0},
        {"hang": 1.0},
        {"reset_before": 0.5, "reset_after": 0.5},
        {"error_after": 0.5, "garbled_after": 0.5},
    ]
    """Answers 503, hangs, resets the connection, answers HTML or half an answer."""

    def __init__(self, folder: Path, *, seed: int = 0) -> None:
        self.main = SandboxCarrier(folder, name="main", seed=seed)
        self.spare = SandboxCarrier(folder, per_call=60, name="spare", seed=seed + 1)
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._weather = threading.Thread(target=self._change, daemon=True)
        self.outages = 0

    def settings(self) -> str:
        """As the protocol says: in the form of accounts."""
        return f"""
failover_after_s = 2
[channels.promo.accounts.main]
vendor = "sandbox"
hook_token = "campaign-main-token-0123"
[channels.promo.accounts.main.settings]
{self.main.table()}
[channels.promo.accounts.spare]
vendor = "sandbox"
hook_token = "campaign-spare-token-0123"
[channels.promo.accounts.spare.settings]
{self.spare.table()}
"""

    def aim(self, hook_url: str) -> None:
        """As the protocol says: the plugin registers its addresses itself."""

    def worsen(self) -> None:
        """As the protocol says; from now on the first carrier comes and goes."""
        self.main.suffer(self._WAYS[0])
        self.outages += 1
        self.spare.worsen()
        self._weather.start()

    def _change(self) -> None:
        ways = self._random.sample(self._WAYS, len(self._WAYS))
        while not (self._over.wait(0.2) or self.spare.accepted()):
            pass
        self.main.worsen()
        while not self._over.is_set():
            # The outage begins anywhere in its period, so that seeds differ in what it meets.
            fine_s = self._random.uniform(0.3, 0.7) * self._PERIOD_S * 2 / 3
            if self._over.wait(fine_s):
                break
            # A carrier that is too busy to be told has the next outage.
            with suppress(requests.RequestException):
                self.main.suffer(ways[self.outages % len(ways)])
                self.outages += 1
                self._over.wait(self._PERIOD_S / 3)
            with suppress(requests.RequestException):
                self.main.worsen()
            self._over.wait(self._PERIOD_S * 2 / 3 - fine_s)

    def accepted(self) -> Counter[str]:
        """As the protocol says, over both carriers."""
        return self.main.accepted() + self.spare.accepted()

    def happened(self) -> Mapping[str, int]:
        """As the protocol says, over both carriers."""
        return Counter(self.main.happened()) + Counter(self.spare.happened())

    def close(self) -> None:
        """As the protocol says."""
        self._over.set()
        if self._weather.ident is not None:
            self._weather.join()
        self.main.close()
        self.spare.close()


class _Emulator:
    """An emulator of a vendor as a process; `address` is the JSON line it prints first."""

    sign = "Acme"
    proves_absence = False

    def __init__(self, folder: Path, module: str, *options: str) -> None:
        self._log = (folder / "carrier.log").open("wb")
        self._process = subprocess.Popen(
            python("-m", module, *options), stdout=subprocess.PIPE, stderr=self._log
        )
        assert self._process.stdout is not None
        self.address: dict[str, str] = json.loads(self._process.stdout.readline())

    def control(self, method: str, room: str, wish: Mapping[str, Any] | None = None) -> Any:
        """Ask the emulator's control room."""
        url = f"{self.url}/_emulator/{room}"
        answer = requests.request(method, url, json=wish, timeout=30)
        answer.raise_for_status()
        return answer.json()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.address["url"]

    def close(self) -> None:
        """Stop it."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()


class AliyunCarrier(_Emulator):
    """The emulated Aliyun; receipts are pushed to the front web."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder, "tests.plugins.aliyun.emulator", "--sign", self.sign, "--approve", "--hurry", "30"
        )

    @property
    def url(self) -> str:
        """As the base says; Aliyun's SDK wants host and port only."""
        return "http://" + self.address["endpoint"].removeprefix("http://")

    def settings(self) -> str:
        """As the protocol says. Its look-ups never prove absence, so the deadline comes soon."""
        return f"""
vendor = "aliyun"
unknown_deadline_h = 0.02
[channels.promo.settings]
access_key_id = "testAK"
access_key_secret = "testSK"
endpoint = "{self.url.removeprefix("http://")}"
protocol = "HTTP"
send_timeout_s = 2
query_timeout_s = 2
related_sign_name = "{self.sign}"
"""

    def aim(self, hook_url: str) -> None:
        """As the protocol says."""
        self.control("POST", "push", {"url": hook_url, "failure_rate": 0.05, "duplicate_rate": 0.3})

    def worsen(self) -> None:
        """As the protocol says: a tenth of the sends is carried out and not, or not readably, answered."""
        for fault, rate in (
            ("lost_answer", 0.02),
            ("closed_after", 0.05),
            ("bad_gateway", 0.04),
            ("throttled", 0.05),
        ):
            for operation in ("SendSms", "SendBatchSms"):
                self.control("POST", "faults", {"fault": fault, "operation": operation, "rate": rate})

    def accepted(self) -> Counter[str]:
        """As the protocol says."""
        return Counter(message["phone"] for message in self.control("GET", "messages"))

    def happened(self) -> Mapping[str, int]:
        """As the protocol says: unanswered calls show as messages, so the calls are counted."""
        return dict(self.control("GET", "state")["calls"])


class TwilioCarrier(_Emulator):
    """The emulated Twilio; callbacks go where each message says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "tests.plugins.twilio.emulator")

    def settings(self) -> str:
        """As the protocol says."""
        return f"""
vendor = "twilio"
unknown_deadline_h = 0.02
[channels.promo.settings]
account_sid = "{self.address["account_sid"]}"
auth_token = "{self.address["auth_token"]}"
base_url = "{self.url}"
timeout_s = 2
batch_seconds = 2
[channels.promo.settings.senders."{self.sign}"]
messaging_service_sid = "{self.address["messaging_service_sid"]}"
status = "approved"
"""

    def aim(self, hook_url: str) -> None:
        """As the protocol says: each message names its callback itself."""

    def worsen(self) -> None:
        """As the protocol says."""
        chances = {
            "reset_after": 0.05,
            "hang_after": 0.005,
            "html_after": 0.03,
            "garbage_after": 0.02,
            "throttle": 0.03,
        }
        self.control("POST", "faults", {"chances": chances})
        self.control("POST", "fates", {"delivered": 0.95, "delay_s": 0.3})

    def accepted(self) -> Counter[str]:
        """As the protocol says."""
        return Counter(to.removeprefix("+86") for _, to, *_ in self.control("GET", "messages"))

    def happened(self) -> Mapping[str, int]:
        """As the protocol says."""
        return {"calls": int(self.control("GET", "calls")["calls"])}
