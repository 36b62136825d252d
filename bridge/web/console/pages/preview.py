"""One template as it would leave: text with values, segments, cost, and each account's word on it.

Values and number are sealed into the address, as numbers are elsewhere. Nothing is filed, and nothing sent.
"""

import json
from collections.abc import Sequence

from bridge.plugin.phone import mask
from bridge.plugin.text import variables
from bridge.services.amounts import amount
from bridge.services.looking import SeenTemplate
from bridge.services.operating import OperatorRefused
from bridge.services.previewing import Previewing, SeenAtAccount, SeenPreview
from bridge.services.pricing import Pricing
from bridge.services.signing_in import Role

from ..asking import Asked
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, Page, View
from ..tables import Cell, Column, Table, Word
from .channels import opened_channel
from .number import number_in

_VALUE = "value."
_ACCOUNTS = (
    Column("account", phrase("Account")),
    Column("verdict", phrase("Verdict")),
    Column("vendor_code", phrase("Vendor's code")),
    Column("written", phrase("As filed")),
    Column("price", phrase("A segment")),
    Column("cost", phrase("Cost (estimate)")),
    Column("currency", phrase("Currency")),
)
_CULPRITS = (
    Column("character", phrase("Character")),
    Column("name", phrase("Called")),
    Column("place", phrase("Place")),
    Column("times", phrase("Times")),
)


def _template(desk: Desk, asked: Asked, channel: str, code: str) -> View:
    found = _found(desk, channel, code)
    return View([], {"channel": channel, "template": found, "variables": variables(found.content)})


def _found(desk: Desk, channel: str, code: str) -> SeenTemplate:
    for one in desk.looking.templates(channel, None):
        if one.code == code:
            return one
    raise OperatorRefused("The channel %(channel)s has no template %(code)s.", channel=channel, code=code)


def _ask(desk: Desk, asked: Asked, channel: str, code: str) -> Done:
    """Lead to the preview with the values of the form."""
    found = _found(desk, channel, code)
    values = {name: asked.text(f"{_VALUE}{name}", 500) for name in variables(found.content)}
    sealed = desk.sealing.seal(json.dumps([values, asked.text("number", 40)]))
    return Done("", back=f"/console/templates/{channel}/{code}/{sealed}")


def _preview(desk: Desk, asked: Asked, channel: str, code: str, sealed: str) -> View:
    values, number = json.loads(number_in(desk, sealed))
    opened, ledger = opened_channel(desk, channel), desk.bridge.ledger
    pricing = Pricing(desk.settings, channel, ledger)
    seen = Previewing(opened, pricing, ledger, desk.bridge.clock).preview(code, values, number)
    tables = [
        Table("accounts", phrase("Accounts"), _ACCOUNTS, [_account(one) for one in seen.accounts]),
        Table("unicode", phrase("What makes it Unicode"), _CULPRITS, _culprits(seen)),
    ]
    return View(tables, {"seen": seen, "masked": mask(number) if number else ""})


def _account(one: SeenAtAccount) -> Sequence[Cell]:
    return (
        one.account,
        Word(one.refusal or one.verdict or phrase("takes it")),
        one.vendor_code,
        one.written,
        amount(one.price),
        amount(one.cost),
        one.currency,
    )


def _culprits(seen: SeenPreview) -> list[Sequence[Cell]]:
    return [(one.character, one.name, one.place, one.times) for one in seen.culprits]


PAGES = [
    Page("template", "/templates/<channel>/<code>", _template),
    Page("preview", "/templates/<channel>/<code>/<sealed>", _preview),
]
DEEDS = [Deed("ask_preview", "/templates/<channel>/<code>", _ask, Role.VIEWER)]
