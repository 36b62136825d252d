"""What was changed, by whom, when and why: by operators and by the bridge itself."""

import json
from collections.abc import Mapping, Sequence

from bridge import logs
from bridge.ledger import Act

from ..asking import Asked
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, PageRoute, View
from ..tables import Cell, Column, Facts, Moment, Table, Word
from ..turning import Spots, ids, turned

_COLUMNS = (
    Column("when", phrase("When")),
    Column("who", phrase("Who")),
    Column("what", phrase("What")),
    Column("channel", phrase("Channel")),
    Column("subject", phrase("Subject")),
    Column("why", phrase("Why")),
    Column("before", phrase("Before")),
    Column("after", phrase("After")),
)
ACTS = (
    phrase("account checked"),
    phrase("account paused"),
    phrase("account rests"),
    phrase("account resumed"),
    phrase("account works again"),
    phrase("accounts asked for templates"),
    phrase("callback address checked"),
    phrase("callbacks replayed"),
    phrase("callbacks resumed"),
    phrase("callbacks stopped"),
    phrase("campaign cancelled"),
    phrase("campaign paused"),
    phrase("campaign resumed"),
    phrase("channel paused"),
    phrase("channel resumed"),
    phrase("console link made"),
    phrase("exported with whole numbers"),
    phrase("numbers suppressed"),
    phrase("person forgotten"),
    phrase("signed in"),
    phrase("suppressions removed"),
    phrase("template decided"),
    phrase("template reviewed"),
    phrase("unknown outcomes asked about"),
    phrase("unknown outcomes sent again"),
    phrase("unknown outcomes settled"),
    phrase("weight changed"),
)
"""What the ledger's audit calls the changes that there are."""
_OF_ITSELF = (phrase("reply"), phrase("receipt"), phrase("vendor"), phrase("a span of time"))
"""What the bridge writes as the reason or the subject of an act."""
_SAYABLE = frozenset({"state", "status", "said", "reason", "rest_reason"})
"""What of a state is a word or a sentence, not a name that somebody gave."""


def _audit(desk: Desk, asked: Asked) -> View:
    channel = asked.choice("channel", list(desk.settings.channels))
    spots: Spots[Act] = ids(lambda one: one.id)
    found = turned(asked, desk.zone(channel), lambda rows: desk.looking.acts(channel, rows), spots)
    rows = (_row(desk, one) for one in found.rows)
    return View([Table("audit", phrase("Audit"), _COLUMNS, rows, found.more, found.less)])


def _row(desk: Desk, one: Act) -> Sequence[Cell]:
    return (
        Moment(one.at, desk.zone(one.channel)),
        one.who,
        Word(one.what),
        one.channel,
        Word(one.subject) if one.subject in _OF_ITSELF else one.subject,
        Word(logs.masked(one.why)),
        _state(one.before),
        _state(one.after),
    )


def _state(state: Mapping[str, object] | None) -> Cell:
    if not state:
        return None
    told = {name: _masked(value) for name, value in state.items()}
    return Facts(json.dumps(told, ensure_ascii=False).strip("{}"), told, _SAYABLE)


def _masked(value: object) -> object:
    """Return a value of a state with its texts masked; counts stay."""
    if isinstance(value, str):
        return logs.masked(value)
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    return [_masked(one) for one in value] if isinstance(value, list) else value


PAGES = [PageRoute("audit", "/audit", _audit)]
DEEDS: list[Deed] = []
