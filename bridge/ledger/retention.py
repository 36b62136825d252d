"""What is deleted when: personal data after the retention time, other rows as soon as they are useless."""

from collections.abc import Collection

from sqlalchemy import Table, and_, delete, exists, or_, select

from ..plugin import MessageStatus
from . import models
from .engine import Database

_SLICE = 200


class Retention:
    """Deletes in small transactions, so that sending goes on meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def purge(self, before: int, *, channels: Collection[str]) -> int:
        """Delete chunks with their messages, replies, parked receipts, unread pages and batches.

        That is those older than `before` (milliseconds). Work that is not finished and messages without an
        end stay, but not those of channels other than `channels`: nobody will do it any more. Returns how
        many chunks went.
        """
        chunks = 0
        while True:
            went = self._purge_chunks(before, channels)
            chunks += went
            if went < _SLICE:
                break
        for table in (models.reply, models.parked, models.page):
            self._purge_rows(table, before)
        self._purge_batches(before, channels)
        return chunks

    def purge_pushes(self, before: int) -> int:
        """Delete pushes and dead letters older than `before`; how many entries Quick Audience never gets."""
        push = models.push
        statement = delete(push).where(push.c.created < before).returning(push.c.count)
        return sum(self._database.write(lambda connection: connection.execute(statement).scalars().all()))

    def forget_workers(self, before: int) -> None:
        """Delete workers that were not seen since then."""
        statement = delete(models.worker).where(models.worker.c.seen < before)
        self._database.write(lambda connection: connection.execute(statement), durable=False)

    def forget_answers(self, before: int) -> None:
        """Delete answers too old to be given again."""
        self._purge_rows(models.answer, before)

    def _purge_chunks(self, before: int, channels: Collection[str]) -> int:
        chunk, message, segment = models.chunk, models.message, models.segment
        # A message that the vendor took is owed an end: by its receipt, or when that is given up.
        owed = exists().where(message.c.chunk_id == chunk.c.id, message.c.status < MessageStatus.DELIVERED)
        idle = or_(and_(chunk.c.state == models.DONE, ~owed), chunk.c.channel.not_in(channels))
        old = select(chunk.c.id).where(chunk.c.id < before << 21, idle).limit(_SLICE)
        with self._database.read() as connection:
            ids = connection.execute(old).scalars().all()
        if ids:
            self._database.write(
                lambda connection: (
                    connection.execute(delete(segment).where(segment.c.chunk_id.in_(ids))),
                    connection.execute(delete(message).where(message.c.chunk_id.in_(ids))),
                    connection.execute(delete(chunk).where(chunk.c.id.in_(ids))),
                )
            )
        return len(ids)

    def _purge_rows(self, table: Table, before: int) -> None:
        statement = delete(table).where(table.c.created < before)
        self._database.write(lambda connection: connection.execute(statement))

    def _purge_batches(self, before: int, channels: Collection[str]) -> None:
        batch, chunk, file = models.batch, models.chunk, models.file
        has_chunks = select(chunk.c.id).where(chunk.c.batch_id == batch.c.id).exists()
        over = or_(file.c.state == models.DONE, file.c.channel.not_in(channels))
        being_read = select(file.c.batch_id).where(file.c.batch_id == batch.c.id, ~over).exists()
        gone = delete(batch).where(batch.c.created < before, ~has_chunks, ~being_read)
        files = delete(file).where(file.c.created < before, over)
        self._database.write(lambda connection: (connection.execute(gone), connection.execute(files)))
