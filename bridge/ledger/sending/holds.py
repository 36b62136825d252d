"""Why what waits is not sent yet: the reason kept with each batch, and what the queue says as a whole."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, func, or_, select

from bridge.clock import FOREVER_MS

from ..database import tables
from ..database.dialects import lit
from ..database.engine import Database
from .joining import FREE, STOPPED, any_stopped

_batch, _file, _message = tables.batch, tables.file, tables.message
_campaign, _send = tables.campaign, tables.send


class Hold(StrEnum):
    """Why messages wait. Batches keep those down to CAMPAIGN, the others are an account's or a channel's."""

    POLICY = "policy"  # a policy lets them wait, such as quiet hours
    VENDOR_HOURS = "vendor_hours"  # the vendor sends nothing before a moment
    THROTTLED = "throttled"  # the vendor asked to slow down
    REVIEW = "review"  # the template, signature or route must be mended or approved at the vendor
    RETRY = "retry"  # the vendor took nothing, for another reason
    CAMPAIGN = "campaign"  # its campaign is paused
    PAUSE = "pause"  # the vendor refused the account, or a person paused the channel
    BREAKER = "breaker"  # the account's calls fail: it rests
    RATE = "rate"  # the rate is used up
    FILE = "file"  # the file of recipients is not read to its end
    NOBODY = "nobody"  # of unknown outcome, and no account can be asked what became of it


class Why(NamedTuple):
    """Why a batch waits, and in whose words; `hold` is "" for one that only waits for its turn."""

    hold: str = ""
    words: str = ""


NO_HOLD = Why()


@dataclass(frozen=True, slots=True)
class Held:
    """Recipients that wait for one reason. `until`: when the first of them are tried again.

    `account`: the one of several that they wait at, "" for none yet. `campaign`: the id and name of one that
    does not run; of several that which has most of them.
    """

    channel: str
    hold: Hold
    messages: int
    until: int
    words: str
    account: str = ""
    campaign: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file of recipients that is not read to its end, and why if it failed."""

    send_id: int
    lines: int
    taken: int
    attempt: int
    due: int
    error: str
    created: int


class Holds:
    """Questions about what waits; held batches have an index of their own, which others do not touch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, now: int) -> list[Held]:
        """Return what is due later, by channel, account and reason, with the words of the most messages.

        What is due and still held waits until a person has acted: no account may take it. What belongs to a
        campaign that does not run waits for that alone, from the moment on at which it was stopped.
        """
        with self._database.read() as connection:
            stopped = any_stopped(connection)
            rows = _held(now).where(FREE) if stopped else _held(now)
            found = [
                Held(row.channel, Hold(row.hold), int(row.messages), row.until, row.hold_words, row.account)
                for row in connection.execute(rows)
            ]
            found += _of_campaigns(connection) if stopped else []
        return _folded(found)

    def unknown(self) -> dict[str, int]:
        """Return how many messages have an unknown outcome, by channel."""
        rows = (
            select(_batch.c.channel, func.count().label("messages"))
            .join_from(_message, _batch, _batch.c.id == _message.c.batch_id)
            .where(tables.IN_QUESTION)
            .group_by(_batch.c.channel)
        )
        with self._database.read() as connection:
            return {row.channel: int(row.messages) for row in connection.execute(rows)}

    def files(self, channel: str) -> list[WaitingFile]:
        """Return the files that are not read to their end, the oldest first."""
        columns = [_file.c[name] for name in WaitingFile.__dataclass_fields__]
        rows = (
            select(*columns)
            .where(_file.c.channel == channel, _file.c.state == lit(tables.READY))
            .order_by(_file.c.created)
        )
        with self._database.read() as connection:
            return [WaitingFile(**row._mapping) for row in connection.execute(rows)]


def _held(now: int) -> Select[Any]:
    """Return the query for what keeps a reason with it."""
    until = case((_batch.c.due > now, _batch.c.due), else_=FOREVER_MS)
    by_person = _batch.c.hold == Hold.REVIEW
    return (
        select(
            _batch.c.channel,
            _batch.c.account,
            _batch.c.hold,
            _batch.c.hold_words,
            func.sum(_batch.c.count).label("messages"),
            func.min(until).label("until"),
        )
        .where(tables.HELD, or_(_batch.c.due > now, by_person))
        .group_by(_batch.c.channel, _batch.c.account, _batch.c.hold, _batch.c.hold_words)
    )


def _of_campaigns(connection: Connection) -> list[Held]:
    """Return what waits of campaigns that are paused or cancelled, whatever it waited for before."""
    columns = (_batch.c.channel, _batch.c.account, _campaign.c.id, _campaign.c.name, _campaign.c.reason)
    rows = (
        select(*columns, func.sum(_batch.c.count).label("messages"))
        .join_from(_campaign, _send, _send.c.campaign_id == _campaign.c.id)
        .join(_batch, _batch.c.send_id == _send.c.id)
        .where(*STOPPED, _batch.c.state == lit(tables.READY))
        .group_by(*columns)
    )
    return [
        Held(
            row.channel,
            Hold.CAMPAIGN,
            int(row.messages),
            FOREVER_MS,
            row.reason,
            row.account,
            (row.id, row.name),
        )
        for row in connection.execute(rows)
    ]


def campaign_words(name: str, reason: str) -> str:
    """Return in whose words a batch waits whose campaign does not run."""
    return f"{name}: {reason}"


def _folded(found: Iterable[Held]) -> list[Held]:
    """Return one entry for each channel, account and reason, whatever a vendor's words add to it."""
    by_reason: dict[tuple[str, str, Hold], list[Held]] = {}
    for one in found:
        by_reason.setdefault((one.channel, one.account, one.hold), []).append(one)
    most = {key: max(group, key=lambda one: (one.messages, one.words)) for key, group in by_reason.items()}
    return [
        replace(
            most[key],
            messages=sum(one.messages for one in group),
            until=min(one.until for one in group),
        )
        for key, group in sorted(by_reason.items())
    ]
