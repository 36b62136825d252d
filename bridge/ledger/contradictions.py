"""Reports that came too late to be believed: told in the log, never applied."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, select, tuple_

from ..plugin import MessageStatus
from . import models
from .bulk import Climb
from .refs import message_ref

log = structlog.get_logger("bridge.ledger")

_message = models.message
_LOOKUP = 500
_SHOWN = 10

Place = tuple[int, int]
"""A message's chunk id and its place in the chunk."""


def tell(connection: Connection, channel: str, climbs: Sequence[Climb], climbed: Iterable[Any]) -> None:
    """Log which of some reports say another end than the message has; `climbed` are the rows they changed."""
    ends = [one for one in climbs if one.status >= MessageStatus.DELIVERED]
    if not ends:
        return
    kept = {(row.chunk_id, row.seq): row.status for row in climbed}
    kept |= _statuses(connection, {(one.chunk_id, one.seq) for one in ends} - kept.keys())
    late = [one for one in ends if kept.get((one.chunk_id, one.seq), one.status) != one.status]
    if late:
        log.warning(
            "late reports contradict what was told",
            channel=channel,
            reports=len(late),
            messages=[_sentence(one, kept) for one in late[:_SHOWN]],
        )


def _statuses(connection: Connection, places: set[Place]) -> dict[Place, int]:
    wanted, found = sorted(places), dict[Place, int]()
    for start in range(0, len(wanted), _LOOKUP):
        rows = select(_message.c.chunk_id, _message.c.seq, _message.c.status).where(
            tuple_(_message.c.chunk_id, _message.c.seq).in_(wanted[start : start + _LOOKUP])
        )
        found.update(((row.chunk_id, row.seq), row.status) for row in connection.execute(rows))
    return found


def _sentence(late: Climb, kept: Mapping[Place, int]) -> str:
    stays = MessageStatus(kept[late.chunk_id, late.seq]).name.lower()
    told = MessageStatus(late.status).name.lower()
    return f"{message_ref(late.chunk_id, late.seq)} stays {stays}, reported {told}"
