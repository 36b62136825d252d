"""What is known of a chunk's batch, remembered: it never changes once it is stored."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, select

from ..plugin import TemplateType
from . import models
from .refs import to_ref

log = structlog.get_logger("bridge.ledger")

_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """The batch of a chunk. `template` is the snapshot taken when it was accepted, as a JSON object."""

    batch_id: int
    channel: str
    out_id: str
    sign_name: str
    template: dict[str, Any]
    created: int

    @property
    def type(self) -> TemplateType:
        """The template's type, which decides how numbers are read."""
        return TemplateType(self.template["type"])


class BatchInfos:
    """A bounded memory of batches by chunk id; shared by the threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_chunk: dict[int, BatchInfo] = {}
        self._by_batch: dict[int, BatchInfo] = {}

    def remembered(self, batch_id: int) -> BatchInfo | None:
        """A batch if any of its chunks was asked for before."""
        with self._lock:
            return self._by_batch.get(batch_id)

    def of_chunks(self, connection: Connection, chunk_ids: Iterable[int]) -> dict[int, BatchInfo]:
        """The batches of those chunks that exist."""
        wanted = set(chunk_ids)
        with self._lock:
            known = {chunk_id: self._by_chunk[chunk_id] for chunk_id in wanted if chunk_id in self._by_chunk}
        unknown = wanted - known.keys()
        if unknown:
            known.update(self._load(connection, unknown))
        return known

    def of_batch(self, connection: Connection, batch_id: int) -> BatchInfo:
        """An existing batch."""
        return _info(connection.execute(select(models.batch).where(models.batch.c.id == batch_id)).one())

    def _load(self, connection: Connection, chunk_ids: set[int]) -> dict[int, BatchInfo]:
        chunk, batch = models.chunk, models.batch
        owners = connection.execute(select(chunk.c.id, chunk.c.batch_id).where(chunk.c.id.in_(chunk_ids)))
        pairs = {row.id: row.batch_id for row in owners}
        with self._lock:
            known = {one: self._by_batch[one] for one in set(pairs.values()) if one in self._by_batch}
        unseen = set(pairs.values()) - known.keys()
        if unseen:
            rows = connection.execute(select(batch).where(batch.c.id.in_(unseen)))
            known.update(info for row in rows if (info := _readable(row)) is not None)
        found = {chunk_id: known[batch_id] for chunk_id, batch_id in pairs.items() if batch_id in known}
        # What was found is returned from here, not from the memory: another thread may empty that meanwhile.
        with self._lock:
            _remember(self._by_batch, known)
            _remember(self._by_chunk, found)
        return found


def _remember(memory: dict[int, BatchInfo], found: dict[int, BatchInfo]) -> None:
    if len(memory) > _REMEMBERED:
        memory.clear()
    memory.update(found)


def _readable(row: Any) -> tuple[int, BatchInfo] | None:
    """A batch by its id, or None when its template cannot be read: it must not stop the others asked for."""
    try:
        info = _info(row)
        TemplateType(info.template["type"])
    except (ValueError, TypeError, KeyError):
        log.exception("batch not readable", batch=to_ref(row.id))
        return None
    return row.id, info


def _info(row: Any) -> BatchInfo:
    return BatchInfo(row.id, row.channel, row.out_id, row.sign_name, json.loads(row.template), row.created)
