"""A send joins its campaign in the transaction that accepts it."""

from enum import IntEnum

from sqlalchemy import Connection, bindparam, select

from ..database import tables
from ..database.dialects import lit, made_once, upsert
from ..refs import new_id

_batch, _campaign, _send = tables.batch, tables.campaign, tables.send


class CampaignKind(IntEnum):
    """What names a campaign."""

    OUT_ID = 0
    TASK = 1


class CampaignState(IntEnum):
    """How a campaign is controlled; it is never anything else again once it is cancelled."""

    RUNNING = 0
    PAUSED = 1
    CANCELLED = 2


class CampaignCancelled(Exception):
    """The campaign was cancelled; nothing was stored."""


# No claim takes what belongs to a campaign that is paused or cancelled.
_CONTROLLED = select(_send.c.id).where(
    _send.c.id == _batch.c.send_id,
    _campaign.c.id == _send.c.campaign_id,
    _campaign.c.state != lit(CampaignState.RUNNING),
)
FREE = ~_CONTROLLED.correlate(_batch).exists()
STOPPED = (_campaign.c.pending == lit(1), _campaign.c.state != lit(CampaignState.RUNNING))
"""The conditions for campaigns that do not run and may still have something that waits."""


def any_stopped(connection: Connection) -> bool:
    """Return whether there is a campaign whose batches are not free, so that nobody asks for each in vain."""
    return connection.execute(select(_campaign.c.id).where(*STOPPED).limit(1)).first() is not None


_FIND = select(_campaign.c.id, _campaign.c.state).where(
    _campaign.c.channel == bindparam("in_channel"),
    _campaign.c.kind == bindparam("of_kind"),
    _campaign.c.name == bindparam("named"),
)
_NEW = made_once(lambda connection: upsert(connection, _campaign).on_conflict_do_nothing())


def join(connection: Connection, channel: str, task: str, out_id: str, now: int) -> int:
    """Return the id of a send's campaign, which begins with its first. Raises CampaignCancelled."""
    kind = CampaignKind.TASK if task else CampaignKind.OUT_ID
    name = task or out_id
    key = {"in_channel": channel, "of_kind": int(kind), "named": name}
    found = connection.execute(_FIND, key).one_or_none()
    if found is None:
        row = {
            "id": new_id(now),
            "channel": channel,
            "kind": int(kind),
            "name": name,
            "state": int(CampaignState.RUNNING),
            "pending": 0,
            "reason": "",
            "changed": now,
            "created": now,
        }
        connection.execute(_NEW(connection), row)
        found = connection.execute(_FIND, key).one()
    if found.state == CampaignState.CANCELLED:
        raise CampaignCancelled
    return int(found.id)
