"""A channel's settings for a person's eyes: every one, and no secret."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, SecretStr

from bridge import logs
from bridge.channels import OpenChannel

HIDDEN = "(set)"
UNSET = "(not set)"
_ELSEWHERE = frozenset({"accounts", "settings", "vendor", "hook_token"})
"""What stands at the accounts instead."""


@dataclass(frozen=True, slots=True)
class SeenSetting:
    """One setting: where it stands below its channel, and its value as text, secrets hidden."""

    name: str
    value: str
    default: bool


def described(channel: OpenChannel, hidden: Collection[str]) -> list[SeenSetting]:
    """Return the settings of a channel and its accounts; what is in `hidden` is not shown either."""
    found = list(_of_model("", channel.settings, hidden, without=_ELSEWHERE))
    for account in channel.accounts.values():
        path = f"accounts.{account.name}."
        found += _of_model(path, account.settings, hidden, without={"settings"})
        found += _of_model(f"{path}settings.", account.channel.settings, hidden)
    return found


def _of_model(
    path: str, model: BaseModel, hidden: Collection[str], without: Collection[str] = ()
) -> Iterator[SeenSetting]:
    for name, field in type(model).model_fields.items():
        if name in without:
            continue
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _of_model(f"{path}{name}.", value, hidden)
            continue
        plain = field.get_default(call_default_factory=True, validated_data={})
        yield SeenSetting(f"{path}{name}", _text(value, hidden), value == plain)


def _text(value: object, hidden: Collection[str]) -> str:
    match value:
        case SecretStr():
            return HIDDEN if value.get_secret_value() else UNSET
        case None | "":
            return UNSET
        case BaseModel():
            return _text(dict(value), hidden)
        case Mapping():
            return ", ".join(f"{key}: {_text(item, hidden)}" for key, item in value.items()) or UNSET
        case list() | tuple() | set() | frozenset():
            return ", ".join(_text(item, hidden) for item in value) or UNSET
    text = str(value)
    shown = text if isinstance(value, int | float) else logs.masked(text)  # a count is no phone number
    return HIDDEN if any(secret in text for secret in hidden) else shown
