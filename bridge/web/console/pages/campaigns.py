"""The list of campaigns: searched by name, channel, state and time."""

from collections.abc import Sequence
from functools import partial

from bridge.ledger.refs import from_ref
from bridge.services.campaigns.seeing import STATES, SeenCampaign

from ..asking import Asked
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, PageRoute, View
from ..tables import Cell, Column, Link, Moment, State, Table, Word, charge_of, cost_of
from ..turning import Spots, ids, turned

COLUMNS = (
    Column("campaign", phrase("Campaign")),
    Column("id", phrase("Id")),
    Column("channel", phrase("Channel")),
    Column("state", phrase("State")),
    Column("first_send", phrase("First send")),
    Column("last_send", phrase("Last send")),
    Column("recipients", phrase("Recipients")),
    Column("waiting", phrase("Waiting")),
    Column("sent", phrase("On the way")),
    Column("delivered", phrase("Delivered")),
    Column("failed", phrase("Failed")),
    Column("unknown", phrase("Never known")),
    Column("cost", phrase("Cost (estimate)")),
    Column("charged", phrase("Charged by the vendor")),
    Column("reason", phrase("Reason")),
)
STATE_NAMES = {
    "running": phrase("running"),
    "paused": phrase("paused"),
    "cancelled": phrase("cancelled"),
    "ended": phrase("ended"),
}


def _campaigns(desk: Desk, asked: Asked) -> View:
    channel = asked.choice("channel", list(desk.settings.channels))
    search = partial(
        desk.campaigns.seeing.search,
        desk.campaigns.chosen(channel),
        text=asked.text("search"),
        state=asked.choice("state", STATES),
    )
    spots: Spots[SeenCampaign] = ids(lambda one: from_ref(one.id) or 0)
    found = turned(asked, desk.zone(channel), lambda rows: search(rows=rows), spots)
    rows = (_row(desk, one) for one in found.rows)
    table = Table("campaigns", phrase("Campaigns"), COLUMNS, rows, found.more, found.less)
    return View([table], {"states": STATE_NAMES})


def _row(desk: Desk, one: SeenCampaign) -> Sequence[Cell]:
    zone, funnel = desk.zone(one.channel), one.funnel
    return (
        Link(one.name or one.id, f"/console/campaigns/{one.id}"),
        one.id,
        one.channel,
        State(STATE_NAMES[one.state]),
        Moment(one.first, zone),
        Moment(one.last, zone),
        funnel.recipients,
        funnel.waiting,
        funnel.accepted + funnel.in_question,
        funnel.delivered,
        funnel.failed,
        funnel.unknown,
        cost_of(one.costs),
        charge_of(one.costs),
        Word(one.reason),
    )


PAGES = [PageRoute("campaigns", "/campaigns", _campaigns)]
DEEDS: list[Deed] = []
