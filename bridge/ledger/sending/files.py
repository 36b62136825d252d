"""Sends by file: how far each file has been read, written together with the batches made from it.

A worker that dies in the middle of a file is followed by another that reads on from the last stored position.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from ..blobs import Recipients, encode
from ..database import tables
from ..database.bulk import clean_words
from ..database.dialects import skip_locked
from ..database.engine import Database, wake
from ..scope import Holder, Scope
from .sends import Waits, insert_batches

_file = tables.file


@dataclass(frozen=True, slots=True)
class FileJob:
    """A file claimed for reading. `position` is in bytes; `taken` counts recipients made from its lines."""

    send_id: int
    channel: str
    url: str
    recipients_limit: int
    etag: str
    position: int
    lines: int
    taken: int
    attempt: int
    owner: str
    created: int

    def __repr__(self) -> str:
        return f"FileJob({self.send_id}, position={self.position})"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has been read. `read_as`: the encoding of lines of which it was a guess, if any."""

    etag: str
    position: int
    lines: int
    taken: int
    finished: bool = False
    read_as: str = ""


_JOB = [_file.c[name] for name in FileJob.__dataclass_fields__]


class Files:
    """Claims, progress and ends of files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, channel: str, holder: Holder, *, now: int) -> FileJob | None:
        """Claim one file of the channel that is due and read by nobody. Returns None when there is none."""
        due = (
            select(_file.c.send_id)
            .where(
                _file.c.channel == channel,
                _file.c.state == tables.READY,
                _file.c.due <= now,
                or_(_file.c.lease.is_(None), _file.c.lease < now),
            )
            .order_by(_file.c.due)
            .limit(1)
        )

        with self._database.read() as connection:  # idle workers do not write
            if connection.execute(due).first() is None:
                return None

        def work(connection: Connection) -> FileJob | None:
            send_id = connection.execute(skip_locked(connection, due)).scalar()
            if send_id is None:
                return None
            row = connection.execute(
                update(_file)
                .where(_file.c.send_id == send_id)
                .values(owner=holder.owner, lease=now + holder.lease_ms, attempt=_file.c.attempt + 1)
                .returning(*_JOB)
            ).one()
            return FileJob(**row._mapping)

        return self._database.write(work)

    def advance(
        self,
        job: FileJob,
        progress: Progress,
        batches: Sequence[Recipients],
        *,
        now: int,
        lease_ms: int,
        deadline: int,
    ) -> bool:
        """Store batches and the position behind them in one transaction. Returns False for a lost job."""
        blobs = [(len(batch.phones), encode(batch)) for batch in batches]

        def work(connection: Connection) -> bool:
            if not _moved_on(connection, job, progress, now + lease_ms):
                return False
            scope = Scope(job.channel, now)
            insert_batches(connection, scope, job.send_id, blobs, Waits(now, deadline))
            counted = sum(count for count, _ in blobs)
            connection.execute(
                update(tables.send)
                .where(tables.send.c.id == job.send_id)
                .values(count=tables.send.c.count + counted)
            )
            wake(connection)
            return True

        return self._database.write(work)

    def again(self, job: FileJob, *, due: int, error: str, progressed: bool = False) -> None:
        """Try the file later, from the position reached; after progress its attempts count anew."""
        attempt = 0 if progressed else job.attempt
        self._end(job, due=due, error=clean_words(error), owner=None, lease=None, attempt=attempt)

    def fail(self, job: FileJob, error: str) -> None:
        """Give the file up; `error` is shown to the operator."""
        self._end(job, state=tables.DONE, error=clean_words(error), owner=None, lease=None)

    def _end(self, job: FileJob, **values: object) -> None:
        statement = (
            update(_file)
            .where(_file.c.send_id == job.send_id, _file.c.owner == job.owner, _file.c.attempt == job.attempt)
            .values(**values)
        )
        self._database.write(lambda connection: connection.execute(statement))


def _moved_on(connection: Connection, job: FileJob, progress: Progress, lease: int) -> bool:
    """Store how far a file was read. Returns False when another worker has taken it over."""
    moved = connection.execute(
        update(_file)
        .where(
            _file.c.send_id == job.send_id,
            _file.c.owner == job.owner,
            _file.c.attempt == job.attempt,
        )
        .values(
            etag=progress.etag,
            position=progress.position,
            lines=progress.lines,
            taken=progress.taken,
            state=tables.DONE if progress.finished else tables.READY,
            lease=lease,
            **({"read_as": progress.read_as} if progress.read_as else {}),
            **({"error": ""} if progress.finished else {}),
        )
    )
    return bool(moved.rowcount)
