"""Messages of unknown outcome: shown, asked about, and sent again by a person's word."""

import time

from bridge.ledger import Callee, Claimed, Conclusion, Holder, MessageRow, Scope
from bridge.ledger.refs import to_ref
from bridge.plugin import MessageStatus
from tests.databases import decisions

from .conftest import Desk
from .test_commands import HOUR, NUMBER, accept, row_of


def lose_a_call(desk: Desk, now: int, account: str) -> Claimed:
    """Have a message of unknown outcome at an account of the channel promo. Returns its batch."""
    accept(desk, now, [NUMBER])
    [claimed] = desk.ledger.write(
        lambda connection: desk.ledger.batches.claim(
            connection, Scope("promo", now), Holder("me", HOUR), Callee(account, ""), limit=1
        )
    )
    row = MessageRow(claimed.id, 0, NUMBER, 1, MessageStatus.CALLING, "", "", "", 1, now, None)
    lost = Conclusion(claimed, "20260001", "Acme", True, rows=[row], check_at=now, deadline=now + HOUR)
    desk.ledger.write(lambda connection: desk.ledger.batches.record(connection, [lost], now))
    return claimed


def test_unknown_outcomes_are_shown_asked_about_and_sent_again(desk: Desk) -> None:
    """Sending again says how many may arrive twice, and wants two words for it."""
    claimed = lose_a_call(desk, int(time.time() * 1000), "tiny")
    shown = row_of(desk.run("unknown").output, "promo").split()
    assert (shown[1:3], shown[4], shown[6]) == (["tiny", to_ref(claimed.id)], "20260001", "1")
    assert desk.run("unknown settle").output.splitlines()[0] == (
        "promo: 1 messages in question: 0 taken, 0 refused, 0 absent and sent again, 1 still unknown "
        "(1 of them cannot be asked about)."
    )
    for words in ("", "--accept-duplicates", "--reason Lost."):
        refused = desk.run(f"unknown resend promo {words}")
        assert (refused.exit_code, "1 messages may arrive twice" in refused.output) == (2, True)
    done = desk.run("unknown resend promo --accept-duplicates --reason 'The vendor lost them.'")
    assert "1 messages are sent again; as many may arrive twice." in done.output
    assert desk.ledger.gauges() == {("promo", "ready"): 1}
    assert [one.reason for one in decisions(desk.ledger)] == ["The vendor lost them."]
    assert "There is no message" in desk.run("unknown resend promo").output
