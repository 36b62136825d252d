"""What the console's pages are: an address, who may open it, and the function that answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.services.desk.signing_in import Role

from .tables import Table


class NotAllowed(Exception):
    """A person asks for what the role does not allow."""


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows: its tables, the main one first, and the facts beside them."""

    tables: Sequence[Table]
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What a deed did, as a phrase with values in it, and the page that shows it."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    back: str = ""


@dataclass(frozen=True, slots=True)
class PageRoute:
    """A page, also as .csv and .json. Parts of its address are handed on in `Asked`."""

    name: str
    rule: str
    view: Callable[..., View]
    role: Role = Role.VIEWER


@dataclass(frozen=True, slots=True)
class Deed:
    """What a form does: something is changed, then a page is shown."""

    name: str
    rule: str
    do: Callable[..., Done]
    role: Role = Role.OPERATOR
