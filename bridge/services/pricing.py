"""What messages cost: the configured price of a segment, and what it comes to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import phonenumbers

from bridge.clock import moment
from bridge.ledger import Charged, KindCount, Ledger, Rate
from bridge.ledger.prices import NONE
from bridge.plugin import Phone, TemplateType
from bridge.settings import ChannelSettings, PriceSettings, Settings

_MAINLAND = "CN"
_LONGEST_CODE = 3


@dataclass(frozen=True, slots=True)
class SeenCost:
    """What messages cost in one currency.

    `estimate`: by the configured prices, of all segments that vendors took or may have taken; `messages` have
    one. `charged`: what vendors' receipts say, over `charges` of them; None where none says it.
    """

    currency: str
    estimate: Decimal
    messages: int
    charged: Decimal | None
    charges: int


class Pricing:
    """The prices of one channel; used by several threads at once."""

    def __init__(self, settings: Settings, channel: str, ledger: Ledger) -> None:
        self._settings = settings.channels[channel]
        self._channel = channel
        self._ledger = ledger
        self._zone = self._settings.timezone or settings.bridge.timezone
        self._rows = [row for row in settings.prices if row.channel in ("", channel)]
        self._by_country = any(row.country for row in self._rows)
        self._numbers: dict[Rate, int] = {}

    def rate(self, account: str, type_: TemplateType, country: str, at: int) -> Rate | None:
        """Return what a segment costs at a moment (milliseconds), None where no price fits."""
        row = self.row(account, type_, country, at)
        return None if row is None else Rate(row.currency, row.price)

    def row(self, account: str, type_: TemplateType, country: str, at: int) -> PriceSettings | None:
        """Return the configured price that decides: the closest that fits, of those the latest."""
        day, names = moment(at).astimezone(self._zone).date(), _names(self._settings, account)
        fitting = [
            row
            for row in self._rows
            if row.valid_from <= day and row.fits(self._channel, names, country, type_)
        ]
        return max(fitting, key=lambda row: (row.closeness, row.valid_from), default=None)

    def numbers(self, account: str, type_: TemplateType, at: int) -> Callable[[Phone], int]:
        """Return what gives each message the number of its price, 0 for none.

        Asks the ledger before anything is sent: what is counted afterwards cannot fail any more.
        """
        if not self._rows:
            return _no_price
        countries = {row.country for row in self._rows} | {""}
        numbers = {
            country: self._number(self.rate(account, type_, country, at))
            for country in ({_MAINLAND} if type_ is not TemplateType.INTERNATIONAL else countries)
        }
        if type_ is not TemplateType.INTERNATIONAL:
            return lambda _phone: numbers[_MAINLAND]
        if not self._by_country:
            return lambda _phone: numbers[""]
        return lambda phone: numbers.get(country_of(phone), numbers[""])

    def _number(self, rate: Rate | None) -> int:
        if rate is None:
            return NONE
        if rate not in self._numbers:
            self._numbers[rate] = self._ledger.prices.number_of(rate)
        return self._numbers[rate]


def costs(
    parts: Iterable[KindCount], rates: Mapping[int, Rate], charged: Sequence[Charged]
) -> list[SeenCost]:
    """Return what messages cost, a row for each currency."""
    sums: dict[str, tuple[Decimal, int]] = {}
    for part in parts:
        rate = rates.get(part.rate)
        if rate is not None:
            amount, messages = sums.get(rate.currency, (Decimal(0), 0))
            amount += part.number * part.segments * rate.price
            sums[rate.currency] = (amount, messages + part.number)
    told = {one.currency: one for one in charged}
    found = []
    for currency in sorted({*sums, *told}):
        amount, messages = sums.get(currency, (Decimal(0), 0))
        by_vendor = told.get(currency)
        found.append(
            SeenCost(
                currency,
                amount,
                messages,
                by_vendor.amount if by_vendor else None,
                by_vendor.messages if by_vendor else 0,
            )
        )
    return found


def country_of(phone: Phone) -> str:
    """Return a number's country, two letters; "" for one that no plan knows."""
    digits = phone.digits
    for length in range(1, _LONGEST_CODE + 1):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length] or 0))
        if regions is not None:
            return regions[0] if len(regions) == 1 else _shared_code(phone.e164)
    return ""


def _shared_code(e164: str) -> str:
    """Return the country of a number whose calling code several countries share."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or ""
    except phonenumbers.NumberParseException:
        return ""


def _names(settings: ChannelSettings, account: str) -> tuple[str, ...]:
    """Return the names by which prices may mean an account: its own, and its vendor's."""
    known = settings.all_accounts.get(account)
    return (account, known.vendor) if known else (account,)


def _no_price(_phone: Phone) -> int:
    return NONE
