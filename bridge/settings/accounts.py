"""The vendor accounts of a channel, and which messages go through which."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, NamedTuple

from phonenumbers import SUPPORTED_REGIONS
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
)

from bridge.plugin import TemplateType

from .base import SettingsModel, checked_token

_PREFIX = re.compile(r"\+?[0-9]{1,15}")
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_TYPES = {type_.name.lower(): type_ for type_ in TemplateType}


class Hours(NamedTuple):
    """A part of the day, which may go over midnight."""

    begin: time
    end: time

    def holds(self, moment: time) -> bool:
        """Return True for a time of day inside."""
        if self.begin < self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


def _country(code: str) -> str:
    if code.upper() not in SUPPORTED_REGIONS:
        raise ValueError('a country is two letters of ISO 3166, such as "US"')
    return code.upper()


def _any_country(code: str) -> str:
    return _country(code) if code else ""


def _type(value: object) -> object:
    if isinstance(value, TemplateType):
        return value
    if value not in _TYPES:
        raise ValueError(f"a type is one of {', '.join(_TYPES)}")
    return _TYPES[str(value)]


def _prefix(digits: str) -> str:
    if not _PREFIX.fullmatch(digits):
        raise ValueError('a prefix is digits: "+1415" with country code, "138" of a mainland number')
    return digits


def _hours(value: object) -> object:
    if isinstance(value, tuple):
        return value
    windows = [_WINDOW.fullmatch(part.strip()) for part in str(value).split(",")] if value else []
    if not all(windows):
        raise ValueError('write hours as "21:00-08:00", several with commas between them')
    found = [[int(part) for part in window.groups()] for window in windows if window]
    if any(part[:2] == part[2:] for part in found):
        raise ValueError("hours must begin and end at different times")
    return tuple(Hours(time(part[0], part[1]), time(part[2], part[3])) for part in found)


Country = Annotated[str, AfterValidator(_any_country)]
"""A country's two letters, or "" for any."""
Type = Annotated[TemplateType, BeforeValidator(_type)]
"""A template's type by its name."""


class AccountSettings(SettingsModel):
    """A `[channels.NAME.accounts.ACCOUNT]` table: one vendor account that the channel may send through."""

    vendor: Annotated[str, Field(min_length=1)]
    """The vendor's name, one of those shown by `sms-bridge plugins`."""
    settings: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    """The vendor's own settings; see the plugin's README."""
    hook_token: Annotated[SecretStr, AfterValidator(checked_token)] = SecretStr("")
    """The secret part of this account's webhook address, 16 characters or more, another for each account."""
    weight: PositiveInt = 100
    """The account's share of the sends when `route` is weighted, beside the other accounts' weights."""
    rate_per_s: NonNegativeFloat | None = None
    """The most messages a second through this account; without one, the channel's."""
    burst: NonNegativeInt | None = None
    """How many messages may go at once after a pause; without one, the channel's."""
    concurrency: PositiveInt | None = None
    """How many calls of this account one worker has in flight; without one, the channel's."""


class RouteSettings(SettingsModel):
    """A `[[channels.NAME.routes]]` table: messages that all its conditions fit go through its accounts."""

    country: tuple[Annotated[str, AfterValidator(_country)], ...] = ()
    """The recipients' countries, two letters each; empty for any."""
    type: tuple[Type, ...] = ()
    """The templates' types: captcha, notification, promotion or international; empty for any."""
    prefix: tuple[Annotated[str, AfterValidator(_prefix)], ...] = ()
    """How the numbers begin: "+1415" with country code, "138" for mainland numbers; empty for any."""
    hours: Annotated[tuple[Hours, ...], BeforeValidator(_hours)] = ()
    """At what time of day, such as "21:00-08:00", in the channel's time zone; empty for any."""
    accounts: Annotated[tuple[str, ...], Field(min_length=1)]
    """The accounts that take these messages, the first one first."""
