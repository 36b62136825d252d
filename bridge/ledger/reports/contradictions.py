"""Reports that came too late to be believed: told in the log, never applied."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection

from ...plugin import MessageStatus
from ...plugin.status import FIRST_FINAL
from ..database.bulk import Climb, find_messages
from ..refs import Place, message_ref

log = structlog.get_logger("bridge.ledger")

_SHOWN = 10


def tell(connection: Connection, channel: str, climbs: Sequence[Climb], climbed: Iterable[Any]) -> None:
    """Log which of some reports say another end than the message has; `climbed` are the rows they changed."""
    ends = [one for one in climbs if one.status >= FIRST_FINAL]
    if not ends:
        return
    kept = {Place(row.batch_id, row.seq): row.status for row in climbed}
    others = {Place(one.batch_id, one.seq) for one in ends} - kept.keys()
    kept |= {Place(row.batch_id, row.seq): row.status for row in find_messages(connection, others)}
    late = [one for one in ends if kept.get(Place(one.batch_id, one.seq), one.status) != one.status]
    if late:
        log.warning(
            "late reports contradict what was told",
            channel=channel,
            reports=len(late),
            messages=[_sentence(one, kept) for one in late[:_SHOWN]],
        )


def _sentence(late: Climb, kept: Mapping[Place, int]) -> str:
    stays = MessageStatus(kept[Place(late.batch_id, late.seq)]).name.lower()
    told = MessageStatus(late.status).name.lower()
    return f"{message_ref(late.batch_id, late.seq)} stays {stays}, reported {told}"
