"""A campaign through a whole bridge whose worker is killed at the worst moments.

Everything goes through a gate in front of the vendor. When the vendor has taken a call and before its answer
is passed on, the gate kills the worker: what it was told it may not have recorded.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.clock import DAY_MS, millis
from bridge.plugin import BadNumber, MessageStatus, from_vendor
from bridge.simulator import TemplateForm

from ..table.exchanges import Lost, Seen
from .running import CHANNEL, RunningBridge, await_, await_progress, running_bridge
from .serving import Answer, Told, serving

CALLS, RECIPIENTS = 24, 4
KILLED_AT = (3, 12)
LEASE_S = 3
_STANDSTILL_S = 90.0
"""Seconds in which nothing moves: a campaign that hangs, however busy the machine."""
_SETTLE_S = 10.0
_TOLD = 5

Taken = Callable[[], Sequence[str]]
"""The number of every message the vendor took, as the vendor writes it; repeated for one it took twice."""


class KillGate:
    """Passes requests to the vendor; kills at the calls named in `KILLED_AT`, counted by messages taken."""

    def __init__(self, answer: Answer, taken: Taken) -> None:
        self.bridge: RunningBridge | None = None
        self.kills = 0
        self.errors: list[Exception] = []
        self._answer = answer
        self._taken = taken
        self._sends = 0
        self.killing = threading.Lock()

    def pass_on(self, seen: Seen) -> Told:
        """Return the vendor's answer, or none for a worker that is no more."""
        before = len(self._taken())
        try:
            reply: Told = self._answer(seen)
        except Exception as error:  # noqa: BLE001 - the author's; told at the end of the campaign
            self.errors.append(error)
            return Lost.RESET
        if len(self._taken()) == before or not self.before_answer():
            return reply
        return Lost.RESET

    def taken(self) -> int:
        """Return how many messages the vendor has taken so far."""
        return len(self._taken())

    def before_answer(self) -> bool:
        """Count a call that was taken. Returns True when the worker was killed, and nobody waits any more."""
        with self.killing:
            self._sends += 1
            if self._sends not in KILLED_AT or self.bridge is None:
                return False
            self.kills += 1
            self.bridge.kill_worker()
            self.bridge.start_worker()
        return True


@dataclass(frozen=True, slots=True)
class CampaignVendor:
    """The vendor that a campaign is sent through: its channel's settings at an address, and its answers.

    `emulator` is one that does not speak HTTP: it tells the gate itself when it has taken a call.
    """

    name: str
    settings_at: Callable[[str], Mapping[str, Any]]
    sign_name: str
    signs: Mapping[str, str]
    answer: Answer
    taken: Taken
    emulator: Any = None


def faults_of_campaign(folder: Path, vendor: CampaignVendor) -> list[str]:
    """Run the campaign. Returns every message that was lost, sent twice, or told wrongly, as a sentence."""
    gate = KillGate(vendor.answer, vendor.taken)
    with ExitStack() as stack:
        if vendor.emulator is None:
            url = stack.enter_context(serving(gate.pass_on))
        else:
            url, vendor.emulator.before_answer = vendor.emulator.url, gate.before_answer
        settings = vendor.settings_at(url)
        bridge = stack.enter_context(
            running_bridge(folder, vendor.name, settings, signs=vendor.signs, lease_s=LEASE_S)
        )
        numbers = _send(bridge, vendor.sign_name, gate)
        _await_end(bridge, gate)
        if gate.errors:
            raise gate.errors[0]
        assert gate.kills == len(KILLED_AT), f"the worker was killed {gate.kills} times only\n{bridge.log}"
        counts, strange = counted(vendor.taken(), numbers)
        faults = _compare(bridge, numbers, counts)
        more = [f"and {len(faults) - _TOLD} like these"] if len(faults) > _TOLD else []
        return [*strange, *faults[:_TOLD], *more]


def _send(bridge: RunningBridge, sign_name: str, gate: KillGate) -> list[str]:
    qa = bridge.qa
    code = qa.create_text_template(TemplateForm("code", "Your code is ${code}", 1, "kit"))
    await_(
        lambda: str(qa.query_text_template(code)["templateStatus"]) == "1",
        _STANDSTILL_S,
        lambda: f"the template was not approved\n{bridge.log}",
    )
    gate.bridge = bridge
    numbers = []
    for call in range(CALLS):
        some = [f"138{call:04d}{index:04d}" for index in range(RECIPIENTS)]
        values = [{"code": f"{1000 + call * RECIPIENTS + index}"} for index in range(RECIPIENTS)]
        qa.send_list(f"task-{call}", some, values, sign_name, code)
        numbers += some
    return numbers


def _await_end(bridge: RunningBridge, gate: KillGate) -> None:
    def waiting(*states: str) -> int:
        with gate.killing:
            bridge.require_worker()
        depth = bridge.ledger.gauges()
        return sum(depth.get((CHANNEL, state), 0) for state in states)

    await_progress(
        lambda: waiting("ready", "calling") == 0,
        lambda: (bridge.ledger.gauges(), gate.taken(), gate.kills),
        _STANDSTILL_S,
        lambda: f"the campaign hangs\n{bridge.log}",
    )
    # What is unknown may be settled by a look-up now; it need not.
    deadline = time.monotonic() + _SETTLE_S
    while waiting("ready", "calling", "unknown") and time.monotonic() < deadline:
        time.sleep(0.1)


def counted(taken: Sequence[str], numbers: Sequence[str]) -> tuple[Counter[str], list[str]]:
    """Count how often each number was taken. Returns that, and a sentence about strange numbers."""
    counts: Counter[str] = Counter()
    strange = 0
    for text in taken:
        try:
            number = from_vendor(text).e164.removeprefix("+86")
        except BadNumber:
            number = ""
        counts[number] += 1
        strange += number not in numbers
    told = f"{strange} of {len(taken)} numbers that were told as taken are none of the campaign's"
    return counts, [
        f"{told}: tell the number of each message, as it stands in the request"
    ] if strange else []


def _compare(bridge: RunningBridge, numbers: Sequence[str], taken: Mapping[str, int]) -> list[str]:
    now = millis(time.time)
    faults = []
    for index, number in enumerate(numbers):
        count = taken.get(number, 0)
        told = bridge.ledger.history.by_number(
            CHANNEL, f"86{number}", since=now - DAY_MS, until=now + DAY_MS, limit=2
        )
        status = MessageStatus(told[0].status) if told else None
        if count > 1:
            faults.append(f"message {index} was taken {count} times")
        if len(told) != 1:
            faults.append(f"message {index} is recorded {len(told)} times")
        if not count and status in (MessageStatus.ACCEPTED, MessageStatus.DELIVERED):
            faults.append(f"message {index} is called {status.name} but the vendor never had it")
        if count and status is MessageStatus.REJECTED:
            faults.append(f"message {index} is called REJECTED but the vendor has it")
    return faults
