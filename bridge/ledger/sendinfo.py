"""What is known of a batch's send, remembered: it never changes once it is stored."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, select

from ..plugin import TemplateType
from .database import tables
from .database.packing import unpack
from .refs import to_ref

log = structlog.get_logger("bridge.ledger")

TRACE = "traceparent"
"""The key in a send's task under which its span is noted."""

_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class SendInfo:
    """The send of a batch. `template` is the snapshot taken when it was accepted, as a JSON object."""

    send_id: int
    channel: str
    out_id: str
    sign_name: str
    template: dict[str, Any]
    created: int
    trace: str = ""
    """The request's span, as W3C's traceparent has it; "" without tracing."""

    @property
    def type(self) -> TemplateType:
        """The template's type, which decides how numbers are read."""
        return TemplateType(self.template["type"])


class SendInfos:
    """A bounded memory of sends by batch id; shared by the threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_batch: dict[int, SendInfo] = {}
        self._by_send: dict[int, SendInfo] = {}

    def remembered(self, send_id: int) -> SendInfo | None:
        """Return a send if any of its batches was asked for before."""
        with self._lock:
            return self._by_send.get(send_id)

    def of_batches(self, connection: Connection, batch_ids: Iterable[int]) -> dict[int, SendInfo]:
        """Return the sends of those batches that exist."""
        wanted = set(batch_ids)
        with self._lock:
            known = {batch_id: self._by_batch[batch_id] for batch_id in wanted if batch_id in self._by_batch}
        unknown = wanted - known.keys()
        if unknown:
            known.update(self._load(connection, unknown))
        return known

    def of_calls(self, connection: Connection, sends: Mapping[int, int]) -> dict[int, SendInfo]:
        """Return the sends of batches whose sends' ids are known already."""
        with self._lock:
            known = {batch_id: self._by_batch[batch_id] for batch_id in sends if batch_id in self._by_batch}
        unknown = {batch_id: sends[batch_id] for batch_id in sends.keys() - known.keys()}
        return known | self._of_pairs(connection, unknown) if unknown else known

    def of_send(self, connection: Connection, send_id: int) -> SendInfo:
        """Return an existing send."""
        return _info(connection.execute(select(tables.send).where(tables.send.c.id == send_id)).one())

    def _load(self, connection: Connection, batch_ids: set[int]) -> dict[int, SendInfo]:
        batch = tables.batch
        owners = connection.execute(select(batch.c.id, batch.c.send_id).where(batch.c.id.in_(batch_ids)))
        return self._of_pairs(connection, {row.id: row.send_id for row in owners})

    def _of_pairs(self, connection: Connection, pairs: Mapping[int, int]) -> dict[int, SendInfo]:
        """Return the sends by batch id, given the id of each batch's send."""
        send = tables.send
        with self._lock:
            known = {one: self._by_send[one] for one in set(pairs.values()) if one in self._by_send}
        unseen = set(pairs.values()) - known.keys()
        if unseen:
            rows = connection.execute(select(send).where(send.c.id.in_(unseen)))
            known.update(info for row in rows if (info := _readable(row)) is not None)
        found = {batch_id: known[send_id] for batch_id, send_id in pairs.items() if send_id in known}
        # What was found is returned from here, not from the memory: another thread may empty that meanwhile.
        with self._lock:
            _remember(self._by_send, known)
            _remember(self._by_batch, found)
        return found


def _remember(memory: dict[int, SendInfo], found: dict[int, SendInfo]) -> None:
    if len(memory) > _REMEMBERED:
        memory.clear()
    memory.update(found)


def _readable(row: Any) -> tuple[int, SendInfo] | None:
    """Return a send by its id, None when its template cannot be read: it must not stop the others."""
    try:
        info = _info(row)
        TemplateType(info.template["type"])
    except (ValueError, TypeError, KeyError):
        log.exception("send not readable", send=to_ref(row.id))
        return None
    return row.id, info


def _info(row: Any) -> SendInfo:
    template, trace = unpack(row.template), _trace(row.task)
    return SendInfo(row.id, row.channel, row.out_id, row.sign_name, template, row.created, trace)


def _trace(task: str) -> str:
    """Return the span that is noted with a send; a task that cannot be read has none."""
    if TRACE not in task:
        return ""
    try:
        return str(unpack(task)[TRACE])
    except (ValueError, TypeError, KeyError):
        return ""
