"""What waits for a person: the queue holds numbers in batches, which are looked through.

A batch is read as it lies, and only one that may hold the number is decoded, so that a million recipients are
looked through in a second; who may not wait as long says how many.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ...plugin import Phone, TemplateType
from ..blobs import decode
from ..database import tables
from ..database.engine import Database
from ..scope import Excerpt
from ..sending.joining import CampaignState
from .writings import is_number_of

_PAGE = 100
_TAIL = 8
_BETWEEN = bytes(one for one in range(128) if chr(one) not in '0123456789",')
_VALUES = b'],"params"'

_batch, _send, _campaign = tables.batch, tables.send, tables.campaign


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that has no status yet; times in milliseconds.

    `calling`: just being called. `hold`, `words`: why its batch is put off until `due`, "" for its turn.
    `account`: the one that is to call it, "" for none yet. `deadline`: when it ends unsent.
    """

    batch_id: int
    seq: int
    phone: str = field(repr=False)
    calling: bool
    account: str
    hold: str
    words: str
    due: int
    deadline: int
    accepted: int
    out_id: str
    template: str
    campaign: int
    campaign_name: str
    campaign_state: CampaignState
    campaign_reason: str


@dataclass(slots=True)
class Search:
    """What was found of a person. `looked`: so many recipients were looked through; `left`: others wait."""

    found: list[Waiting] = field(default_factory=list)
    looked: int = 0
    left: int = 0


class WaitingMessages:
    """Looks for persons in the queue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, channel: str, phone: Phone, rows: Excerpt, *, most: int) -> Search:
        """Return the messages to a number that wait, the next ones first.

        `rows`: of the sends that were accepted in its span. `most`: recipients that are looked through.
        """
        search = Search()
        with self._database.read() as connection:
            batches = connection.execute(_queue(channel, rows)).all()
            for start in range(0, len(batches), _PAGE):
                if search.looked >= most or len(search.found) >= rows.limit:
                    search.left = sum(one.size for one in batches[start:])
                    break
                search.looked += sum(one.size for one in batches[start : start + _PAGE])
                ids = [one.id for one in batches[start : start + _PAGE]]
                search.found += _among(connection, ids, phone)
        del search.found[rows.limit :]
        return search


def _queue(channel: str, rows: Excerpt) -> Any:
    return (
        select(_batch.c.id, _batch.c.count.label("size"))
        .join_from(_batch, _send, _send.c.id == _batch.c.send_id)
        .where(
            _batch.c.channel == channel,
            tables.UNFINISHED,
            _batch.c.state.in_([tables.READY, tables.CALLING]),
            _send.c.created >= rows.since,
            _send.c.created < rows.until,
        )
        .order_by(_batch.c.state.desc(), _batch.c.due, _batch.c.id)
    )


def _among(connection: Connection, ids: Sequence[int], phone: Phone) -> Iterator[Waiting]:
    """Yield what batches have for a person, in the order of their ids."""
    tail = phone.digits[-_TAIL:].encode()
    lying = select(_batch.c.id, _batch.c.recipients).where(_batch.c.id.in_(ids))
    maybe = {row.id: row.recipients for row in connection.execute(lying) if _may_hold(row.recipients, tail)}
    if not maybe:
        return
    known = {row.id: row for row in connection.execute(_whole(list(maybe)))}
    for batch_id in ids:
        if batch_id in known:
            yield from _of_batch(known[batch_id], maybe[batch_id], phone)


def _whole(ids: Sequence[int]) -> Any:
    columns = [_batch.c[name] for name in ("id", "state", "account", "hold", "hold_words", "due", "deadline")]
    columns += [_send.c[name] for name in ("created", "out_id", "template_code", "template")]
    joined = (
        _campaign.c.id.label("campaign"),
        _campaign.c.name,
        _campaign.c.state.label("controlled"),
        _campaign.c.reason,
    )
    return (
        select(*columns, *joined)
        .join_from(_batch, _send, _send.c.id == _batch.c.send_id)
        .join(_campaign, _campaign.c.id == _send.c.campaign_id, isouter=True)
        .where(_batch.c.id.in_(ids))
    )


def _of_batch(row: Any, blob: bytes, phone: Phone) -> Iterator[Waiting]:
    try:
        phones = decode(blob).phones
    except (ValueError, TypeError, KeyError, AttributeError):
        return  # held back before its call, and says so there
    kind = TemplateType(json.loads(row.template)["type"])
    for seq, raw in enumerate(phones):
        if is_number_of(raw, phone, kind):
            yield Waiting(
                row.id,
                seq,
                raw,
                row.state == tables.CALLING,
                row.account,
                row.hold,
                row.hold_words,
                row.due,
                row.deadline,
                row.created,
                row.out_id,
                row.template_code,
                row.campaign or 0,
                row.name or "",
                CampaignState(row.controlled or 0),
                row.reason or "",
            )


def _may_hold(blob: bytes | None, tail: bytes) -> bool:
    """Return False for a batch that cannot hold a number with these last digits, however it is written."""
    numbers = (blob or b"").partition(_VALUES)[0]
    return b"\\" in numbers or not numbers.isascii() or tail in numbers.translate(None, _BETWEEN)
