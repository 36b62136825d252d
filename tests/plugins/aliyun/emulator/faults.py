"""What can go wrong between Aliyun and a client, to be switched on while the emulator runs."""

import json
import random
from dataclasses import dataclass, field

_HTML = b"<html><body>502 Bad Gateway</body></html>"


@dataclass(frozen=True)
class Fault:
    """One way to answer wrongly.

    `recorded`: the operation is carried out all the same. `manner`: "answer", "hang" (past any read
    timeout), "close" (without a byte), "cut" (in the middle of the body), "drip" (byte by byte, the true
    answer) or "trickle" (the true answer's head and then a byte now and then, for as long as anybody reads).
    """

    recorded: bool
    manner: str = "answer"
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def error(code: str, message: str = "injected", **more: object) -> bytes:
    """Return an error body as the gateway writes it."""
    return json.dumps(
        {"RequestId": "F-1", "HostId": "emulator", "Code": code, "Message": message, **more}
    ).encode()


FAULTS = {
    "throttled": Fault(False, status=400, body=error("Throttling.User")),
    "throttled_with_delay": Fault(
        False, status=400, body=error("Throttling.User"), headers=(("x-acs-retry-after", "1500"),)
    ),
    "throttled_429": Fault(False, status=429, body=error("Throttling")),
    "denied": Fault(
        False, status=403, body=error("NoPermission", AccessDeniedDetail={"AuthAction": "dysms:SendSms"})
    ),
    "server_error": Fault(True, status=500, body=error("InternalError")),
    "bad_gateway": Fault(True, status=502, body=_HTML, content_type="text/html"),
    "empty": Fault(True),
    "list": Fault(True, body=b"[]"),
    "no_code": Fault(True, body=b'{"RequestId":"F-1"}'),
    "lost_answer": Fault(True, manner="hang"),
    "lost_request": Fault(False, manner="hang"),
    "closed_after": Fault(True, manner="close"),
    "closed_before": Fault(False, manner="close"),
    "cut_off": Fault(True, manner="cut"),
    "drip": Fault(True, manner="drip"),
    "trickle": Fault(True, manner="trickle"),
    "trickle_head": Fault(True, manner="trickle_head"),
    "endless": Fault(True, manner="endless"),
}


def refusing(code: str, status: int = 200, *, message: str = "injected") -> Fault:
    """Return a business refusal with this code, as HTTP 200 or with another status."""
    return Fault(False, status=status, body=error(code, message))


@dataclass
class FaultPlan:
    """Which fault to answer with: the first rule for the operation whose turn it is."""

    rules: list["Rule"] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def add(
        self,
        fault: str | Fault,
        *,
        operation: str = "",
        times: int = -1,
        rate: float = 1.0,
        after: int = 0,
    ) -> None:
        """Answer with `fault` from now on.

        `operation` "" is every one; `times` -1 is for ever; `rate` is the share of requests hit; the first
        `after` requests pass.
        """
        chosen = FAULTS[fault] if isinstance(fault, str) else fault
        self.rules.append(Rule(chosen, operation, times, rate, after))

    def clear(self) -> None:
        """No more faults."""
        self.rules.clear()

    def next(self, operation: str) -> Fault | None:
        """Return the fault for this request, counted off; None to behave."""
        for rule in self.rules:
            if not rule.times or rule.operation not in ("", operation):
                continue
            if rule.after:
                rule.after -= 1
            elif self.dice.random() < rule.rate:
                rule.times -= rule.times > 0
                return rule.fault
        return None


@dataclass
class Rule:
    """A fault, for whom and how often."""

    fault: Fault
    operation: str
    times: int
    rate: float
    after: int
