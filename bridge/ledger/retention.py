"""What is deleted when: personal data after the retention time, other rows as soon as they are useless."""

from collections.abc import Collection

from sqlalchemy import Connection, Table, and_, delete, exists, or_, select

from ..plugin.status import FIRST_FINAL
from .database import tables
from .database.engine import Database
from .tally import move_gone

_SLICE = 200


class Retention:
    """Deletes in small transactions, so that sending goes on meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def purge(self, before: int, *, channels: Collection[str]) -> int:
        """Delete batches, messages, replies, parked receipts, unread pages, refused webhooks and sends.

        That is those older than `before` (milliseconds). Work that is not finished and messages without an
        end stay, but not those of channels other than `channels`: nobody will do it any more. Returns how
        many batches went.
        """
        batches = 0
        while True:
            went = self._purge_batches(before, channels)
            batches += went
            if went < _SLICE:
                break
        for table in (tables.callback, tables.reply, tables.parked, tables.page, tables.refused_webhook):
            self._purge_rows(table, before)
        self._purge_sends(before, channels)
        return batches

    def purge_pushes(self, before: int) -> int:
        """Delete pushes and dead letters older than `before`.

        Returns how many entries Quick Audience never gets.
        """
        push = tables.push
        statement = delete(push).where(push.c.created < before).returning(push.c.count)
        return sum(self._database.write(lambda connection: connection.execute(statement).scalars().all()))

    def forget_workers(self, before: int) -> None:
        """Delete workers that were not seen since then."""
        statement = delete(tables.worker).where(tables.worker.c.seen < before)
        self._database.write(lambda connection: connection.execute(statement), durable=False)

    def forget_answers(self, before: int) -> None:
        """Delete answers too old to be given again."""
        self._purge_rows(tables.answer, before)

    def checkpoint(self) -> bool:
        """Let what was deleted be gone from the log, too.

        Returns False when it could not be done now.
        """
        return self._database.checkpoint()

    def _purge_batches(self, before: int, channels: Collection[str]) -> int:
        batch, message, segment, moved = tables.batch, tables.message, tables.segment, tables.moved
        # A message that the vendor took is owed an end: by its receipt, or when that has not come in time.
        owed = exists().where(message.c.batch_id == batch.c.id, message.c.status < FIRST_FINAL)
        idle = or_(and_(batch.c.state == tables.DONE, ~owed), batch.c.channel.not_in(channels))
        old = select(batch.c.id).where(batch.c.id < before << 21, idle).limit(_SLICE)
        with self._database.read() as connection:
            ids = connection.execute(old).scalars().all()

        def work(connection: Connection) -> None:
            move_gone(connection, ids)
            connection.execute(delete(segment).where(segment.c.batch_id.in_(ids)))
            connection.execute(delete(moved).where(moved.c.to_batch.in_(ids)))
            for table in (tables.attempt, tables.report, tables.charge, moved):
                connection.execute(delete(table).where(table.c.batch_id.in_(ids)))
            connection.execute(delete(message).where(message.c.batch_id.in_(ids)))
            connection.execute(delete(batch).where(batch.c.id.in_(ids)))

        if ids:
            self._database.write(work)
        return len(ids)

    def _purge_rows(self, table: Table, before: int) -> None:
        statement = delete(table).where(table.c.created < before)
        self._database.write(lambda connection: connection.execute(statement))

    def _purge_sends(self, before: int, channels: Collection[str]) -> None:
        send, batch, file, tally = tables.send, tables.batch, tables.file, tables.tally
        has_batches = select(batch.c.id).where(batch.c.send_id == send.c.id).exists()
        over = or_(file.c.state == tables.DONE, file.c.channel.not_in(channels))
        being_read = select(file.c.send_id).where(file.c.send_id == send.c.id, ~over).exists()
        gone = delete(send).where(send.c.created < before, ~has_batches, ~being_read)
        files = delete(file).where(file.c.created < before, over)
        counted = delete(tally).where(
            tally.c.send_id < before << 21, tally.c.send_id.not_in(select(send.c.id))
        )
        charged = tables.charged
        charges = delete(charged).where(
            charged.c.send_id < before << 21, charged.c.send_id.not_in(select(send.c.id))
        )
        campaign = tables.campaign
        has_sends = select(send.c.id).where(send.c.campaign_id == campaign.c.id).exists()
        over_now = delete(campaign).where(campaign.c.created < before, ~has_sends)
        self._database.write(
            lambda connection: [
                connection.execute(statement) for statement in (gone, files, counted, charges, over_now)
            ]
        )
