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
    """What a campaign needs of a carrier, whatever its protocol."""

    sign: str

    def settings(self) -> str:
        """The TOML of the channel's vendor: the `vendor` line and its settings table."""

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
