"""What is known of a chunk's call: claimed, concluded when it was answered, settled when it was not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .blobs import Recipients, decode
from .bulk import Climb, MessageRow
from .outbox import Ended
from .segments import Segment


@dataclass(frozen=True, slots=True)
class Claimed:
    """A chunk that this owner may work on until `lease` (milliseconds)."""

    id: int
    batch_id: int
    channel: str
    count: int
    attempt: int
    owner: str
    lease: int
    called: int | None
    deadline: int
    blob: bytes = field(repr=False)

    @property
    def recipients(self) -> Recipients:
        """Its recipients."""
        return decode(self.blob)


@dataclass(frozen=True, slots=True)
class Requeue:
    """Recipients that go into a new READY chunk of the same batch."""

    recipients: Recipients
    due: int


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What became of a chunk's call; written by `Chunks.record`.

    `rows`: a message row for every recipient concluded or in question. `again`: recipients that certainly
    were not sent. `retry_at`: nothing of the chunk was sent, try the whole of it then (rows, again empty).
    `check_at`: rows with status CALLING are there; ask about them then.
    """

    chunk: Claimed
    out_id: str
    sign_name: str
    pushes: bool
    rows: Sequence[MessageRow] = ()
    segments: Sequence[Segment] = ()
    again: Sequence[Requeue] = ()
    retry_at: int | None = None
    check_at: int | None = None
    deadline: int = 0
    opted_out: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was learned about a chunk's open messages. `resend`: places proven absent, or by policy."""

    chunk: Claimed
    out_id: str
    sign_name: str
    pushes: bool
    climbs: Sequence[Climb] = ()
    segments: Sequence[Segment] = ()
    resend: Sequence[int] = ()
    resend_due: int = 0
    resend_deadline: int = 0
    check_at: int = 0
    opted_out: Sequence[str] = field(default=(), repr=False)


@dataclass(slots=True)
class Recorded:
    """What a record or settlement changed, for metrics and events."""

    stale: bool = False
    ended: list[Ended] = field(default_factory=list)
