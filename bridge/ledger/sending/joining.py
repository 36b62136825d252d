"""A send joins its campaign in the transaction that accepts it."""

from enum import IntEnum

from sqlalchemy import Connection, bindparam, select

from ..database import tables
from ..database.dialects import made_once, upsert
from ..refs import new_id

_campaign = tables.campaign


class CampaignKind(IntEnum):
    """What names a campaign."""

    OUT_ID = 0
    TASK = 1


class CampaignState(IntEnum):
    """How a campaign is steered; it is never anything else again once it is cancelled."""

    RUNNING = 0
    PAUSED = 1
    CANCELLED = 2


class CampaignCancelled(Exception):
    """The campaign was cancelled; nothing was stored."""


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
