"""Reports that came too late to be believed: kept beside the message and told in the log, never applied."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, select, tuple_

from ...plugin import MessageStatus
from ...plugin.status import FIRST_FINAL
from .. import moved
from ..database import tables
from ..database.bulk import Climb, find_messages
from ..database.dialects import made_once, upsert
from ..database.engine import Database
from ..refs import Place, message_ref
from ..scope import Scope

log = structlog.get_logger("bridge.ledger")

_SHOWN = 10
_report = tables.report


@dataclass(frozen=True, slots=True)
class LateReport:
    """A report of another end than the message has, `times` times; `came` is when it came first.

    `earlier`: on a call before the message was sent again, whatever end it says.
    """

    status: MessageStatus
    at: int
    came: int
    times: int
    code: str
    reason: str
    earlier: bool = False


class LateReports:
    """Reads of late reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, places: Iterable[Place]) -> dict[Place, list[LateReport]]:
        """Return the late reports of messages, in the order in which they came."""
        found: dict[Place, list[LateReport]] = {place: [] for place in places}
        with self._database.read() as connection:
            stood = moved.before(connection, found.keys())
            wanted = sorted({*found, *stood})
            rows = select(_report).where(tuple_(_report.c.batch_id, _report.c.seq).in_(wanted))
            for row in connection.execute(rows.order_by(_report.c.came)):
                place = Place(row.batch_id, row.seq)
                values = (row.at, row.came, row.times, row.code, row.reason, place in stood)
                found[stood.get(place, place)].append(LateReport(MessageStatus(row.status), *values))
        return found


def keep(connection: Connection, scope: Scope, climbs: Sequence[Climb], climbed: Iterable[Any]) -> None:
    """Keep and log the reports that say another end than the message has; `climbed` are rows they changed.

    There is one row for each end that a message does not have: however much a vendor reports, it is bounded.
    """
    ends = [one for one in climbs if one.status >= FIRST_FINAL]
    if not ends:
        return
    kept = {Place(row.batch_id, row.seq): row.status for row in climbed}
    others = {Place(one.batch_id, one.seq) for one in ends} - kept.keys()
    kept |= {Place(row.batch_id, row.seq): row.status for row in find_messages(connection, others)}
    late = [one for one in ends if kept.get(Place(one.batch_id, one.seq), one.status) != one.status]
    if late:
        connection.execute(_new(connection), [_row(one, scope.now) for one in late])
        log.warning(
            "late reports contradict what was told",
            channel=scope.channel,
            reports=len(late),
            messages=[_sentence(one, kept) for one in late[:_SHOWN]],
        )


def keep_beside(connection: Connection, scope: Scope, reports: Sequence[Climb]) -> Sequence[Climb]:
    """Keep reports on earlier calls, at the places where their messages stood then.

    Returns those that say what no report on that call has said before.
    """
    if not reports:
        return reports
    wanted = sorted({(one.batch_id, one.seq, one.status) for one in reports})
    columns = (_report.c.batch_id, _report.c.seq, _report.c.status)
    known = {tuple(row) for row in connection.execute(select(*columns).where(tuple_(*columns).in_(wanted)))}
    connection.execute(_new(connection), [_row(one, scope.now) for one in reports])
    return [one for one in reports if (one.batch_id, one.seq, one.status) not in known]


def tell(scope: Scope, places: Sequence[Place], *, called_again: bool) -> None:
    """Tell that an account took messages which it had said it did not take.

    `called_again`: another call was made since, so that people may have them twice, and both calls may cost.
    """
    if places:
        log.warning(
            "taken, though the vendor had said it was not",
            channel=scope.channel,
            account=scope.source.account if scope.source else "",
            count=len(places),
            called_again=called_again,
            messages=[message_ref(*place) for place in places[:_SHOWN]],
        )


@made_once
def _new(connection: Connection) -> Any:
    insert = upsert(connection, _report)
    key = ["batch_id", "seq", "status"]
    return insert.on_conflict_do_update(index_elements=key, set_={"times": _report.c.times + 1})


def _row(late: Climb, now: int) -> dict[str, object]:
    key = {"batch_id": late.batch_id, "seq": late.seq, "status": late.status}
    return {**key, "at": late.at, "came": now, "times": 1, "code": late.code, "reason": late.reason}


def _sentence(late: Climb, kept: Mapping[Place, int]) -> str:
    stays = MessageStatus(kept[Place(late.batch_id, late.seq)]).name.lower()
    told = MessageStatus(late.status).name.lower()
    return f"{message_ref(late.batch_id, late.seq)} stays {stays}, reported {told}"
