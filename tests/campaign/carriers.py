"""Carriers as processes of their own: how a channel reaches them, and what they remember having accepted."""

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

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
        """The TOML of the channel's vendor: the `vendor` line and its settings table."""

    def aim(self, hook_url: str) -> None:
        """Push receipts to this address, if it is not told with each message."""

    def worsen(self) -> None:
        """Lose answers after accepting, and report twice, out of order and early."""

    def accepted(self) -> Counter[str]:
        """How often each mainland number (11 digits) was accepted."""

    def happened(self) -> Mapping[str, int]:
        """How often each fault happened."""

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

    def __init__(self, folder: Path, *, per_call: int = 100, latency_s: float = 0.02) -> None:
        self._per_call = per_call
        self._latency_s = latency_s
        command = python(
            "-m", "bridge_sandbox.carrier", "--database", str(folder / "carrier.db"), "--seed", "7"
        )
        self._log = (folder / "carrier.log").open("wb")
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()

    def settings(self) -> str:
        """As the protocol says."""
        return f"""
vendor = "sandbox"
[channels.promo.settings]
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
        requests.put(f"{self.url}/faults", data=json.dumps(self._FAULTS), timeout=10).raise_for_status()

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
