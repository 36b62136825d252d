"""What a parsed expression or path tells before it is ever computed: arguments and secrets."""

import inspect
from collections.abc import Collection, Iterator
from typing import Any

from jinja2 import nodes

from . import filters, functions


def filter_faults(whole: nodes.Node) -> Iterator[str]:
    """Tell of each filter that there is not, or that has too many or too few arguments."""
    for used in whole.find_all(nodes.Filter):
        yield from _misfit(used.name, used.args, used)
        first = used.args[0] if used.name == "map" and used.args else None
        if isinstance(first, nodes.Const):
            yield from _misfit(first.value, used.args[1:], used)


def _misfit(name: str, arguments: list[nodes.Expr], used: nodes.Filter) -> Iterator[str]:
    found = filters.FILTERS.get(name)
    if found is None:
        yield f"there is no filter {name!r}"
        return
    if used.dyn_args is not None or used.dyn_kwargs is not None:
        return
    function = inspect.unwrap(found)
    # Jinja2 hands some of its own the context before the value.
    given = (2 if hasattr(function, "jinja_pass_arg") else 1) + len(arguments)
    try:
        named = {str(each.key): None for each in used.kwargs}
        inspect.signature(function).bind(*range(given), **named)
    except TypeError as problem:
        yield f"the filter {name!r} cannot be used so: {problem}"


def shown(whole: nodes.Node, sealed: Collection[str]) -> list[str]:
    """Return the names among `sealed` that stand elsewhere than in the key of an HMAC."""
    keys = {
        id(name)
        for used in whole.find_all(nodes.Filter)
        if used.name.startswith("hmac_")
        for argument in used.args
        for name in nodes.Output([argument]).find_all(nodes.Name)
    }
    return [name.name for name in whole.find_all(nodes.Name) if name.name in sealed and id(name) not in keys]


def call_faults(node: Any) -> Iterator[str]:
    """Tell of each function that a parsed path calls with too many or too few arguments."""
    if not isinstance(node, dict):
        return
    if node["type"] == "function_expression":
        signature = functions.SIGNATURES[node["value"]]
        given, wanted = len(node["children"]), len(signature)
        variadic = bool(signature) and signature[-1].get("variadic", False)
        if given < wanted or (given > wanted and not variadic):
            least = "at least " if variadic else ""
            yield f"the function {node['value']!r} takes {least}{wanted} arguments, not {given}"
    for child in node["children"]:
        yield from call_faults(child)
