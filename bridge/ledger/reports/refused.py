"""Webhooks that the plugin refused, as they came: what an operator needs to mend a secret or a recipe.

They are bounded, deleted with other personal data, and hold no hook token.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, select

from ..database import tables
from ..database.engine import Database
from ..refs import new_id

MOST = 100
"""So many are kept for a channel, the newest."""
LARGEST = 262_144
"""A larger body is cut: its beginning tells what it is."""

_refused = tables.refused_webhook


@dataclass(frozen=True, slots=True)
class RefusedWebhook:
    """One refused webhook. `target` is the path behind the hook token, with its query.

    `account`: the one of several whose token it came with, "" where the channel has only one.
    """

    channel: str
    reason: str
    method: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    created: int
    id: int = 0
    account: str = ""


class RefusedWebhooks:
    """The refused webhooks of all channels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, webhook: RefusedWebhook) -> None:
        """Keep a webhook, and the newest others of its channel."""
        row = {
            "id": new_id(webhook.created),
            "channel": webhook.channel,
            "account": webhook.account,
            "reason": webhook.reason,
            "method": webhook.method,
            "target": webhook.target,
            "headers": json.dumps(dict(webhook.headers)),
            "body": webhook.body[:LARGEST],
            "created": webhook.created,
        }
        mine = _refused.c.channel == webhook.channel
        newest = select(_refused.c.id).where(mine).order_by(_refused.c.id.desc()).limit(MOST)
        older = delete(_refused).where(mine, _refused.c.id.not_in(newest.scalar_subquery()))
        self._database.write(
            lambda connection: (connection.execute(_refused.insert(), row), connection.execute(older)),
            durable=False,
        )

    def of(self, channel: str) -> list[RefusedWebhook]:
        """Return the channel's refused webhooks, newest first."""
        query = select(_refused).where(_refused.c.channel == channel).order_by(_refused.c.id.desc())
        with self._database.read() as connection:
            return [
                RefusedWebhook(**{**row._mapping, "headers": json.loads(row.headers)})
                for row in connection.execute(query)
            ]
