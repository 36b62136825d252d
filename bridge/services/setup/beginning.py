"""The first configuration: from a few answers to a file without secrets, an environment, and two forms.

Nothing is written before the whole of it was read, validated and opened as the bridge will open it.
"""

import errno
import ipaddress
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from bridge.channels import OpenChannel, discover, open_channels
from bridge.channels.beginnings import beginnings_of
from bridge.channels.registry import close_channels
from bridge.ledger import open_ledger
from bridge.plugin import Beginning, Question
from bridge.settings import Fault, Settings, SettingsFaults, dotted, examine, faults_of

from ..history import ChannelHistory
from .writing import write_together

CONFIG, ENVIRONMENT = "bridge.toml", "env"
SQLITE = "sqlite:///var/bridge.db"
_ETC, _STATE = "/etc", "/var/lib"

# What systemd, a shell and a container's --env-file read alike; all else goes to a file of its own.
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_LOCAL = "The bridge cannot ask this vendor about signatures: approved, pending or rejected is your word."
_PROXY = "A proxy such as nginx stands in front and speaks https; 0 where none does."
_REFERENCES = ("env:", "file:")

Say = Callable[[str], str]
"""Says a text in a person's language."""


def phrase(text: str) -> str:
    """Return a text as it is; it marks what is said in the reader's language later."""
    return text


@dataclass(frozen=True, slots=True)
class Answers:
    """What the operator answered; `settings` has the vendor's by the name of their question."""

    platform_name: str
    quick_audience: str
    vendor: str
    beginning: Beginning
    settings: Mapping[str, str]
    database: str
    public_url: str
    sign: str
    channel: str = "promo"
    language: str = "en"
    metrics_dir: str = ""


@dataclass(frozen=True, slots=True)
class FirstFiles:
    """The configuration's text, what goes into the environment, and secrets that need files of their own."""

    config: str
    environment: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)

    def environment_text(self) -> str:
        """Return the environment as systemd, a shell and a container read it."""
        head = "# The secrets of bridge.toml, one NAME=value a line. Keep it to yourself.\n"
        return head + "".join(f"{name}={value}\n" for name, value in self.environment.items())


@dataclass(frozen=True, slots=True)
class Begun:
    """The files, and the settings that they give."""

    files: FirstFiles
    settings: Settings


def known() -> tuple[dict[str, tuple[str, Beginning]], list[tuple[str, str]]]:
    """Return vendor and beginning by name, and (vendor, error) of each that cannot say its own."""
    return beginnings_of(discover())


def wrong_setting(vendor: str, beginning: Beginning, question: Question, text: str) -> str:
    """Return what the vendor's own rules find wrong with one answer, as far as it alone can tell, else ""."""
    if text.startswith(_REFERENCES):
        return ""
    try:
        value = question.value(text)
    except ValueError as error:
        return f"This cannot be read: {error}."
    model = discover().vendors[vendor].settings_model
    try:
        model.model_validate(_placed(beginning.settings, question.place, value))
    except ValidationError as error:
        path = dotted(*question.place)
        own = [one for one in faults_of(error, "", model) if one.path == path]
        return " ".join(f"{one.problem} {one.advice}".strip() for one in own)
    return ""


