"""What segments cost by the configuration, and what came of it: totals of a span of time for each channel."""

from collections.abc import Sequence

from bridge.clock import DAY_MS, millis
from bridge.services.campaigns.seeing import SeenTotals
from bridge.services.desk.amounts import amount
from bridge.settings import PriceSettings

from ..asking import Asked
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, PageRoute, View
from ..tables import Cell, Column, Table, Word, charge_of, cost_of

_TOTALS = (
    Column("channel", phrase("Channel")),
    Column("sends", phrase("Sends")),
    Column("recipients", phrase("Recipients")),
    Column("delivered", phrase("Delivered")),
    Column("failed", phrase("Failed")),
    Column("segments", phrase("Segments")),
    Column("cost", phrase("Cost (estimate)")),
    Column("charged", phrase("Charged by the vendor")),
)
_PRICES = (
    Column("channel", phrase("Channel")),
    Column("account", phrase("Account")),
    Column("country", phrase("Country")),
    Column("type", phrase("Type")),
    Column("price", phrase("A segment")),
    Column("currency", phrase("Currency")),
    Column("valid_from", phrase("Valid from")),
)
_WEEK_MS = 7 * DAY_MS


def _prices(desk: Desk, asked: Asked) -> View:
    channel = asked.choice("channel", list(desk.settings.channels))
    zone = desk.zone(channel)
    now = millis(desk.bridge.clock)
    since, until = asked.moment("since", zone, now - _WEEK_MS), asked.moment("until", zone, now)
    totals = desk.campaigns.seeing.totals(desk.campaigns.chosen(channel), since, until)
    tables = [
        Table("totals", phrase("What came, and what it costs"), _TOTALS, [_total(one) for one in totals]),
        Table("prices", phrase("Prices"), _PRICES, [_price(one) for one in desk.settings.prices]),
    ]
    return View(tables)


def _total(one: SeenTotals) -> Sequence[Cell]:
    funnel = one.funnel
    return (
        one.channel,
        one.sends,
        funnel.recipients,
        funnel.delivered,
        funnel.failed,
        funnel.segments,
        cost_of(one.costs),
        charge_of(one.costs),
    )


def _price(one: PriceSettings) -> Sequence[Cell]:
    anything = Word(phrase("(all)"))
    return (
        one.channel or anything,
        one.account or anything,
        one.country or anything,
        ", ".join(type_.name.lower() for type_ in one.type) or anything,
        amount(one.price),
        one.currency,
        one.valid_from.isoformat(),
    )


PAGES = [PageRoute("prices", "/prices", _prices)]
DEEDS: list[Deed] = []
