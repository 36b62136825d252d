"""What must not be lost: every query and transaction of the bridge."""

from .audit import BRIDGE, Act
from .blobs import Recipients
from .campaigns.reading import KindCount
from .coordination import ChannelState
from .database.bulk import Climb, MessageRow, clean
from .database.copies import backup, integrity, restore
from .database.engine import LedgerUnavailable, NoDatabase, WrongSchema
from .database.revisions import newest_revision, refuse_newer, upgrade
from .database.tables import RECEIPT, REPLY
from .halts import Halt, Halted, HaltKind
from .people.forgetting import Forgotten
from .people.history import Detail, InCall, TimeSpan
from .prices import Charged, Rate
from .reports.callbacks import Callback
from .reports.contradictions import LateReport
from .reports.entries import Ended, PushJob, Replied, Taken
from .reports.outbox import GivenUp, PutBack, Telling
from .reports.pages import UnreadPage
from .reports.receipts import RETRIED, Intake
from .reports.refused import RefusedWebhook
from .reports.replaying import Replayed, Window
from .reports.replies import ReplyTerms
from .reports.segments import Segment
from .reviews.drift import Drift
from .reviews.filings import AccountSign, Filed, digest_of, digest_of_snapshot
from .reviews.templates import StoredSign, StoredTemplate
from .scope import FIRST_ROWS, Callee, Excerpt, Holder, Scope, Source
from .sendinfo import SendInfo
from .sending.account import Account, AccountKey, Room, Shown
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
from .sending.weights import Change, LatestOutcomes
from .signatures import Busy, Differs, Fresh, Stored
from .store import HeldLease, Ledger, StoredReports, open_ledger
from .watching import ChannelWaits

__all__ = [
    "BRIDGE",
    "FIRST_ROWS",
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
    "Callee",
    "CampaignCancelled",
    "CampaignState",
    "Change",
    "ChannelState",
    "ChannelWaits",
    "Charged",
    "Chosen",
    "Claimed",
    "Climb",
    "Conclusion",
    "Detail",
    "Differs",
    "Drift",
    "Ended",
    "Excerpt",
    "FileJob",
    "Filed",
    "Forgotten",
    "Fresh",
    "GivenUp",
    "Group",
    "Halt",
    "HaltKind",
    "Halted",
    "Held",
    "HeldLease",
    "Hold",
    "Holder",
    "InCall",
    "Intake",
    "KindCount",
    "LateReport",
    "LatestOutcomes",
    "Leaving",
    "Ledger",
    "LedgerUnavailable",
    "MessageRow",
    "NewFile",
    "NewSend",
    "NoDatabase",
    "Overfull",
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
    "Stored",
    "StoredReports",
    "StoredSign",
    "StoredTemplate",
    "Taken",
    "Telling",
    "Terms",
    "TimeSpan",
    "UnknownBatch",
    "UnreadPage",
    "WaitingFile",
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
    "refuse_newer",
    "restore",
    "route_in",
    "upgrade",
]
