"""What a segment costs at an account: rows of the configuration, of which the closest one decides."""

import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from bridge.plugin import TemplateType

from .accounts import Country, Type
from .base import SettingsModel

DECIMALS = 8
"""So many decimals a price may have."""


def _exact(value: object) -> object:
    """Return a number as it was written: TOML's floats are read back from their shortest form."""
    return repr(value) if isinstance(value, float) else value


def _price(price: Decimal) -> Decimal:
    exponent = price.normalize().as_tuple().exponent
    if not price.is_finite() or price < 0 or not isinstance(exponent, int) or -exponent > DECIMALS:
        raise ValueError(f'a price is an amount such as "0.045", of at most {DECIMALS} decimals')
    if price >= 1_000_000:
        raise ValueError("a price is for one segment, below a million")
    return price


class PriceSettings(SettingsModel):
    """A `[[prices]]` table: what a segment costs of the messages that all its conditions fit."""

    channel: str = ""
    """Only this channel's messages; "" for all channels."""
    account: str = ""
    """Only through this account, by its name or its vendor's; "" for any."""
    country: Country = ""
    """The recipients' country, two letters such as "CN"; "" for any."""
    type: tuple[Type, ...] = ()
    """The templates' types: captcha, notification, promotion or international; empty for any."""
    price: Annotated[Decimal, BeforeValidator(_exact), AfterValidator(_price)]
    """What one segment costs, as text so that no digit is lost: "0.045"."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """The currency, three letters of ISO 4217 such as "CNY"."""
    valid_from: datetime.date = datetime.date(2000, 1, 1)
    """The first day on which it holds; of rows that fit equally well the latest decides."""

    def fits(self, channel: str, names: tuple[str, ...], country: str, type_: TemplateType) -> bool:
        """Return True for a message that it prices; `names`: of its account and that one's vendor."""
        return (
            self.channel in ("", channel)
            and (not self.account or self.account in names)
            and self.country in ("", country)
            and (not self.type or type_ in self.type)
        )

    @property
    def closeness(self) -> int:
        """How many conditions it names: the more, the closer it fits."""
        return sum(map(bool, (self.channel, self.account, self.country, self.type)))
