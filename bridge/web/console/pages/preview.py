"""One template: its review, which a person decides where no vendor does, and how it would leave.

A preview has text with values, segments, cost, and each account's word on it. Values and number are sealed
into the address, as numbers are elsewhere. Nothing is filed, and nothing sent.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from bridge.plugin import ReviewStatus
from bridge.plugin.phone import mask
from bridge.plugin.text import variables
from bridge.services.desk.amounts import amount
from bridge.services.desk.looking import SeenTemplate
from bridge.services.desk.operating import NO_TEMPLATE, OperatorRefused, ReviewDecision
from bridge.services.desk.previewing import Previewing, SeenAtAccount, SeenPreview, known_signs, meant_sign
from bridge.services.desk.signing_in import Role
from bridge.services.pricing import Pricing

from ..asking import Asked, NotUnderstood
from ..desk import Desk
from ..language import phrase
from ..routes import Deed, Done, PageRoute, View
from ..tables import Cell, Column, Facts, Moment, Table, Word
from .channels import opened_channel
from .number import number_in
from .templates import STATUS_NAMES

_VALUE = "value."
_LONGEST = 10_000
_LONGEST_SEALED = 3_000
"""What is sealed stands in an address, which nginx hands on in an answer of at most 4096 bytes."""
_DECISIONS = (ReviewStatus.APPROVED, ReviewStatus.REJECTED)
_DECIDED = {
    ReviewStatus.APPROVED: phrase("The template %(code)s is approved."),
    ReviewStatus.REJECTED: phrase("The template %(code)s is refused."),
}
_ACCOUNTS = (
    Column("account", phrase("Account")),
    Column("verdict", phrase("Verdict")),
    Column("vendor_code", phrase("Vendor's code")),
    Column("written", phrase("As filed")),
    Column("price", phrase("A segment")),
    Column("cost", phrase("Cost (estimate)")),
    Column("currency", phrase("Currency")),
    Column("longest", phrase("Longest text")),
)
_MESSAGE = (
    Column("text", phrase("Text")),
    Column("characters", phrase("Characters")),
    Column("encoding", phrase("Encoding")),
    Column("segments", phrase("Segments")),
    Column("signature", phrase("Signature")),
    Column("number", phrase("Number")),
    Column("unused", phrase("Values without a variable")),
    Column("objection", phrase("Not sent, because")),
    Column("waits_until", phrase("Until")),
)
"""What the page says outside its tables, for programs."""
_CULPRITS = (
    Column("character", phrase("Character")),
    Column("name", phrase("Called")),
    Column("place", phrase("Place")),
    Column("times", phrase("Times")),
)


def _template(desk: Desk, asked: Asked, channel: str, code: str) -> View:
    found = _found(desk, channel, code)
    settings, ledger = desk.settings.channels[channel], desk.bridge.ledger
    stored = ledger.templates.get(channel, code)
    facts = {
        "sign": meant_sign(settings, stored) if stored else "",
        "signs": known_signs(channel, settings, ledger),
        "channel": channel,
        "template": found,
        "variables": variables(found.content),
        "status": STATUS_NAMES[found.status],
        "awaited": _awaited(desk, channel, code),
        "seen": desk.operating.seen(channel, code),
    }
    return View([], facts)


def _awaited(desk: Desk, channel: str, code: str) -> list[str]:
    """Return for which accounts the reader may decide the template's review."""
    if not desk.may(Role.OPERATOR):
        return []
    return desk.operating.awaited(opened_channel(desk, channel), code)


def _decide(desk: Desk, asked: Asked, channel: str, code: str) -> Done:
    """Approve or reject a template that waits for a person."""
    status = ReviewStatus(asked.choice("decision", _DECISIONS) or ReviewStatus.APPROVED)
    reason = asked.text("reason")
    if status is ReviewStatus.REJECTED and not reason:
        raise NotUnderstood(phrase("Say why it is refused: the marketer reads it."))
    decision = ReviewDecision(status, reason, asked.text("vendor_code", 128), asked.text("account", 64))
    decision = replace(decision, seen=asked.text("seen", 64))
    desk.operating.decide(opened_channel(desk, channel), code, decision)
    return Done(_DECIDED[status], {"code": code}, f"/console/templates/{channel}/{code}")


def _found(desk: Desk, channel: str, code: str) -> SeenTemplate:
    for one in desk.looking.templates(channel, None):
        if one.code == code:
            return one
    raise OperatorRefused(NO_TEMPLATE, channel=channel, code=code)


def _ask(desk: Desk, asked: Asked, channel: str, code: str) -> Done:
    """Lead to the preview with the values of the form."""
    found = _found(desk, channel, code)
    values = {name: asked.text(f"{_VALUE}{name}", _LONGEST) for name in variables(found.content)}
    told = json.dumps([values, asked.text("number", 40), asked.text("sign")], ensure_ascii=False)
    sealed = desk.sealing.seal(told)
    if len(sealed) > _LONGEST_SEALED:
        raise NotUnderstood(
            phrase(
                "These values take %(length)s bytes, and an address of this console holds %(most)s: "
                "sms-bridge templates preview shows longer ones."
            ),
            length=f"{len(told.encode())}",
            most=f"{_LONGEST_SEALED * 3 // 4 - 60}",
        )
    return Done("", back=f"/console/templates/{channel}/{code}/{sealed}")


def _preview(desk: Desk, asked: Asked, channel: str, code: str, sealed: str) -> View:
    values, number, *signs = json.loads(number_in(desk, sealed))  # no signature: an address from before
    opened, ledger = opened_channel(desk, channel), desk.bridge.ledger
    pricing = Pricing(desk.settings, channel, ledger)
    seen = Previewing(opened, pricing, ledger, desk.bridge.clock).preview(
        code, values, number, "".join(signs)
    )
    tables = [
        Table("accounts", phrase("Accounts"), _ACCOUNTS, [_account(one) for one in seen.accounts]),
        Table("unicode", phrase("What makes it Unicode"), _CULPRITS, _culprits(seen)),
        Table("message", phrase("Message"), _MESSAGE, [_message(desk, seen, number)]),
    ]
    until = Moment(seen.waits_until, desk.zone(channel))
    return View(tables, {"seen": seen, "until": until, "masked": mask(number) if number else ""})


def _message(desk: Desk, seen: SeenPreview, number: str) -> Sequence[Cell]:
    return (
        seen.text,
        seen.length,
        seen.encoding,
        seen.segments,
        seen.sign,
        mask(number) if number else "",
        Facts(", ".join(seen.unused), list(seen.unused)),
        Word(seen.objection),
        Moment(seen.waits_until, desk.zone(seen.channel)),
    )


def _account(one: SeenAtAccount) -> Sequence[Cell]:
    return (
        one.account,
        Word(one.refusal or one.verdict or phrase("takes it")),
        one.vendor_code,
        one.written,
        amount(one.price),
        amount(one.cost),
        one.currency,
        one.longest,
    )


def _culprits(seen: SeenPreview) -> list[Sequence[Cell]]:
    return [(one.character, one.name, one.position, one.times) for one in seen.culprits]


PAGES = [
    PageRoute("template", "/templates/<channel>/<code>", _template),
    PageRoute("preview", "/templates/<channel>/<code>/<sealed>", _preview),
]
DEEDS = [
    Deed("ask_preview", "/templates/<channel>/<code>", _ask, Role.VIEWER),
    Deed("decide", "/templates/<channel>/<code>/decide", _decide),
]
