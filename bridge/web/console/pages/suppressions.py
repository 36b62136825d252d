"""The suppression list of a channel: numbers that are not sent to."""

import json
from collections.abc import Sequence

from bridge.services.desk.looking import SeenSuppression

from ..asking import Asked
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, PageRoute, View
from ..tables import Cell, Column, Moment, Table, Word
from ..turning import Spots, turned
from .number import typed_number

_COLUMNS = (
    Column("number", phrase("Number")),
    Column("signature", phrase("Signature")),
    Column("source", phrase("Source")),
    Column("since", phrase("Since")),
)
_SOURCES = {
    "operator": phrase("an operator"),
    "reply": phrase("a reply"),
    "receipt": phrase("a receipt"),
    "vendor": phrase("the vendor"),
}


def _suppressions(desk: Desk, asked: Asked) -> View:
    channels = list(desk.settings.channels)
    channel = asked.choice("channel", channels) or channels[0]
    zone = desk.zone(channel)
    found = turned(asked, zone, lambda rows: desk.looking.suppressions(channel, rows), _spots(desk))
    rows = (_row(desk, channel, one) for one in found.rows)
    table = Table("suppressed", phrase("Suppression list"), _COLUMNS, rows, found.more, found.less)
    return View([table], {"channel": channel})


def _spots(desk: Desk) -> Spots[SeenSuppression]:
    """Return how an entry's place stands in an address: sealed, for it is a number."""

    def read(text: str) -> tuple[int | str, ...] | None:
        try:
            number, sign = json.loads(desk.sealing.unseal(text))
        except ValueError:
            return None
        return number, sign

    return Spots(
        lambda one: (one.whole, one.sign), lambda spot: desk.sealing.seal(json.dumps(list(spot))), read
    )


def _row(desk: Desk, channel: str, one: SeenSuppression) -> Sequence[Cell]:
    sign: Cell = one.sign or Word(phrase("(all)"))
    return one.number, sign, Word(_SOURCES[one.source]), Moment(one.since, desk.zone(channel))


def _suppress(desk: Desk, asked: Asked) -> Done:
    channel, phone = asked.text("channel"), typed_number(asked)
    desk.operating.suppress(channel, [phone.digits], asked.text("sign"), asked.text("reason"))
    return Done(phrase("The number is on the list of %(channel)s."), {"channel": channel})


def _allow(desk: Desk, asked: Asked) -> Done:
    channel, phone = asked.text("channel"), typed_number(asked)
    count = desk.operating.allow(channel, [phone.digits], asked.text("sign") or None, asked.text("reason"))
    return Done(
        phrase("%(count)s entries were taken off the list of %(channel)s."),
        {"count": count, "channel": channel},
    )


PAGES = [PageRoute("suppressions", "/suppressions", _suppressions)]
DEEDS = [
    Deed("suppress", "/suppressions/add", _suppress),
    Deed("allow", "/suppressions/remove", _allow),
]
