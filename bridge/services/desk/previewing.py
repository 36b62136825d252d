"""A template as it would leave with given values: its segments, its cost, and what each account says of it.

Nothing is filed, sent or asked of a vendor.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bridge import logs
from bridge.channels import OpenAccount, OpenChannel
from bridge.clock import Clock, millis_of
from bridge.ledger import Claimed, Ledger, Recipients, SendInfo, StoredTemplate
from bridge.ledger.blobs import encode
from bridge.plugin import BadNumber, BridgeError, Phone, ReviewStatus, Template, TemplateType
from bridge.plugin.phone import parse
from bridge.plugin.text import TextContent, gsm7, segments, signed
from bridge.settings import ChannelSettings

from ..history import asking
from ..messages.drafting import draft
from ..pricing import Pricing, country_of
from ..snapshots import for_plugins
from .explaining import Explaining
from .operating import NO_TEMPLATE, OTHER_TYPE, OperatorRefused, Own

_MAINLAND = "CN"
_SHOWN = 20
TOO_LONG = "The text is longer than the account takes."
_ANYBODY = defaultdict(lambda: "13800138000", {TemplateType.INTERNATIONAL: "+12025550123"})
"""A number of no person for a message of each type, where only its text is looked at."""


@dataclass(frozen=True, slots=True)
class SeenCharacter:
    """A character that GSM-7 has not: it makes the whole text Unicode. `position`: where it stands first."""

    character: str
    name: str
    position: int
    times: int


@dataclass(frozen=True, slots=True)
class SeenAtAccount:
    """A template at one account. `written`: the text as it is filed there, with the vendor's placeholders.

    `refusal`: why it would not take the message now, "" if it would; `verdict`: what the routes make of it,
    for a preview with a number. `longest`: so many characters the account takes, None where its vendor names
    no bound. `price` is for one segment, `cost` for the whole message.
    """

    account: str
    written: str
    vendor_code: str
    refusal: str
    verdict: str
    price: Decimal | None
    currency: str
    cost: Decimal | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class SeenPreview:
    """A message as it would leave. `encoding`: GSM-7 or Unicode; `culprits` made it Unicode.

    `unused`: values that the template has no variable for. `objection`: why it would not be handed to any
    account, or not before `waits_until` (milliseconds), "" if it would; policies are asked about a number.
    """

    channel: str
    code: str
    type: str
    sign: str
    text: str
    length: int
    segments: int
    encoding: str
    culprits: Sequence[SeenCharacter]
    unused: Sequence[str]
    accounts: Sequence[SeenAtAccount]
    objection: str = ""
    waits_until: int | None = None


class Previewing:
    """Previews of one channel's templates. Raises OperatorRefused for what cannot be shown."""

    def __init__(self, channel: OpenChannel, pricing: Pricing, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._pricing = pricing
        self._ledger = ledger
        self._clock = clock
        self._explaining = Explaining(channel, ledger, clock)

    def preview(
        self, code: str, values: Mapping[str, str], number: str = "", sign_name: str = ""
    ) -> SeenPreview:
        """Return a template with values in their places; `number` as Quick Audience would write it."""
        stored = self._ledger.templates.get(self._channel.name, code)
        if stored is None:
            raise OperatorRefused(NO_TEMPLATE, channel=self._channel.name, code=code)
        template = for_plugins(stored, self._channel.settings.opt_out_suffix)
        sign = sign_name or meant_sign(self._channel.settings, stored)
        content = TextContent(template.content)
        text = signed(sign, _rendered(content, values), template.type)
        phone = _phone(number, template.type) if number else None
        count = segments(text, template.type) if text else 1
        info = self._explaining.info(stored, sign)
        objection, waits_until = self._objection(info, values, number)
        unicode = template.type is not TemplateType.INTERNATIONAL or not gsm7(text)
        return SeenPreview(
            self._channel.name,
            code,
            template.type.name.lower(),
            sign,
            text,
            len(text),
            count,
            "Unicode" if unicode else "GSM-7",
            _culprits(text) if template.type is TemplateType.INTERNATIONAL else (),
            sorted(values.keys() - set(content.variables)),
            self._at_accounts(stored, info, phone, text),
            objection,
            waits_until,
        )

    def _objection(self, info: SendInfo, values: Mapping[str, str], number: str) -> tuple[str, int | None]:
        """Return why a send would not hand the message to an account, and until when if it only waits.

        It is drafted and screened as a worker does; without a number only its text is looked at.
        """
        claimed = _as_claimed(info, values, number or _ANYBODY[info.type], self._channel)
        drafted = draft(claimed, info)
        if drafted.results:
            return drafted.results[0].reason, None
        if not number or drafted.batch is None:
            return "", None
        try:
            with asking(claimed):
                [verdict] = self._channel.hooks.screen(drafted.batch)
        except BridgeError as error:
            return logs.masked(error.reason), None
        until = verdict.defer_until
        return logs.masked(verdict.reason or verdict.code), None if until is None else millis_of(until)

    def _at_accounts(
        self, stored: StoredTemplate, info: SendInfo, phone: Phone | None, text: str
    ) -> list[SeenAtAccount]:
        verdicts = {}
        if phone is not None:
            routes = self._explaining.routes(phone.raw, stored.code, info.sign_name)
            verdicts = {one.account: one.verdict for one in routes}
        return [
            self._at(account, stored, info, phone, text, verdicts.get(name, ""))
            for name, account in self._channel.accounts.items()
        ]

    def _at(
        self,
        account: OpenAccount,
        stored: StoredTemplate,
        info: SendInfo,
        phone: Phone | None,
        text: str,
        verdict: str,
    ) -> SeenAtAccount:
        template = for_plugins(stored, self._channel.settings.opt_out_suffix)
        refusal = self._explaining.why_not(account.name, info, str(stored.kind))
        try:
            written = account.hooks.written(template)
        except BridgeError as error:
            written, refusal = "", error.reason
        longest = account.hooks.limits.characters
        if not refusal and longest is not None and len(text) > longest:
            refusal = TOO_LONG
        price = self._pricing.rate(account.name, template.type, _country(template, phone), info.created)
        filed = self._ledger.filings.of(self._channel.name, stored.code).get(account.name)
        primary = account is self._channel.primary
        return SeenAtAccount(
            account.name,
            written,
            stored.vendor_code if primary else filed.vendor_code if filed else "",
            logs.masked(refusal),
            logs.masked(verdict),
            price.price if price else None,
            price.currency if price else "",
            price.price * (segments(text, template.type) if text else 1) if price else None,
            longest,
        )


def meant_sign(settings: ChannelSettings, stored: StoredTemplate) -> str:
    """Return the signature that is meant where none is given, "" for none."""
    return stored.sign_name or settings.default_sign


def known_signs(channel: str, settings: ChannelSettings, ledger: Ledger) -> list[str]:
    """Return a channel's signatures that no review refused, in order of name."""
    reviewed = {one.name: one.status for one in ledger.templates.signs(channel)}
    reviewed |= {name: one.status for name, one in settings.signs.items()}
    reviewed.setdefault(settings.default_sign, ReviewStatus.PENDING)
    return sorted(name for name, status in reviewed.items() if name and status is not ReviewStatus.REJECTED)


def _as_claimed(info: SendInfo, values: Mapping[str, str], number: str, channel: OpenChannel) -> Claimed:
    """Return a batch of the one message, as a worker would have claimed it; nothing of it is stored."""
    now, account = info.created, channel.primary
    blob = encode(Recipients([number], [values]))
    return Claimed(
        0,
        0,
        channel.name,
        1,
        0,
        "",
        now,
        now,
        now,
        account.hooks.identity,
        account.name,
        None,
        "",
        now,
        0,
        blob,
    )


def _rendered(content: TextContent, values: Mapping[str, str]) -> str:
    missing = [name for name in content.variables if name not in values]
    if missing:
        raise OperatorRefused("The template needs a value for each of: %(names)s.", names=", ".join(missing))
    return content.render(values)


def _phone(number: str, type_: TemplateType) -> Phone:
    try:
        return parse(number, type_)
    except BadNumber as error:
        raise OperatorRefused(OTHER_TYPE, reason=Own(error.reason), type=Own(type_.name.lower())) from None


def _country(template: Template, phone: Phone | None) -> str:
    if template.type is not TemplateType.INTERNATIONAL:
        return _MAINLAND
    return country_of(phone) if phone else ""


def _culprits(text: str) -> list[SeenCharacter]:
    """Return the characters that make a text Unicode, each once, in the order in which they stand."""
    found = [character for character in dict.fromkeys(text) if not gsm7(character)]
    return [
        SeenCharacter(
            character,
            unicodedata.name(character, f"U+{ord(character):04X}").capitalize(),
            text.index(character) + 1,
            text.count(character),
        )
        for character in found[:_SHOWN]
    ]
