"""What an operator is asked for when a channel is begun: `sms-bridge init` asks every vendor's class."""

import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from .settings import PluginSettings


@dataclass(frozen=True, slots=True)
class Question:
    """One setting of a vendor, with the sentence that asks for it.

    `place` is where it stands in the channel's settings; its last part is what the operator calls it.
    Without `needed` it is not asked for, and may be given all the same. A `secret` is kept out of the file.
    """

    place: tuple[str, ...]
    meaning: str
    secret: bool = False
    needed: bool = True

    @property
    def name(self) -> str:
        """What the operator calls it."""
        return self.place[-1]

    def value(self, text: str) -> Any:
        """Return the setting that was typed: a table or list as TOML has it, else the text as it is.

        Raises ValueError.
        """
        if self.secret or not text.startswith(("{", "[")):
            return text
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f'it begins like TOML ({{ "Acme" = "1" }}), and is none: {error}') from None


@dataclass(frozen=True, slots=True)
class Beginning:
    """One way to begin a channel with this vendor: fixed settings, what is asked, what to do at the vendor.

    In `at_vendor`, `{hook_url}` stands for the address of the channel's webhooks, `{public_url}` for that of
    the bridge, `{channel}` for the channel's name and `{NAME_port}` for the port of the address that was
    answered for the setting NAME.
    """

    name: str
    title: str
    questions: tuple[Question, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    at_vendor: tuple[str, ...] = ()


def questions_of(model: type[PluginSettings]) -> Iterator[Question]:
    """Return a question for every setting of a model; its sentence is the text below the setting."""
    for name, field_info in model.model_fields.items():
        yield Question(
            (field_info.alias or name,),
            _sentence(name, field_info),
            secret=any(_within(kind, SecretStr) for kind in _kinds(field_info.annotation)),
            needed=field_info.is_required(),
        )


def _sentence(name: str, field_info: FieldInfo) -> str:
    text = field_info.description or name.replace("_", " ")
    return text.rstrip(".")


def _kinds(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        yield from get_args(annotation)
    else:
        yield annotation


def _within(kind: Any, wanted: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, wanted)
