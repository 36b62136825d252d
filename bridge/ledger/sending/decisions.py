"""What a person decided about messages, with the reason in that person's own words; never deleted."""

from sqlalchemy import Connection, update

from ..database.bulk import clean_words
from ..database.tables import decision as _decision
from ..refs import new_id

RESEND = "resend"


def decided(connection: Connection, channel: str, kind: str, reason: str, now: int) -> int:
    """Keep a decision within the transaction that carries it out. Returns its id."""
    found = new_id(now)
    row = {
        "id": found,
        "channel": channel,
        "kind": kind,
        "reason": clean_words(reason),
        "messages": 0,
        "created": now,
    }
    connection.execute(_decision.insert(), row)
    return found


def decided_further(connection: Connection, decision: int, messages: int) -> None:
    """Count messages to a decision, in the transaction that moves them."""
    more = _decision.c.messages + messages
    connection.execute(update(_decision).where(_decision.c.id == decision).values(messages=more))
