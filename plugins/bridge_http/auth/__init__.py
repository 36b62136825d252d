"""Who is calling: requests prove who we are, webhooks prove who they are. One file per scheme, found here.

A file of this folder defines a class (or two) derived from `Auth`, `Sign` or `Verify`: its fields are the
keys of the recipe's table, its method applies the scheme. Nothing else has to know of it.
"""

import operator
import pkgutil
from functools import reduce
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import Discriminator, Tag

from .base import Auth, Scheme, Sign, Verify

_DEFAULT: dict[type[Scheme], str] = {Verify: "equals"}


def _schemes(kind: type[Scheme]) -> dict[str, type[Scheme]]:
    """Find the schemes of a kind by the names recipes give them."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, kind) and "scheme" in value.model_fields:
                (name,) = get_args(value.model_fields["scheme"].annotation)
                found[name] = value
    return dict(sorted(found.items()))


SCHEMES: dict[str, dict[str, type[Scheme]]] = {
    kind.__name__.lower(): _schemes(kind) for kind in (Auth, Sign, Verify)
}
"""The schemes under `auth`, `sign` and `verify`, by name."""


def _any_of(kind: type[Scheme]) -> Any:
    """Build the type of a recipe's table: one of the schemes, told apart by `scheme`."""

    def name_of(value: Any) -> Any:
        default = _DEFAULT.get(kind)
        return value.get("scheme", default) if isinstance(value, dict) else getattr(value, "scheme", None)

    tagged = [Annotated[scheme, Tag(name)] for name, scheme in SCHEMES[kind.__name__.lower()].items()]
    return Annotated[reduce(operator.or_, tagged), Discriminator(name_of)]


if TYPE_CHECKING:
    AnyAuth = Auth
    AnySign = Sign
    AnyVerify = Verify
else:
    AnyAuth, AnySign, AnyVerify = _any_of(Auth), _any_of(Sign), _any_of(Verify)

__all__ = ["SCHEMES", "AnyAuth", "AnySign", "AnyVerify", "Auth", "Scheme", "Sign", "Verify"]
