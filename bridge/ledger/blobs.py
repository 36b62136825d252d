"""The recipients of a batch as one blob: UTF-8 JSON, a column for numbers and one for values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .database.packing import pack, unpack

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recipients:
    """Numbers as Quick Audience wrote them, and their values.

    `params` is empty (no values), has one element (the same values for all) or one for each number.
    `faults` names by place those that must fail without being sent: (code, reason).
    """

    phones: Sequence[str]
    params: Sequence[Params] = ()
    faults: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def uniform(self) -> bool:
        """True when all have the same values."""
        return len(self.params) <= 1 or all(one == self.params[0] for one in self.params)

    def params_of(self, index: int) -> Params:
        """Return the values of the recipient at a place."""
        if len(self.params) > 1:
            return self.params[index]
        return self.params[0] if self.params else {}

    def pick(self, places: Sequence[int]) -> "Recipients":
        """Return these recipients only, in this order."""
        params = [self.params[place] for place in places] if len(self.params) > 1 else self.params
        faults = {new: self.faults[old] for new, old in enumerate(places) if old in self.faults}
        return Recipients([self.phones[place] for place in places], params, faults)

    def slices(self, size: int) -> list["Recipients"]:
        """Cut into parts of at most `size`."""
        own = len(self.params) > 1
        return [
            Recipients(
                self.phones[start : start + size],
                self.params[start : start + size] if own else self.params,
                {at - start: fault for at, fault in self.faults.items() if start <= at < start + size},
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
        document["faults"] = {str(place): fault for place, fault in recipients.faults.items()}
    return pack(document)


def decode(blob: bytes) -> Recipients:
    """Return the recipients of a blob."""
    document = unpack(blob)
    faults = {int(place): (code, reason) for place, (code, reason) in document.get("faults", {}).items()}
    return Recipients(document["phones"], document.get("params", ()), faults)
