"""What must not be lost: every query and transaction of the bridge."""

from .batches import NewBatch, NewFile, Overfull, Terms
from .batchinfo import BatchInfo
from .blobs import Recipients
from .bulk import Climb, MessageRow, clean
from .calls import Claimed, Conclusion, Recorded, Requeue, Settlement
from .coordination import ChannelState
from .engine import LedgerUnavailable
from .files import FileJob, Progress
from .history import Detail, Span
from .models import RECEIPT, REPLY
from .outbox import DeadLetter, Ended, PushJob, PutBack
from .pages import Page
from .receipts import Intake
from .replies import ReplyTerms
from .segments import Segment
from .signatures import Busy, Differs, Fresh, Stored
from .store import Duty, Ledger, TakenIn, newest_revision, open_ledger, upgrade
from .templates import StoredSign, StoredTemplate

__all__ = [
    "RECEIPT",
    "REPLY",
    "BatchInfo",
    "Busy",
    "ChannelState",
    "Claimed",
    "Climb",
    "Conclusion",
    "DeadLetter",
    "Detail",
    "Differs",
    "Duty",
    "Ended",
    "FileJob",
    "Fresh",
    "Intake",
    "Ledger",
    "LedgerUnavailable",
    "MessageRow",
    "NewBatch",
    "NewFile",
    "Overfull",
    "Page",
    "Progress",
    "PushJob",
    "PutBack",
    "Recipients",
    "Recorded",
    "ReplyTerms",
    "Requeue",
    "Segment",
    "Settlement",
    "Span",
    "Stored",
    "StoredSign",
    "StoredTemplate",
    "TakenIn",
    "Terms",
    "clean",
    "newest_revision",
    "open_ledger",
    "upgrade",
]
