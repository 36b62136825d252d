"""Every setting of the bridge and of a channel; the docstring below each says what it does.

`config/bridge.toml` repeats each with its default, and a test compares the two.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    IPvAnyNetwork,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    PrivateAttr,
    SecretStr,
)

from bridge.plugin import CLOCKS_APART, ReviewStatus

from .accounts import AccountSettings, RouteSettings
from .addresses import web_address
from .base import SettingsModel, checked_token
from .console import ConsoleSettings
from .prices import PriceSettings

CALLBACK_PRESETS = ("zhangbei", "shanghai")
"""Quick Audience's two environments; any other callback address is given as a URL."""

_DATABASE = re.compile(r"sqlite:///.+|postgresql(\+psycopg)?://.+", re.DOTALL)


def is_database(url: str) -> bool:
    """Return whether an address has the form of a database's."""
    return bool(_DATABASE.fullmatch(url)) and ":memory:" not in url


def _database(url: str) -> str:
    if not is_database(url):
        raise ValueError("a database is sqlite:///PATH or postgresql://USER@HOST/NAME")
    return url


def _passwords(url: str) -> set[str]:
    """Return what may be the password, also of an unreadable address: up to the first @ or the last."""
    ends = (r"[^:]+://[^:/@]*:([^@]*)@", r"[^:]+://[^:/@]*:(.*)@")
    return {match[1] for end in ends if (match := re.match(end, url, re.DOTALL))}


def _callback(text: str) -> str:
    return text if text in CALLBACK_PRESETS else web_address(text)


def _keys(value: object) -> object:
    """Return a list of one for a key alone. Only a literal "" turns authentication off."""
    if isinstance(value, list) and "" in value:
        raise ValueError("write one key, or a list of different keys without an empty one")
    return (value,) if isinstance(value, str | SecretStr) else value