def _placed(tree: Mapping[str, Any], place: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a tree with one value more."""
    name, *rest = place
    return {**tree, name: _placed(tree.get(name, {}), rest, value) if rest else value}


def state_of(folder: Path) -> Path | None:
    """Return the folder of /var/lib for a configuration in /etc, which no service may write to; else None."""
    whole = Path(os.path.normpath(folder.absolute()))
    if not whole.is_relative_to(_ETC):
        return None
    return Path(_STATE, *(whole.relative_to(_ETC).parts or ("sms-bridge",)))


def database_of(folder: Path) -> str:
    """Return the database that is offered for a configuration in `folder`."""
    state = state_of(folder)
    return SQLITE if state is None else f"sqlite:///{state / 'bridge.db'}"


def begin(answers: Answers) -> Begun:
    """Compose and try a first configuration. Raises SettingsFaults with all that is wrong.

    A vendor that keeps no signatures gets the one that was named as approved: nobody else could say so.
    """
    drawn = _Drawn(secrets.token_urlsafe(32), secrets.token_urlsafe(24))
    files = _compose(answers, drawn, signs=False)
    settings, keeps_signs = _tried(files, answers.channel)
    if not keeps_signs:
        files = _compose(answers, drawn, signs=True)
        settings, _ = _tried(files, answers.channel)
    return Begun(files, settings)


def write(files: FirstFiles, folder: Path) -> None:
    """Write the files into `folder`, secrets for their owner alone; overwrite nothing.

    Raises FileExistsError, or OSError with what could not be written: then there is none of them.
    """
    texts = {CONFIG: (files.config, 0o644), ENVIRONMENT: (files.environment_text(), 0o600)}
    texts |= {name: (text, 0o600) for name, text in files.files.items()}
    for name in texts:
        if os.path.lexists(folder / name):
            raise FileExistsError(
                errno.EEXIST, "there is a file already, and init never overwrites one", str(folder / name)
            )
    write_together({folder / name: text for name, text in texts.items()})


def form(settings: Settings, channel: str, say: Say) -> list[tuple[str, str]]:
    """Return Quick Audience's form, field by field, in the language that is said.

    The key is shown, for it has to be typed there.
    """
    chosen = settings.channels[channel]
    address = settings.bridge.public_url or "https://YOUR-PUBLIC-ADDRESS"
    pushed = chosen.receipts == "push"
    return [
        (say(phrase("API name")), chosen.platform_name),
        (say(phrase("Callback URL")), f"{address}/{channel}"),
        (say(phrase("Authentication")), "Key"),
        ("Key", chosen.signing_key),
        (
            say(phrase("Unsubscribe text")),
            say(phrase("whatever your messages shall end with; the bridge adds none")),
        ),
        (
            say(phrase("Mobile-originated messages")),
            say(phrase("on, with an ADB 3.0 analysis source, if you want replies")),
        ),
        (
            say(phrase("Receipt mode")),
            say(phrase("the third party pushes") if pushed else phrase("Quick Audience queries")),
        ),
        (say(phrase("Scope")), say(phrase("the workspaces that may use it"))),
        (say(phrase("Afterwards, add the signature")), chosen.default_sign),
    ]


def at_vendor(answers: Answers, settings: Settings, say: Say) -> list[str]:
    """Return what is to be done at the vendor, with this bridge's addresses, in the language that is said."""
    beginning, channel = answers.beginning, answers.channel
    token = settings.channels[channel].hook_token.get_secret_value()
    lines = beginning.at_vendor
    if not token:
        lines = tuple(line for line in lines if "{hook_url}" not in line and "Address" not in line)
    names = {
        "{public_url}": settings.bridge.public_url,
        "{hook_url}": f"{settings.bridge.public_url}/hooks/{channel}/{token}",
        "{channel}": channel,
    } | dict(_ports(answers))
    return [_filled(say(line), names) for line in lines]


def _ports(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield the port of each address that was answered, by the word that stands for it."""
    for name, text in answers.settings.items():
        word = f"{{{name}_port}}"
        if any(word in line for line in answers.beginning.at_vendor):
            parts = urlsplit(text)
            yield word, str(parts.port or (443 if parts.scheme == "https" else 80))


def _filled(line: str, names: Mapping[str, str]) -> str:
    for name, text in names.items():
        line = line.replace(name, text)
    return line


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Fresh secrets: the channel's key and the token of its webhooks."""

    key: str
    hook_token: str


def _tried(files: FirstFiles, channel: str) -> tuple[Settings, bool]:
    """Open the configuration somewhere else. Returns the settings, and if the vendor knows signatures."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        write(files, folder)
        settings, faults = examine(folder / CONFIG, {**os.environ, **files.environment}, cwd=folder)
        if settings is None or faults:
            raise SettingsFaults(faults)
        ledger = open_ledger(f"sqlite:///{folder}/none.db", pool_size=1)
        try:
            opened = open_channels(settings, discover(), lambda name: ChannelHistory(ledger, name, time.time))
            keeps_signs = _knows_signs(opened[channel])
            close_channels(opened)
        finally:
            ledger.close()
    return settings, keeps_signs


def _knows_signs(channel: OpenChannel) -> bool:
    return channel.hooks.supports("query_sign")


def _compose(answers: Answers, drawn: _Drawn, *, signs: bool) -> FirstFiles:
    keeping = _Keeping(answers.channel.upper().replace("-", "_"))
    channel: dict[str, Any] = {
        "platform_name": answers.platform_name,
        "key": keeping.kept("KEY", drawn.key),
        "vendor": answers.vendor,
        "callback_url": answers.quick_audience,
        "receipts": "push",
        "default_sign": answers.sign,
        "policies": ["suppression"],
    }
    if answers.language != "en":
        channel["language"] = answers.language
    if answers.public_url:
        channel["hook_token"] = keeping.kept("HOOK_TOKEN", drawn.hook_token)
    settings, comments = _vendor_settings(answers, keeping)
    if any(_is_inside(text) for text in (answers.quick_audience, *answers.settings.values())):
        channel["allow_private"] = True
    head = f"channels.{answers.channel}"
    lines = [
        "# Written by `sms-bridge init`. Every other setting has its default; config/bridge.toml of the",
        "# repository shows them all. The secrets are in the file env beside this one.",
        *_table("bridge", _bridge_table(answers, keeping), {"trusted_proxies": _PROXY}),
        *_table(head, channel),
        *(_table(f"{head}.signs", {answers.sign: "approved"}, {answers.sign: _LOCAL}) if signs else ()),
        *_table(f"{head}.settings", settings, comments),
    ]
    return FirstFiles("\n".join(lines) + "\n", keeping.environment, keeping.files)


def _bridge_table(answers: Answers, keeping: "_Keeping") -> Mapping[str, Any]:
    database = answers.database
    if urlsplit(database).password:
        database = keeping.kept("", database, name="SMS_BRIDGE_DATABASE")
    bridge: dict[str, Any] = {"database": database, "public_url": answers.public_url}
    if answers.metrics_dir:
        bridge["metrics_dir"] = answers.metrics_dir
    if answers.public_url.startswith("https://"):
        bridge["trusted_proxies"] = 1
    return bridge


class _Keeping:
    """Where secrets are kept: in the environment, or in a file where one would need quotes there."""

    def __init__(self, prefix: str) -> None:
        # A variable that begins with a digit is none to a shell.
        self._prefix = prefix if prefix[0].isalpha() else f"CHANNEL_{prefix}"
        self.environment: dict[str, str] = {}
        self.files: dict[str, str] = {}

    def kept(self, what: str, value: str, *, name: str = "") -> str:
        """Keep a secret. Returns the reference to it; one that is a reference already stays it."""
        if value.startswith(_REFERENCES):
            return _absolute(value)
        name = name or f"{self._prefix}_{what}"
        if _PLAIN.fullmatch(value):
            self.environment[name] = value
            return f"env:{name}"
        path = f"secrets/{name.lower()}"
        self.files[path] = value
        return f"file:{path}"


def _absolute(reference: str) -> str:
    """Return a reference that means the same wherever the configuration lies."""
    kind, _, name = reference.partition(":")
    return f"file:{Path(name).absolute()}" if kind == "file" else reference


def _vendor_settings(answers: Answers, keeping: _Keeping) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the vendor's settings as a tree, and the sentence of each at its top. Raises SettingsFaults."""
    tree: dict[str, Any] = dict(answers.beginning.settings)
    comments: dict[str, str] = {}
    faults: list[Fault] = []
    for question in answers.beginning.questions:
        text = answers.settings.get(question.name, "")
        if not text:
            continue
        try:
            value = question.value(text)
        except ValueError as error:
            faults.append(Fault(question.name, f"This cannot be read: {error}."))
            continue
        if question.secret:
            value = keeping.kept(f"VENDOR_{question.name.upper().replace('-', '_')}", value)
        elif isinstance(value, str) and value.startswith(_REFERENCES):
            value = _absolute(value)
        table = tree
        for part in question.place[:-1]:
            table = table.setdefault(part, {})
        table[question.place[-1]] = value
        comments[question.place[0]] = "" if len(question.place) > 1 else question.meaning
    if faults:
        raise SettingsFaults(faults)
    return tree, comments


def _is_inside(address: str) -> bool:
    """Return True for an address that is plain http or of a closed network: a channel must allow it."""
    parts = urlsplit(address) if "://" in address else None
    if parts is None or parts.scheme not in ("http", "https"):
        return False
    try:
        return parts.scheme == "http" or ipaddress.ip_address(parts.hostname or "").is_private
    except ValueError:
        return parts.hostname == "localhost"


def _table(name: str, values: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield a table of TOML, a line each."""
    yield ""
    yield f"[{name}]"
    for key, value in values.items():
        if comment := (comments or {}).get(key):
            yield f"# {comment}"
        yield f"{_quoted(key)} = {_written(value)}"


def _written(value: Any) -> str:
    """Return a value as TOML has it."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_quoted(str(key))} = {_written(one)}" for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str):
        return _quoted(value, bare=False)
    return json.dumps(value)


def _quoted(text: str, *, bare: bool = True) -> str:
    if bare and re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
