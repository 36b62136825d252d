"""What is known of a batch's call: claimed, concluded when it was answered, settled when it was not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..blobs import Recipients, decode
from ..database.bulk import Climb, MessageRow
from ..reports.entries import Ended
from ..reports.segments import Segment
from .attempts import Attempt
from .holds import NO_HOLD, Why

_ROUTE = "#"
"""No account's name begins so."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A batch that this owner may work on until `lease` (milliseconds).

    `identity`: of the vendor account that is called, or was called last, `account` its name; "" for none.
    `yields`: from when on another account may take it; `barred`: those that may not (see `bars`).
    `decision`: a person's, by which its messages are sent once more; 0 for none.
    """

    id: int
    send_id: int
    channel: str
    count: int
    attempt: int
    owner: str
    lease: int
    called: int | None
    due: int
    identity: str
    account: str
    yields: int | None
    barred: str
    deadline: int
    decision: int
    blob: bytes = field(repr=False)

    @property
    def recipients(self) -> Recipients:
        """Its recipients."""
        return decode(self.blob)


@dataclass(frozen=True, slots=True)
class Requeue:
    """Recipients that go into a new READY batch of the same send; `account` is to call it, "" for any.

    `seqs`: theirs in the batch that they leave. `attempt`: the call that did not send them, if there was one.
    """

    recipients: Recipients
    seqs: Sequence[int]
    due: int
    why: Why = NO_HOLD
    account: str = ""
    yields: int | None = None
    barred: str = ""
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What became of a batch's call; written by `Batches.record`.

    `rows`: a message row for every recipient concluded or in question. `again`: recipients that certainly
    were not sent. `retry_at`: nothing of the batch was sent, try the whole of it then (rows, again empty);
    `why`: what it waits for until then; `yields`, `barred`: as of a batch.
    `check_at`: rows with status CALLING are there; ask about them then. `attempt`: the call, if there was
    one.
    """

    batch: Claimed
    out_id: str
    sign_name: str
    pushes: bool
    rows: Sequence[MessageRow] = ()
    segments: Sequence[Segment] = ()
    again: Sequence[Requeue] = ()
    retry_at: int | None = None
    why: Why = NO_HOLD
    yields: int | None = None
    barred: str = ""
    check_at: int | None = None
    deadline: int = 0
    opted_out: Sequence[str] = field(default=(), repr=False)
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was learned about a batch's open messages.

    `resend`: seqs proven absent; `unproved`: those sent again by the channel's policy without a proof.
    `askable` False: no account is configured that could tell what became of them.
    """

    batch: Claimed
    out_id: str
    sign_name: str
    pushes: bool
    climbs: Sequence[Climb] = ()
    segments: Sequence[Segment] = ()
    resend: Sequence[int] = ()
    unproved: Sequence[int] = ()
    resend_due: int = 0
    resend_deadline: int = 0
    check_at: int = 0
    opted_out: Sequence[str] = field(default=(), repr=False)
    askable: bool = True


def bars(names: Iterable[str], route: int | None = None) -> str:
    """Return account names as the ledger keeps those that may not take a batch.

    `route`: the batch holds only numbers that this route takes, so that one stands for all.
    """
    chosen = sorted({*names, *([] if route is None else [f"{_ROUTE}{route}"])})
    return f",{','.join(chosen)}," if chosen else ""


def barred_names(text: str) -> frozenset[str]:
    """Return the account names of a batch's bars."""
    return frozenset(name for name in text.split(",") if name and not name.startswith(_ROUTE))


def route_in(text: str) -> int | None:
    """Return the route that takes all numbers of a batch, by its bars; None if they were not looked at."""
    return next((int(part[1:]) for part in text.split(",") if part.startswith(_ROUTE)), None)


@dataclass(slots=True)
class Recorded:
    """What a record or settlement changed, for metrics and events."""

    stale: bool = False
    ends: list[Ended] = field(default_factory=list)
