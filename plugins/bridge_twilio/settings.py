"""The settings of a Twilio channel: `[channels.NAME.settings]`."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from bridge.plugin import Consequence, PluginSettings
from bridge.plugin.text import bare_sign

Sid = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9a-fA-F]{32}$")]

# North American toll-free area codes (NANPA, read 2026-11).
_TOLL_FREE = tuple(f"+1{area}" for area in (800, 833, 844, 855, 866, 877, 888))

# A WhatsApp address or E.164 number, a short code, an alphanumeric sender ID (with a letter).
_FROM = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[0-9A-Za-z &+_-]{1,11}|")

_RENAMED = {"retry": "throttled", "permanent": "rejected"}


class SenderKind(StrEnum):
    """What a signature is sent as; it decides where Twilio keeps its review."""

    SERVICE = "service"
    NUMBER = "number"
    TOLL_FREE = "toll_free"
    SHORT_CODE = "short_code"
    ALPHANUMERIC = "alphanumeric"
    WHATSAPP = "whatsapp"


class SentFrom(PluginSettings):
    """What one signature is sent from: a messaging service, a sender, or a sender of a service's pool.

    `status` answers the signature query without asking Twilio, for what no API shows: the registration of
    an alphanumeric sender with a country, or of a Chinese signature with its carriers.
    """

    messaging_service_sid: Annotated[str, StringConstraints(pattern=r"^(MG[0-9a-fA-F]{32})?$")] = ""
    from_: str = Field("", alias="from")
    sign_in_text: bool | None = None
    us_10dlc: bool = False
    status: Literal["", "pending", "approved", "rejected"] = ""
    reason: str = ""

    @field_validator("from_")
    @classmethod
    def _is_sender(cls, sender: str) -> str:
        if not _FROM.fullmatch(sender):
            raise ValueError("neither a number, a short code, a sender ID nor a WhatsApp address")
        return sender

    @model_validator(mode="after")
    def _has_sender(self) -> Self:
        if not self.messaging_service_sid and not self.from_:
            raise ValueError("a sender needs messaging_service_sid or from")
        return self

    @property
    def kind(self) -> SenderKind:
        """Read from the form of `from`; a service alone is a service."""
        if not self.from_:
            return SenderKind.SERVICE
        if self.from_.startswith("whatsapp:"):
            return SenderKind.WHATSAPP
        if self.from_.startswith("+"):
            return SenderKind.TOLL_FREE if self.from_.startswith(_TOLL_FREE) else SenderKind.NUMBER
        return SenderKind.SHORT_CODE if self.from_.isdigit() else SenderKind.ALPHANUMERIC

    @property
    def carries_mms(self) -> bool:
        """Returns True for a sender that Twilio carries digital messages from."""
        return self.kind not in (SenderKind.ALPHANUMERIC, SenderKind.WHATSAPP)

    @property
    def shows_sign_in_text(self) -> bool:
        """Returns True when the signature goes in front of the text: unless set, for nameless senders."""
        if self.sign_in_text is not None:
            return self.sign_in_text
        return self.kind not in (SenderKind.ALPHANUMERIC, SenderKind.WHATSAPP)


class TwilioSettings(PluginSettings):
    """The account, its senders and how messages are handed over."""

    account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
    """The Account SID, AC and 32 hexadecimal digits."""
    auth_token: SecretStr
    """The Auth Token; it also verifies webhooks."""
    api_key: Annotated[str, StringConstraints(pattern=r"^(SK[0-9a-fA-F]{32})?$")] = ""
    api_secret: SecretStr = SecretStr("")
    signing_keys: Mapping[str, SecretStr] = Field(default_factory=dict)
    base_url: str = ""
    senders: Mapping[str, SentFrom] = Field(min_length=1)
    """What each signature is sent from: { "Acme" = { from = "+1..." } }, or its messaging_service_sid."""

    template_mode: Literal["local", "content", "whatsapp"] = "local"
    content_language: str = "zh_CN"
    international_category: Literal["UTILITY", "MARKETING"] = "MARKETING"
    whatsapp_captcha: bool = False
    mms_countries: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")], ...] = ("US", "CA")

    validity_s: Annotated[int, Field(ge=1, le=36_000)] = 14_400
    concurrency: Annotated[int, Field(ge=1, le=200)] = 20
    segments_per_second: Annotated[float, Field(ge=0)] = 0
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15
    batch_seconds: Annotated[float, Field(ge=1, le=600)] = 60
    callback_overrides: str = "rc=3&rp=all"

    resend_unknown: bool = False
    absent_after_s: Annotated[int, Field(ge=60)] = 300
    sent_final_after_h: Annotated[float, Field(ge=0)] = 0
    sent_final_as: Literal["unknown", "delivered"] = "unknown"
    error_classes: Mapping[int, Consequence] = Field(default_factory=dict)

    @field_validator("error_classes", mode="before")
    @classmethod
    def _todays_words(cls, classes: object) -> object:
        for code, word in classes.items() if isinstance(classes, Mapping) else ():
            if word in _RENAMED:
                raise ValueError(f'the class "{word}" of {code} is called "{_RENAMED[word]}" now')
            if word == Consequence.HOLD:
                raise ValueError(f"{code} cannot be held: Twilio names no moment from which it takes it")
        return classes

    @field_validator("senders")
    @classmethod
    def _bare_names(cls, senders: Mapping[str, SentFrom]) -> Mapping[str, SentFrom]:
        return {bare_sign(name): sender for name, sender in senders.items()}

    @field_validator("auth_token")
    @classmethod
    def _has_token(cls, token: SecretStr) -> SecretStr:
        if not token.get_secret_value():
            raise ValueError("webhooks are signed with the auth token: it is needed beside an API key too")
        return token

    @field_validator("base_url")
    @classmethod
    def _is_origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
            raise ValueError("base_url is a scheme and a host, without a path")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.api_key) != bool(self.api_secret.get_secret_value()):
            raise ValueError("api_key and api_secret go together")
        if self.template_mode != "whatsapp" and any(
            sender.kind is SenderKind.WHATSAPP for sender in self.senders.values()
        ):
            raise ValueError('a WhatsApp sender needs template_mode = "whatsapp"')
        return self

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password of every call: the API key if there is one, otherwise the account's own."""
        if self.api_key:
            return self.api_key, self.api_secret.get_secret_value()
        return self.account_sid, self.auth_token.get_secret_value()
