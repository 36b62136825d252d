"""Polled pages as they came, from before they are read until what they say is stored.

Some vendors give a record once only: a page that was lost between its arrival and its reading, or that could
not be read, would be lost for good.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from ..database import tables
from ..database.engine import Database
from ..refs import new_id

_page = tables.page


class UnreadPage(NamedTuple):
    """A page that still has to be read; `created` in milliseconds."""

    id: int
    content: bytes
    created: int

    def __repr__(self) -> str:
        return f"UnreadPage({self.id}, {len(self.content)} bytes)"


class Pages:
    """The pages of all channels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, channel: str, hook: str, content: bytes, *, account: str = "", now: int) -> int:
        """Store a page for good before it is read. Returns its id."""
        number = new_id(now)
        row = {"id": number, "channel": channel, "hook": hook, "content": content, "due": now, "created": now}
        row["account"] = account
        self._database.write(lambda connection: connection.execute(_page.insert(), row))
        return number

    def due(self, channel: str, hook: str, *, account: str = "", now: int, limit: int) -> list[UnreadPage]:
        """Return the pages that were left unread and may be tried again, oldest first."""
        # What was kept before the channel had several accounts is taken up by whoever can read it.
        of = _page.c.account.in_(sorted({account, ""}))
        mine = (_page.c.channel == channel, _page.c.hook == hook, of, _page.c.due <= now)
        query = select(_page.c.id, _page.c.content, _page.c.created).where(*mine).order_by(_page.c.id)
        with self._database.read() as connection:
            return [UnreadPage(**row._mapping) for row in connection.execute(query.limit(limit))]

    def defer(self, number: int, due: int) -> None:
        """Try a page again from `due` on."""
        later = update(_page).where(_page.c.id == number).values(due=due)
        self._database.write(lambda connection: connection.execute(later), durable=False)

    def drop(self, numbers: Collection[int]) -> None:
        """Forget pages that hold nothing."""
        if numbers:
            self._database.write(lambda connection: self.finish(connection, numbers), durable=False)

    def finish(self, connection: Connection, numbers: Collection[int]) -> None:
        """Forget pages in the transaction that stores what they say."""
        if numbers:
            connection.execute(delete(_page).where(_page.c.id.in_(numbers)))

    def counts(self) -> dict[str, int]:
        """Return how many pages of each channel are not read."""
        query = select(_page.c.channel, func.count().label("pages")).group_by(_page.c.channel)
        with self._database.read() as connection:
            return {row.channel: row.pages for row in connection.execute(query)}
