"""The recipients of a batch as one blob: UTF-8 JSON, a column for numbers and one for values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .database.packing import pack, unpack

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recipients:
    """Numbers as Quick Audience wrote them, and their values.

    `params` is empty (no values), has one element (the same values for all) or one for each number.
    `faults` names by seq those that must fail without being sent: (code, reason).
    """

    phones: Sequence[str]
    params: Sequence[Params] = ()
    faults: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def uniform(self) -> bool:
        """True when all have the same values."""
        return len(self.params) <= 1 or all(one == self.params[0] for one in self.params)

    def params_of(self, seq: int) -> Params:
        """Return the values of recipient `seq`."""
        if len(self.params) > 1:
            return self.params[seq]
        return self.params[0] if self.params else {}

    def pick(self, seqs: Sequence[int]) -> "Recipients":
        """Return these recipients only, in this order."""
        params = [self.params[seq] for seq in seqs] if len(self.params) > 1 else self.params
        faults = {new: self.faults[old] for new, old in enumerate(seqs) if old in self.faults}
        return Recipients([self.phones[seq] for seq in seqs], params, faults)

    def slices(self, size: int) -> list["Recipients"]:
        """Cut into parts of at most `size`."""
        own = len(self.params) > 1
        return [
            Recipients(
                self.phones[start : start + size],
                self.params[start : start + size] if own else self.params,
                {seq - start: fault for seq, fault in self.faults.items() if start <= seq < start + size},
            )
            for start in range(0, len(self.phones), size)
        ]

    def __repr__(self) -> str:
        return f"Recipients({len(self.phones)})"


def encode(recipients: Recipients) -> bytes:
    """Return the blob of some recipients."""
    document: dict[str, object] = {"phones": recipients.phones}
    if recipients.params:
        document["params"] = recipients.params
    if recipients.faults:
        document["faults"] = {
            str(seq): {"code": code, "reason": reason} for seq, (code, reason) in recipients.faults.items()
        }
    return pack(document)


def decode(blob: bytes) -> Recipients:
    """Return the recipients of a blob."""
    document = unpack(blob)
    faults = {int(seq): _fault(stored) for seq, stored in document.get("faults", {}).items()}
    return Recipients(document["phones"], document.get("params", ()), faults)


def _fault(stored: Mapping[str, str] | Sequence[str]) -> tuple[str, str]:
    """Read a fault. What an earlier version left in the queue is a list: code, then reason."""
    if isinstance(stored, Mapping):
        return stored["code"], stored["reason"]
    code, reason = stored
    return code, reason
