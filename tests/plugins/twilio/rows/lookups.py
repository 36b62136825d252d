"""Unknown outcomes settled, lost callbacks made up for."""

from collections.abc import Sequence

from bridge.plugin import (
    CredentialsRejected,
    MessageStatus,
    Outcome,
    ReceiptPage,
)
from bridge.testing import (
    Exchange,
    Poll,
    Reconcile,
    Reply,
    batch,
)
from bridge.testing.table.cases import Case
from bridge.testing.table.samples import NOW

from ..emulator.account import NUMBER
from .wire import (
    CONTENT,
    MESSAGES,
    MMS,
    OTHER_SID,
    PENDING,
    SID,
    failed,
    listed,
    listing,
    look_up,
    one,
    receipt,
)

ROWS: Sequence[Case] = (
    Reconcile(
        "found by its text",
        [look_up("+8613800138000", listing(listed(OTHER_SID, "Other"), listed(SID, "Your code is 1001")))],
        expect=SID,
        batch=one(),
    ),
    Reconcile(
        "found behind a trial account's prefix",
        [
            look_up(
                "+8613800138000",
                listing(listed(SID, "Sent from your Twilio trial account - Your code is 1001")),
            )
        ],
        expect=SID,
        batch=one(),
    ),
    Reconcile(
        "only an older one like it",
        [look_up("+8613800138000", listing(listed(SID, "Your code is 1001", age_s=-61)))],
        Outcome.UNKNOWN,
        batch=one(),
    ),
    Reconcile(
        "only an older one like it, of another day",
        [look_up("+8613800138000", listing(listed(SID, "Your code is 1001", age_s=-86_461)))],
        Outcome.UNKNOWN,
        code="ABSENT",
        batch=one(),
    ),
    Reconcile(
        "only a much later one like it",
        [look_up("+8613800138000", listing(listed(SID, "Your code is 1001", age_s=601)))],
        Outcome.UNKNOWN,
        batch=one(),
    ),
    Reconcile(
        "only a much later one like it, of another day",
        [look_up("+8613800138000", listing(listed(SID, "Your code is 1001", age_s=87_001)))],
        Outcome.UNKNOWN,
        code="ABSENT",
        batch=one(),
    ),
    Reconcile(
        "only one like it by another service of the account",
        [
            look_up(
                "+8613800138000",
                listing(listed(SID, "Your code is 1001", messaging_service_sid="MG" + "9" * 32)),
            )
        ],
        Outcome.UNKNOWN,
        code="ABSENT",
        batch=one(),
    ),
    Reconcile(
        "found by its number and its media",
        [
            look_up(
                "+14155552671",
                listing(
                    listed(OTHER_SID, "[Bell]Hello name1001", sender=NUMBER),
                    listed(SID, "[Bell]Hello name1001", num_media="1", sender=NUMBER),
                ),
            )
        ],
        expect=SID,
        batch=batch(["14155552671"], template=MMS, sign_name="Bell"),
    ),
    Reconcile(
        "only an inbound one like it",
        [look_up("+8613800138000", listing(listed(SID, "Your code is 1001", direction="inbound")))],
        Outcome.UNKNOWN,
        code="ABSENT",
        batch=one(),
    ),
    Reconcile(
        "absent, and the channel resends",
        [look_up("+8613800138000", listing())],
        Outcome.NOT_SENT,
        code="ABSENT",
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Reconcile(
        "its text was redacted",
        [look_up("+8613800138000", listing(listed(SID, "")))],
        Outcome.UNKNOWN,
        code="OUTCOME_UNKNOWN",
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Reconcile(
        "its text was encoded otherwise on the way",
        [look_up("+8613800138000", listing(listed(SID, "Your code is: 1001")))],
        Outcome.UNKNOWN,
        code="OUTCOME_UNKNOWN",
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Reconcile(
        "shown without an id",
        [look_up("+8613800138000", listing(listed("", "Your code is 1001")))],
        Outcome.UNKNOWN,
        code="UNREADABLE_ANSWER",
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Reconcile(
        "an answer that is no list of messages",
        [look_up("+8613800138000", Reply(json={"messages": None}))],
        Outcome.UNKNOWN,
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Reconcile(
        "another object altogether",
        [look_up("+8613800138000", Reply(json={"status": "ok"}))],
        Outcome.UNKNOWN,
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Reconcile(
        "an empty object",
        [look_up("+8613800138000", Reply(json={}))],
        Outcome.UNKNOWN,
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Reconcile(
        "too many later messages to prove its absence",
        [look_up("+8613800138000", listing(*[listed(OTHER_SID, "Other", 60)] * 50))],
        Outcome.UNKNOWN,
        code="OUTCOME_UNKNOWN",
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Reconcile(
        "Content shows no text to tell messages apart",
        [look_up("+8613800138000", listing(listed(SID, "Your code is 1001")))],
        Outcome.UNKNOWN,
        code="OUTCOME_UNKNOWN",
        batch=one(),
        settings={**CONTENT, "resend_unknown": True},
    ),
    Reconcile(
        "the look-up is throttled",
        [look_up("+8613800138000", failed(20429, 429))],
        Outcome.UNKNOWN,
        batch=one(),
        settings={"resend_unknown": True},
    ),
    Poll(
        "its callback was lost",
        "poll_receipts",
        [
            Exchange(
                "GET",
                MESSAGES.replace(".json", f"/{SID}.json"),
                Reply(json=listed(SID, "", status="delivered")),
            )
        ],
        ReceiptPage([receipt(MessageStatus.DELIVERED, "DELIVERED", at=NOW)], "1"),
        window=PENDING,
    ),
    Poll(
        "the account is refused",
        "poll_receipts",
        [Exchange("GET", MESSAGES.replace(".json", f"/{SID}.json"), failed(20003, 401))],
        CredentialsRejected,
        window=PENDING,
    ),
)
