"""Replies of recipients, the latest first."""

from collections.abc import Sequence

from bridge.services.desk.looking import SeenReply
from bridge.services.desk.signing_in import Role

from ..asking import Asked
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, PageRoute, View
from ..tables import Cell, Column, Moment, Table, Word
from ..turning import Spots, ids, turned

_COLUMNS = (
    Column("received", phrase("Received")),
    Column("channel", phrase("Channel")),
    Column("number", phrase("Number")),
    Column("content", phrase("Text")),
    Column("outId", phrase("outId")),
)
_HIDDEN = phrase("(hidden)")


def _replies(desk: Desk, asked: Asked) -> View:
    channel = asked.choice("channel", list(desk.settings.channels))
    spots: Spots[SeenReply] = ids(lambda one: one.id)
    found = turned(asked, desk.zone(channel), lambda rows: desk.looking.replies(channel, rows), spots)
    rows = (_row(desk, one) for one in found.rows)
    table = Table("replies", phrase("Replies"), _COLUMNS, rows, found.more, found.less)
    return View([table], {"hidden": not desk.may(Role.OPERATOR)})


def _row(desk: Desk, one: SeenReply) -> Sequence[Cell]:
    # What a person wrote is for those who may act on it.
    content: Cell = one.content if desk.may(Role.OPERATOR) else Word(_HIDDEN)
    return Moment(one.received, desk.zone(one.channel)), one.channel, one.number, content, one.out_id


PAGES = [PageRoute("replies", "/replies", _replies)]
DEEDS: list[Deed] = []
