"""What is wrong with a configuration, in words an operator can act on."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

NO_SUCH_SETTING = "There is no such setting."
_RENAMED = {"chunk_rows": "batch_rows"}
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its TOML path (`channels.promo.key`), the problem and the advice, one sentence each.

    `apart`: it is the name that is wrong, not what stands under it; so neither follows from the other.
    `absent`: a variable or file that a reference names is not there for this process.
    No text of a fault quotes a secret.
    """

    path: str
    problem: str
    advice: str = ""
    apart: bool = False
    absent: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.problem} {self.advice}".rstrip()

    def touches(self, path: str) -> bool:
        """Return True when `path` is this fault's own, above it or below it; never for one apart."""
        if self.apart:
            return False
        return self.path == path or _above(self.path, path) or _above(path, self.path)


class SettingsFaults(Exception):
    """The configuration cannot be used; `faults` holds every reason."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def dotted(*keys: str | int, under: str = "") -> str:
    """Return keys as a TOML path below `under`; quoted where TOML would, indices in brackets."""
    path = under
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
            continue
        text = key if _BARE_KEY.fullmatch(key) else f'"{key}"'
        path += f".{text}" if path else text
    return path


def without_repeats(faults: Iterable[Fault], known: Iterable[Fault]) -> list[Fault]:
    """Return those of `faults` that do not merely follow from a fault in `known` above or below them."""
    known = list(known)
    return [fault for fault in faults if fault.apart or not any(one.touches(fault.path) for one in known)]


def faults_of(error: ValidationError, path: str, model: type[BaseModel]) -> list[Fault]:
    """Return the faults of a model's validation; `path` is where the model stands in the file."""
    return [_fault(detail, path, model) for detail in error.errors(include_url=False, include_input=False)]


def _fault(detail: ErrorDetails, path: str, model: type[BaseModel]) -> Fault:
    keys = [key for key in detail["loc"] if key != "[key]"]
    where = dotted(*keys, under=path)
    model, keys = _innermost(model, keys)
    field = model.model_fields.get(str(keys[0])) if keys else None
    meaning = _first_sentence(field.description) if field and field.description else ""
    if detail["type"] == "missing":
        return Fault(where, "This setting is missing.", f"Add it: {meaning}" if meaning else "Add it.")
    if detail["type"] == "extra_forbidden":
        return Fault(where, NO_SUCH_SETTING, _nearest(keys, model))
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    return Fault(
        where, f"{message[0].upper()}{message[1:]}.", f"Correct it: {meaning}" if meaning else "Correct it."
    )


def _innermost(model: type[BaseModel], keys: list[int | str]) -> tuple[type[BaseModel], list[int | str]]:
    """Return the model of the table that the keys lead into, and the keys inside it."""
    for index, key in enumerate(keys[:-1]):
        field = model.model_fields.get(str(key))
        inner = _model_in(field.annotation) if field else None
        if inner is not None:
            # A table of tables, or a list of them, has a name or a number between.
            rest = keys[index + 1 :] if field and _is_table(field.annotation) else keys[index + 2 :]
            return _innermost(inner, rest) if rest else (model, keys)
    return model, keys


def _is_table(annotation: object) -> bool:
    """Return True for one table, which may be left out; not for several by name or number."""
    return isinstance(annotation, type) or type(None) in get_args(annotation)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(one) for one in get_args(annotation))
    return next((one for one in found if one is not None), None)


def _nearest(keys: list[int | str], model: type[BaseModel]) -> str:
    if renamed := _RENAMED.get(str(keys[-1])):
        return f"It is called {renamed} now."
    close = difflib.get_close_matches(str(keys[0]), model.model_fields, n=1) if len(keys) == 1 else []
    return f"Did you mean {close[0]}?" if close else "Remove it."


def _first_sentence(text: str) -> str:
    return " ".join(text.split(". ")[0].split()).rstrip(".") + "."


def _above(path: str, other: str) -> bool:
    return other.startswith((f"{path}.", f"{path}["))
