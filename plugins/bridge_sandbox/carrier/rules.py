"""What the carrier decides: reviews by name, refusals of single messages, and the fate of each number.

Nothing here is random: a review follows from a name, a fate from the account's seed and the number.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any, NamedTuple

CARRIERS = ("UNICOM", "MOBILE", "TELCOM")
MAX_TEXT = 500
MAX_MEDIA_BYTES = 1_900_000

DELIVERED = "DELIVRD"
FAILURES = (
    "MK:0001",
    "MI:0024",
    "MK:0010",
    "DB:0144",
    "MK:1004",
    "EXPIRED",
    "UNDELIV",
    "REJECTD",
    "MI:0061",
    "NP:1243",
)
REPLIES = ("好的", "谢谢", "R", "收到", "T", "多少钱", "在哪里", "退订")
OPT_OUT = frozenset({"R", "T", "退订"})

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_MAINLAND = re.compile(r"861[3-9]\d{9}")
_INTERNATIONAL = re.compile(r"[1-9]\d{6,14}")
_UNICOM = re.compile(r"86(13[0-2]|145|15[56]|166|17[56]|18[56]|196)")
_TELCOM = re.compile(r"86(133|149|153|17[37]|18[019]|19[0139])")


@dataclass(frozen=True, slots=True)
class Profile:
    """How the carrier treats one account. Rates are fractions of all messages, times are seconds."""

    webhook: str = ""
    latency_s: float = 0.0
    failure_rate: float = 0.0
    silence_rate: float = 0.0
    reply_rate: float = 0.0
    receipt_delay_s: float = 0.0
    review_delay_s: float = 0.0
    seed: int = 0

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> "Profile":
        """Read a profile; raises ValueError for an unknown key or a value of the wrong type."""
        known = {field.name: field.default for field in fields(cls)}
        for key, value in raw.items():
            if key not in known:
                raise ValueError(f"the profile has no setting {key!r}")
            kinds = int | float if isinstance(known[key], float) else type(known[key])
            if not isinstance(value, kinds):
                raise ValueError(f"the profile's {key} is of the wrong type")  # noqa: TRY004 (data, not code)
        return cls(**raw)


class Fate(NamedTuple):
    """What happens to one message: its final code ("" = no receipt ever) and its reply ("" = none)."""

    code: str
    reply: str = ""


def fate(profile: Profile, number: str) -> Fate:
    """Return the fate of every message to `number`; the same number always fares the same."""
    seed = profile.seed.to_bytes(8, "big", signed=True)
    silence, failure, reply, choice = struct.unpack(
        ">HHHH", blake2b(number.encode(), digest_size=8, key=seed).digest()
    )
    if silence < profile.silence_rate * 65536:
        return Fate("")
    if failure < profile.failure_rate * 65536:
        return Fate(FAILURES[choice % len(FAILURES)])
    return Fate(DELIVERED, REPLIES[choice % len(REPLIES)] if reply < profile.reply_rate * 65536 else "")


def carrier_of(number: str) -> str:
    """Return the mainland carrier that serves a number, by its prefix."""
    if _UNICOM.match(number):
        return "UNICOM"
    return "TELCOM" if _TELCOM.match(number) else "MOBILE"


def review(name: str, due: bool) -> dict[str, Any]:
    """Return the review of a signature or template called `name`, once `due`.

    A name with "reject" in it is rejected, one with "pending" never decided, one with "partial" approved
    by all carriers but TELCOM, every other approved.
    """
    word = name.lower()
    states = dict.fromkeys(CARRIERS, "approved")
    if not due or "pending" in word:
        states = dict.fromkeys(CARRIERS, "pending")
    elif "reject" in word:
        states = dict.fromkeys(CARRIERS, "rejected")
    elif "partial" in word:
        states["TELCOM"] = "rejected"
    found = set(states.values())
    status = found.pop() if len(found) == 1 else "partial"
    reason = "The sandbox rejects names with this word." if status in ("rejected", "partial") else ""
    return {"status": status, "reason": reason, "carriers": states}


class CallRefused(Exception):
    """The carrier refuses a whole call; nothing of it was taken."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Letter:
    """One template, ready to be filled in for many recipients and to refuse those it cannot reach."""

    def __init__(self, template: Mapping[str, Any], sign: str, blocked: frozenset[str]) -> None:
        self._pieces = _PLACEHOLDER.split(template["content"])
        self._number = _INTERNATIONAL if template["type"] == "international" else _MAINLAND
        self._sign = f"【{sign}】" if sign else ""
        self._blocked = blocked
        self._digital = template["kind"] == "digital"
        states = template["review"]["carriers"] if self._number is _MAINLAND else {}
        self._closed = frozenset(carrier for carrier, state in states.items() if state != "approved")

    def refusal(self, number: str) -> tuple[str, str] | None:
        """Return why no message can go to `number`, as code and sentence, or None."""
        if self._number.fullmatch(number) is None:
            return "INVALID_NUMBER", "The number does not fit the template's type."
        if number in self._blocked:
            return "OPTED_OUT", "The recipient has opted out of this signature."
        if self._closed and carrier_of(number) in self._closed:
            return "CARRIER_NOT_APPROVED", "The recipient's carrier did not approve the template."
        return None

    def text(self, params: Mapping[str, str]) -> str:
        """Return the finished text with its signature; raises KeyError naming a missing variable."""
        pieces = self._pieces
        if len(pieces) == 1:
            return self._sign + pieces[0]
        return self._sign + "".join(
            params[piece] if index & 1 else piece for index, piece in enumerate(pieces)
        )

    def too_long(self, text: str) -> bool:
        """Return True for a text message longer than the carrier takes."""
        return len(text) > MAX_TEXT and not self._digital