def _not_blank(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    if text and all(sign.isspace() or not sign.isprintable() for sign in text):
        raise ValueError("a key of blanks keeps nobody out")
    return key


Key = Annotated[SecretStr, AfterValidator(_not_blank)]


def _different(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    texts = [key.get_secret_value() for key in keys]
    if not texts or len(set(texts)) < len(texts) or (len(texts) > 1 and "" in texts):
        raise ValueError("write one key, or a list of different keys without an empty one")
    return keys


def _sign_status(status: ReviewStatus) -> ReviewStatus:
    if status is ReviewStatus.PARTIAL:
        raise ValueError("a signature is pending, approved or rejected")
    return status


def _sign(value: object) -> object:
    return {"status": value} if isinstance(value, str) else value


class BridgeSettings(SettingsModel):
    """The `[bridge]` table: what all channels share."""

    database: Annotated[str, AfterValidator(_database)] = Field("sqlite:///var/bridge.db", repr=False)
    """Where the ledger is: sqlite:///PATH (from this file's folder), or postgresql://USER:PASSWORD@HOST/NAME."""
    public_url: Annotated[str, AfterValidator(web_address)] = ""
    """The address under which vendors reach the bridge for their webhooks; "" when they cannot."""
    timezone: ZoneInfo = ZoneInfo("Asia/Shanghai")
    """The time zone of channels that name none, for quiet hours."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least important events that are logged: DEBUG, INFO, WARNING or ERROR."""
    log_format: Literal["json", "text"] = "json"
    """json (one object a line, for machines) or text (for people)."""
    metrics_dir: str = "var/metrics"
    """The folder in which this machine's processes add up their metrics; no other bridge may use it."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """The port on which workers alone on their machine show its metrics; beside a web, /metrics has them."""
    metrics_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """The address of this machine for metrics_port: one inside, at which Prometheus reaches it."""
    max_request_bytes: PositiveInt = 33_554_432
    """The largest request body Quick Audience may send, in bytes."""
    max_recipients: PositiveInt = 200_000
    """The most recipients one request may list."""
    signature_skew_s: PositiveInt = 300
    """How many seconds a request's timestamp may differ from our clock."""
    replay_hours: PositiveInt = 24
    """For how many hours a repeated send is recognised and answered without sending again."""
    env_file: str = ""
    """A file of NAME=value lines (mode 0600): variables that a process lacks, as in a person's shell."""
    retention_days: PositiveInt = 30
    """After how many days recipients, parameters and texts are deleted."""
    trusted_proxies: NonNegativeInt = 0
    """How many proxies in front of the bridge may tell the caller's address by X-Forwarded-For."""
    success_code: Literal["OK", "200"] = "OK"
    """OK or 200: the `code` of a successful answer to Quick Audience."""
    no_comments: Annotated[str, Field(min_length=1)] = "No review comments"
    """What marketers read as the reason of a review that has nothing to say, in their language."""
    error_status: Literal["http", "always_200"] = "http"
    """http: refusals carry the HTTP status 401, 403 or 404; always_200: only their `code` tells."""
    lease_s: PositiveInt = 120
    """After how many seconds a vendor call counts as lost and its outcome as unknown."""
    clocks_apart_s: NonNegativeFloat = CLOCKS_APART.total_seconds()
    """How many seconds the clocks of two machines may be apart; 0 where all processes run on one machine."""
    dispatch_threads: PositiveInt = 8
    """How many vendor calls one worker makes at a time, over all channels."""
    push_threads: PositiveInt = 4
    """How many callbacks to Quick Audience one worker makes at a time."""
    pool_size: Annotated[int, Field(ge=2)] = 16
    """The most connections to the database that one process opens."""
    batch_rows: PositiveInt = 1000
    """How many recipients one row of the ledger's queue holds."""
    poll_idle_s: PositiveFloat = 0.5
    """How many seconds a worker without work waits before it looks again."""
    file_hosts: tuple[str, ...] = ()
    """The hosts (and their subdomains) from which recipient files are taken; empty for any public host."""
    file_max_bytes: PositiveInt = 1_000_000_000
    """The largest recipient file, in bytes."""
    file_max_lines: PositiveInt = 5_000_000
    """The longest recipient file, in lines."""


class SignSettings(SettingsModel):
    """The review of a signature at a vendor that keeps no signatures itself."""

    status: Annotated[ReviewStatus, AfterValidator(_sign_status)]
    """pending, approved or rejected."""
    reason: str = ""
    """Why it was rejected."""


class ChannelSettings(SettingsModel):
    """A `[channels.NAME]` table: one SMS platform as Quick Audience sees it."""

    platform_name: Annotated[str, Field(min_length=1)]
    """The API name typed into Quick Audience's form, byte for byte."""
    key: Annotated[tuple[Key, ...], BeforeValidator(_keys), AfterValidator(_different)]
    """The key typed into Quick Audience's form; "" turns authentication off; a list to change it."""
    vendor: str = ""
    """The vendor's name, one of those shown by `sms-bridge plugins`; not for a channel with `accounts`."""
    callback_key: Key | None = None
    """The key that signs callbacks, when it is not `key`."""
    callback_url: Annotated[str, AfterValidator(_callback)] = ""
    """Where receipts and replies are pushed: zhangbei, shanghai, or a URL; "" pushes nothing."""
    receipts: Literal["push", "pull"] = "push"
    """push or pull, as chosen in Quick Audience's form: the bridge pushes receipts, or is asked for them."""
    hook_token: Annotated[SecretStr, AfterValidator(checked_token)] = SecretStr("")
    """The secret part of the vendor's webhook address, 16 characters or more."""
    allow_private: bool = False
    """Lets files, media and callbacks live at http and private addresses; for tests and closed networks."""
    default: bool = False
    """This channel also answers at /sms/... without its name; one channel at most."""
    allow_from: tuple[IPvAnyNetwork, ...] = ()
    """The networks (CIDR) from which Quick Audience may call; empty for any."""
    policies: tuple[str, ...] = ()
    """The policies that are asked before each send, in order; see `sms-bridge plugins`."""
    policy_settings: Mapping[str, dict[str, Any]] = Field(default_factory=dict, repr=False)
    """The settings of each policy, under its name."""
    settings: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    """The vendor's own settings; see the plugin's README."""
    accounts: Mapping[str, AccountSettings] = Field(default_factory=dict)
    """In place of `vendor`, `settings` and `hook_token`: the accounts to send through, the primary first."""
    route: Literal["failover", "weighted"] = "failover"
    """failover (the first account that works, in the order written) or weighted (shared by `weight`)."""
    failover_after_s: PositiveFloat = 10
    """How many seconds a message waits for an account that asks to slow down before another takes it."""
    routes: tuple[RouteSettings, ...] = ()
    """Which messages go through which accounts; the first that fits decides, without one all may."""
    approval: Literal["primary", "any", "all"] = "primary"
    """Whose review of a template Quick Audience sees: the primary account's, the best, or the worst."""
    rate_per_s: NonNegativeFloat = 0
    """The most messages a second, over all workers on all machines; 0 for no limit."""
    burst: NonNegativeInt = 0
    """How many messages may go at once after a pause; 0 for one second's worth."""
    concurrency: PositiveInt = 8
    """How many vendor calls of this channel one worker has in flight."""
    max_pending: PositiveInt = 5_000_000
    """How many recipients may wait; a send that would pass it is refused before anything is stored."""
    review: Literal["auto", "manual"] = "auto"
    """auto or manual: templates of a vendor without reviews are approved at once, or by an operator."""
    signs: Mapping[str, Annotated[SignSettings, BeforeValidator(_sign)]] = Field(default_factory=dict)
    """The signatures of a vendor that keeps none: name to approved, pending, or a table with a reason."""
    default_sign: str = ""
    """The signature under which templates are registered at vendors that ask for one."""
    digital_numbers: Literal["domestic", "international"] = "domestic"
    """How the numbers of digital messages are read: mainland, or country code and number for MMS."""
    opt_out_suffix: str = ""
    """The text put behind promotional messages that carry no opt-out text yet; "" for none.
    It is part of the text that vendors review: set it before the first template."""
    opt_out_word: str = ""
    """A further reply that means "leave me alone", beside R, T, TD, N and 退订."""
    unknown_policy: Literal["fail", "resend"] = "fail"
    """fail or resend: what becomes of messages whose outcome stays unknown; resend may send twice."""
    unknown_deadline_h: PositiveFloat = 72
    """After how many hours an unknown outcome or a missing receipt ends as failed."""
    reconcile_after_s: PositiveFloat = 30
    """After how many seconds the vendor is asked about an unknown outcome, at first; later less often."""
    poll_s: PositiveFloat = 60
    """How many seconds lie between two polls of a vendor that is polled for receipts or replies."""
    receipt_late_s: PositiveFloat = 600
    """After how many seconds without a receipt a polled vendor is asked about that very message."""
    push_give_up_h: PositiveFloat = 72
    """After how many hours a callback that Quick Audience does not take becomes a dead letter."""
    reply_window_h: PositiveFloat = 72
    """For how many hours after a message a reply counts as an answer to it."""
    push_batch: Annotated[int, Field(ge=1, le=500)] = 500
    """How many receipts or replies one callback carries."""
    send_status: Literal["string", "integer"] = "string"
    """string or integer: how callbacks write `sendStatus`."""
    timezone: ZoneInfo | None = None
    """The channel's time zone; without one, the bridge's."""
    language: Literal["en", "zh-CN"] = "en"
    """en or zh-CN: the language of what marketers read in answers and receipts; vendors' words stay."""

    @property
    def callback_secret(self) -> str:
        """The key that signs callbacks; "" signs nothing."""
        return self.signing_key if self.callback_key is None else self.callback_key.get_secret_value()

    @property
    def accepted_keys(self) -> tuple[str, ...]:
        """The keys that calls of Quick Audience may be signed with; none when authentication is off."""
        return tuple(key.get_secret_value() for key in self.key if key.get_secret_value())

    @property
    def signing_key(self) -> str:
        """The key that the bridge signs with itself, the first; "" without any."""
        return next(iter(self.accepted_keys), "")

    @property
    def all_accounts(self) -> dict[str, AccountSettings]:
        """The accounts by name, the primary first; without `accounts`, one that is named after the vendor."""
        if self.accounts or not self.vendor:
            return dict(self.accounts)
        sole = AccountSettings(vendor=self.vendor, settings=self.settings, hook_token=self.hook_token)
        return {self.vendor: sole}


class Settings(SettingsModel):
    """The whole file."""

    bridge: BridgeSettings = BridgeSettings()
    channels: Mapping[str, ChannelSettings]
    prices: tuple[PriceSettings, ...] = ()
    console: ConsoleSettings | None = None

    _referenced: frozenset[str] = PrivateAttr(default=frozenset())
    _unreplaced: tuple[str, ...] = PrivateAttr(default=())
    _lacking: frozenset[str] = PrivateAttr(default=frozenset())

    def lacks(self, channel: str) -> bool:
        """Return whether something of a channel is missing here, such as a secret that only services have."""
        return channel in self._lacking

    @property
    def unreplaced(self) -> tuple[str, ...]:
        """Return the TOML paths of values that look like a reference that nothing replaced."""
        return self._unreplaced

    def secrets(self) -> frozenset[str]:
        """Return every value that must not be shown: keys, tokens, the database's password, the console's
        secrets, and what plugin settings took from the environment or a file."""
        found = {*self._referenced, *secrets_of(self.console)}
        for password in _passwords(self.bridge.database):
            found |= {password, unquote(password)}
        for channel in self.channels.values():
            found |= set(secrets_of(channel))
        return frozenset(found - {""})


def secrets_of(value: object) -> Iterator[str]:
    """Yield the text of every SecretStr inside a model, a mapping or a sequence."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        yield from secrets_of(dict(value))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from secrets_of(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from secrets_of(item)
