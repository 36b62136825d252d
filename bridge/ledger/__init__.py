"""What must not be lost: every query and transaction of the bridge."""

from .audit import BRIDGE, Act
from .blobs import Recipients
from .campaigns.reading import Part
from .coordination import ChannelState
from .database.bulk import Climb, MessageRow, clean
from .database.copies import backup, integrity, restore
from .database.engine import LedgerUnavailable, WrongSchema
from .database.revisions import newest_revision, upgrade
from .database.tables import RECEIPT, REPLY
from .drift import Drift
from .filings import AccountSign, Filed, digest_of, digest_of_snapshot
from .forgetting import Forgotten
from .history import Detail, Span
from .prices import Charged, Rate
from .reports.callbacks import Callback
from .reports.contradictions import LateReport
from .reports.entries import Ended, PushJob, Replied, Taken
from .reports.outbox import GivenUp, PutBack, Telling
from .reports.pages import Page
from .reports.receipts import RETRIED, Intake
from .reports.refused import RefusedWebhook
from .reports.replaying import Replayed, Window
from .reports.replies import ReplyTerms
from .reports.segments import Segment
from .scope import Holder, Lane, Scope, Source
from .sendinfo import SendInfo
from .sending.accounts import Account, Room, Shown
from .sending.accounts import Key as AccountKey
from .sending.attempts import UNCALLED, Attempt
from .sending.calls import (
    Claimed,
    Conclusion,
    Recorded,
    Requeue,
    Settlement,
    barred_names,
    bars,
    route_in,
)
from .sending.files import FileJob, Progress
from .sending.holds import Held, Hold, WaitingFile, Why
from .sending.joining import CampaignCancelled, CampaignState
from .sending.moving import Group, Leaving
from .sending.pending import Overfull
from .sending.sends import NewFile, NewSend, Terms
from .sending.unknowns import Chosen, Resent, UnknownBatch
from .sending.weights import Change, Lately
from .signatures import Busy, Differs, Fresh, Stored
from .store import HeldLease, Ledger, StoredReports, open_ledger
from .templates import StoredSign, StoredTemplate
from .watching import Waits

__all__ = [
    "BRIDGE",
    "RECEIPT",
    "REPLY",
    "RETRIED",
    "UNCALLED",
    "Account",
    "AccountKey",
    "AccountSign",
    "Act",
    "Attempt",
    "Busy",
    "Callback",
    "CampaignCancelled",
    "CampaignState",
    "Change",
    "ChannelState",
    "Charged",
    "Chosen",
    "Claimed",
    "Climb",
    "Conclusion",
    "Detail",
    "Differs",
    "Drift",
    "Ended",
    "FileJob",
    "Filed",
    "Forgotten",
    "Fresh",
    "GivenUp",
    "Group",
    "Held",
    "HeldLease",
    "Hold",
    "Holder",
    "Intake",
    "Lane",
    "LateReport",
    "Lately",
    "Leaving",
    "Ledger",
    "LedgerUnavailable",
    "MessageRow",
    "NewFile",
    "NewSend",
    "Overfull",
    "Page",
    "Part",
    "Progress",
    "PushJob",
    "PutBack",
    "Rate",
    "Recipients",
    "Recorded",
    "RefusedWebhook",
    "Replayed",
    "Replied",
    "ReplyTerms",
    "Requeue",
    "Resent",
    "Room",
    "Scope",
    "Segment",
    "SendInfo",
    "Settlement",
    "Shown",
    "Source",
    "Span",
    "Stored",
    "StoredReports",
    "StoredSign",
    "StoredTemplate",
    "Taken",
    "Telling",
    "Terms",
    "UnknownBatch",
    "WaitingFile",
    "Waits",
    "Why",
    "Window",
    "WrongSchema",
    "backup",
    "barred_names",
    "bars",
    "clean",
    "digest_of",
    "digest_of_snapshot",
    "integrity",
    "newest_revision",
    "open_ledger",
    "restore",
    "route_in",
    "upgrade",
]
