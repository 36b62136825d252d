"""What is known of campaigns: their sends and their tallies. No question here reads the message table,
but the one for a vendor's words, and that is bounded.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select

from bridge.plugin.status import FIRST_FINAL

from ..database import tables
from ..database.dialects import lit
from ..database.engine import Database
from ..database.turns import turned
from ..refs import from_ref
from ..scope import FIRST_ROWS, Excerpt
from ..sending.joining import CampaignKind, CampaignState

_campaign, _send, _tally = tables.campaign, tables.send, tables.tally
_SENDS_WITH_CODE = 100
"""In so many sends with a code its words are looked for, where a vendor says nothing with it."""
Key = TypeVar("Key", int, str)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with its sends counted; times in milliseconds. `reason`: why it is paused or cancelled."""

    id: int
    channel: str
    kind: CampaignKind
    name: str
    state: CampaignState
    reason: str
    changed: int
    first: int
    last: int
    sends: int
    recipients: int


class KindCount(NamedTuple):
    """So many messages of one kind; `ms` sums their times to delivery, `rate` numbers their price."""

    status: int
    code: str
    account: str
    segments: int
    bucket: int
    number: int
    ms: int
    rate: int = 0


@dataclass(frozen=True, slots=True)
class LastSend:
    """The latest send of a campaign, which tells how all look."""

    sign_name: str
    template_code: str
    template: Mapping[str, Any]
    task: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SentTemplate:
    """A template with a signature in the sends of a campaign; `template` as the latest of them has it."""

    template_code: str
    sign_name: str
    template: Mapping[str, Any]
    sends: int
    recipients: int


@dataclass(frozen=True, slots=True)
class ReadFile:
    """How far a file is read; `read_as` names the encoding that some of its lines were guessed to be in."""

    done: bool
    recipients: int
    error: str
    read_as: str


@dataclass(frozen=True, slots=True)
class Search:
    """Which are wanted. `text`: in the name, an outId or a template's code.

    The span is of what was sent: the first send came before its end, and the last one not before it began.

    `over`: those of which every recipient has come to an end, or the others; None for both.
    """

    channels: Collection[str]
    text: str = ""
    state: CampaignState | None = None
    over: bool | None = None
    rows: Excerpt = FIRST_ROWS


