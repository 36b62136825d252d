"""Hears what is told to metrics and traces: names, labels, attributes, values, exemplars, statuses, baggage.

They stand where everybody may read them, in the bridge's own exporters or in those of a plugin.
"""

import contextvars
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from .swapping import rebound, swapped
from .watch import Watch

_SPAN = "an attribute of a trace"
_SPANS = dict.fromkeys(
    (
        *("set_attribute", "set_attributes", "add_event", "add_link", "update_name", "set_status"),
        *("record_exception", "start_span", "start_as_current_span"),
    ),
    _SPAN,
)
_MEASURES = dict.fromkeys(("add", "record", "set"), "an attribute of a metric")
_METRICS = {
    "__init__": "the name of a metric",
    "labels": "a label of a metric",
    **dict.fromkeys(("inc", "dec", "set", "observe", "info", "state"), "the value of a metric"),
}
_HEARD: Mapping[str, Mapping[str, str]] = {
    "prometheus_client.metrics": _METRICS,
    "opentelemetry.trace": _SPANS,
    "opentelemetry.trace.span": _SPANS,
    "opentelemetry.sdk.trace": _SPANS,
    "opentelemetry.metrics._internal.instrument": _MEASURES,
    "opentelemetry.sdk.metrics._internal.instrument": _MEASURES,
}
"""Modules whose classes have these methods, and what is told by them."""
_BAGGAGE = "opentelemetry.baggage"
_BINDING = {
    "structlog.contextvars": ("bind_contextvars", "bound_contextvars"),
    "structlog.threadlocal": ("bind_threadlocal", "bound_threadlocal"),
}
"""What writes words into every later line of the log, by whomever that is written."""
_CONTEXT = "the context of every line of the log"
_LEFT = "a variable of the context"


@contextmanager
def overhearing_metrics(watch: Watch) -> Iterator[None]:
    """Note in `watch.aside` what is told to metrics and traces until the end of the block."""
    importlib.import_module("prometheus_client.metrics")
    with ExitStack() as stack:
        for module, methods in _HEARD.items():
            for kind in _classes(module):
                for name in methods.keys() & vars(kind).keys():
                    noted = _noting(watch, methods[name], vars(kind)[name], since=1)
                    stack.enter_context(swapped(kind, name, noted))
        if _BAGGAGE in sys.modules:
            put = sys.modules[_BAGGAGE].set_baggage
            noted = _noting(watch, "the baggage of a trace", put)
            stack.enter_context(swapped(sys.modules[_BAGGAGE], "set_baggage", noted))
            stack.enter_context(rebound(watch.names, put, noted))
        for module, names in _BINDING.items():
            for name in names if module in sys.modules else ():
                bind = getattr(sys.modules[module], name)
                noted = _noting(watch, _CONTEXT, bind)
                stack.enter_context(swapped(sys.modules[module], name, noted))
                stack.enter_context(rebound(watch.names, bind, noted))
        yield


@contextmanager
def overhearing_context(watch: Watch) -> Iterator[None]:
    """Note in `watch.aside` what is left in variables of the context."""
    before = contextvars.copy_context()
    try:
        yield
    finally:
        for variable, value in contextvars.copy_context().items():
            if variable not in before or before[variable] is not value:
                watch.aside.append((_LEFT, f"{variable.name} {value}"))


def _classes(module: str) -> list[type]:
    """Return the classes of a module that is imported; of one that is not, nobody tells anything."""
    found = vars(sys.modules[module]).values() if module in sys.modules else ()
    return [each for each in found if isinstance(each, type) and each.__module__ == module]


def _noting(watch: Watch, place: str, function: Callable[..., Any], since: int = 0) -> Callable[..., Any]:
    def noted(*args: Any, **kwargs: Any) -> Any:
        told = [*args[since:], *kwargs.values()]
        # A status keeps its words to itself.
        words = [*map(str, told), *(str(getattr(each, "description", "")) for each in told)]
        watch.aside.append((place, " ".join(words)))
        return function(*args, **kwargs)

    return noted