class Campaigns:
    """Reads of campaigns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, wanted: Search) -> list[Campaign]:
        """Return campaigns, the latest first."""
        rows = select(_campaign.c.id).where(
            _campaign.c.channel.in_(wanted.channels),
            _campaign.c.created < wanted.rows.until,
        )
        rows = turned(rows, [_campaign.c.id], wanted.rows, latest=True)
        if wanted.rows.since:
            rows = rows.where(_last() >= wanted.rows.since)
        if wanted.state is not None:
            rows = rows.where(_campaign.c.state == int(wanted.state))
        if wanted.over is not None:
            rows = rows.where(_is_over() if wanted.over else ~_is_over())
        if wanted.text:
            rows = rows.where(_mentions(wanted.text))
        return self._read(_campaign.c.id.in_(rows.scalar_subquery()))

    def named(self, channels: Collection[str], text: str) -> list[Campaign]:
        """Return the campaigns of this name, or of this reference."""
        number = from_ref(text)
        mine = or_(_campaign.c.name == text, _campaign.c.id == (-1 if number is None else number))
        return self._read(and_(_campaign.c.channel.in_(channels), mine))

    def parts(self, campaign_ids: Sequence[int]) -> dict[int, list[KindCount]]:
        """Return the messages of campaigns by kind, those that wait in no part."""
        return self._parts(_send.c.campaign_id, _send.c.campaign_id.in_(campaign_ids))

    def parts_by_channel(
        self, channels: Collection[str], since: int, until: int
    ) -> dict[str, list[KindCount]]:
        """Return the messages of the sends that came in a span (milliseconds) by kind, for each channel."""
        return self._parts(_send.c.channel, *_in_span(channels, since, until))

    def _parts(self, by: ColumnElement[Key], *of: ColumnElement[bool]) -> dict[Key, list[KindCount]]:
        kind = [_tally.c[name] for name in ("status", "code", "account", "segments", "bucket", "rate")]
        number = func.sum(_tally.c.count).label("number")
        rows = (
            select(by.label("owner"), *kind, number, func.sum(_tally.c.ms).label("ms"))
            .join_from(_send, _tally, _tally.c.send_id == _send.c.id)
            .where(*of)
            .group_by(by, *kind)
            .having(number != 0)
        )
        found: dict[Key, list[KindCount]] = defaultdict(list)
        with self._database.read() as connection:
            for row in connection.execute(rows):
                fields = (row.status, row.code, row.account, row.segments, row.bucket)
                part = KindCount(*fields, int(row.number), int(row.ms), row.rate)
                found[row.owner].append(part)
        return found

    def sends_by_channel(
        self, channels: Collection[str], since: int, until: int
    ) -> dict[str, tuple[int, int]]:
        """Return how many sends came in a span, and how many recipients they had, for each channel."""
        recipients = func.coalesce(func.sum(_send.c.count), 0)
        rows = (
            select(_send.c.channel, func.count().label("sends"), recipients.label("recipients"))
            .where(*_in_span(channels, since, until))
            .group_by(_send.c.channel)
        )
        with self._database.read() as connection:
            return {row.channel: (int(row.sends), int(row.recipients)) for row in connection.execute(rows)}

    def of_sends(self, send_ids: Collection[int]) -> dict[int, tuple[int, str]]:
        """Return the campaign of each send: its id and name."""
        rows = (
            select(_send.c.id, _campaign.c.id.label("campaign"), _campaign.c.name)
            .join_from(_send, _campaign, _campaign.c.id == _send.c.campaign_id)
            .where(_send.c.id.in_(send_ids))
        )
        with self._database.read() as connection:
            return {row.id: (row.campaign, row.name) for row in connection.execute(rows)}

    def last_send(self, campaign_id: int) -> LastSend | None:
        """Return the latest send of a campaign."""
        rows = select(_send).where(_send.c.campaign_id == campaign_id).order_by(_send.c.id.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(rows).one_or_none()
        if row is None:
            return None
        return LastSend(row.sign_name, row.template_code, json.loads(row.template), json.loads(row.task))

    def templates(self, campaign_id: int, most: int) -> tuple[list[SentTemplate], int]:
        """Return what a campaign sent, that with the most recipients first, and how many are left out."""
        of = (_send.c.template_code, _send.c.sign_name)
        recipients = func.sum(_send.c.count).label("recipients")
        groups = (
            select(*of, func.max(_send.c.id).label("latest"), func.count().label("sends"), recipients)
            .where(_send.c.campaign_id == campaign_id)
            .group_by(*of)
            .order_by(recipients.desc(), *of)
        )
        with self._database.read() as connection:
            found = connection.execute(groups).all()
            latest = [row.latest for row in found[:most]]
            rows = connection.execute(select(_send.c.id, _send.c.template).where(_send.c.id.in_(latest)))
            texts = {row.id: json.loads(row.template) for row in rows}
        shown = [
            SentTemplate(
                row.template_code, row.sign_name, texts[row.latest], int(row.sends), int(row.recipients)
            )
            for row in found[:most]
        ]
        return shown, len(found) - len(shown)

    def files(self, campaign_id: int) -> list[ReadFile]:
        """Return how far each file of a campaign is read."""
        file = tables.file
        rows = select(file.c.state, file.c.taken, file.c.error, file.c.read_as).join_from(
            file, _send, _send.c.id == file.c.send_id
        )
        with self._database.read() as connection:
            found = connection.execute(rows.where(_send.c.campaign_id == campaign_id)).all()
        return [ReadFile(row.state == tables.DONE, row.taken, row.error, row.read_as) for row in found]

    def being_read(self, campaign_ids: Collection[int]) -> set[int]:
        """Return those of the campaigns of which a file is not read to its end."""
        rows = _unread(_send.c.campaign_id, _send.c.campaign_id.in_(campaign_ids)).distinct()
        with self._database.read() as connection:
            return {int(one) for (one,) in connection.execute(rows)}

    def words(self, campaign_id: int, status: int, code: str) -> str:
        """Return what the vendor said with a code of what failed, "" if it said nothing.

        The totals of its sends tell which of them have the code.
        """
        mine = (
            select(_tally.c.send_id)
            .join_from(_send, _tally, _tally.c.send_id == _send.c.id)
            .where(_send.c.campaign_id == campaign_id, _tally.c.status == status, _tally.c.code == code)
            .group_by(_tally.c.send_id)
            .having(func.sum(_tally.c.count) != 0)
            .order_by(_tally.c.send_id)
            .limit(_SENDS_WITH_CODE)
        )
        with self._database.read() as connection:
            for send_id in connection.execute(mine).scalars().all():
                if words := _words(connection, send_id, status, code):
                    return words
        return ""

    def _read(self, condition: Any) -> list[Campaign]:
        rows = _counted().where(condition)
        with self._database.read() as connection:
            return [
                Campaign(
                    row.id,
                    row.channel,
                    CampaignKind(row.kind),
                    row.name,
                    CampaignState(row.state),
                    row.reason,
                    row.changed,
                    row.created,
                    row.last or row.created,
                    row.sends,
                    int(row.recipients),
                )
                for row in connection.execute(rows)
            ]


def _words(connection: Connection, send_id: int, status: int, code: str) -> str:
    """Return the first words that came with a code in a send: along the index of what failed.

    The batches of a send lie side by side, so that what others have between them is little.
    """
    message, batch = tables.message, tables.batch
    ends = select(func.min(batch.c.id), func.max(batch.c.id)).where(batch.c.send_id == send_id)
    first, last = connection.execute(ends).one()
    if first is None:
        return ""
    own = select(batch.c.id).where(batch.c.id == message.c.batch_id, batch.c.send_id == send_id)
    rows = select(message.c.reason).where(
        message.c.batch_id.between(first, last),
        tables.FAILED,
        message.c.status == status,
        message.c.code == code,
        message.c.reason != "",
        own.exists(),
    )
    return str(connection.execute(rows.limit(1)).scalar() or "")


def _in_span(channels: Collection[str], since: int, until: int) -> list[ColumnElement[bool]]:
    return [_send.c.channel.in_(channels), _send.c.created >= since, _send.c.created < until]


def _unread(what: ColumnElement[int], of: ColumnElement[bool]) -> Select[Any]:
    """Select from the sends of campaigns whose file is not read to its end."""
    file = tables.file
    return (
        select(what)
        .join_from(_send, file, file.c.send_id == _send.c.id)
        .where(of, file.c.state != lit(tables.DONE))
    )


def _last() -> ColumnElement[int]:
    """Return when the last send of a campaign came: one look along the index of its sends."""
    mine = select(_send.c.created).where(_send.c.campaign_id == _campaign.c.id)
    last = mine.order_by(_send.c.id.desc()).limit(1).correlate(_campaign).scalar_subquery()
    return func.coalesce(last, _campaign.c.created)


def _is_over() -> ColumnElement[bool]:
    """Tell a campaign of which every recipient has come to an end, and that waits for no file."""
    mine = _send.c.campaign_id == _campaign.c.id
    recipients = select(func.coalesce(func.sum(_send.c.count), 0)).where(mine)
    ended = (
        select(func.coalesce(func.sum(_tally.c.count), 0))
        .join_from(_send, _tally, _tally.c.send_id == _send.c.id)
        .where(mine, _tally.c.status >= int(FIRST_FINAL))
    )
    unread = _unread(_send.c.id, mine).correlate(_campaign).exists()
    return and_(
        ended.correlate(_campaign).scalar_subquery() >= recipients.correlate(_campaign).scalar_subquery(),
        ~unread,
    )


def _counted() -> Select[Any]:
    columns = [
        _campaign.c[name]
        for name in ("id", "channel", "kind", "name", "state", "reason", "changed", "created")
    ]
    return (
        select(
            *columns,
            func.max(_send.c.created).label("last"),
            func.sum(case((_send.c.id.is_(None), 0), else_=1)).label("sends"),
            func.coalesce(func.sum(_send.c.count), literal(0)).label("recipients"),
        )
        .join_from(_campaign, _send, _send.c.campaign_id == _campaign.c.id, isouter=True)
        .group_by(*columns)
        .order_by(_campaign.c.id.desc())
    )


def _mentions(text: str) -> Any:
    in_send = or_(
        _send.c.out_id.contains(text, autoescape=True), _send.c.template_code.contains(text, autoescape=True)
    )
    sends = select(_send.c.id).where(_send.c.campaign_id == _campaign.c.id, in_send)
    return or_(_campaign.c.name.contains(text, autoescape=True), sends.exists())
