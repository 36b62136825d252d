"""Every installed plugin, found through the entry points of the group "bridge" and loaded one by one.

A plugin that cannot be loaded is a problem to report, never a reason to stop: only a channel that names its
vendor or policy fails. Built-in plugins are found the same way as a third party's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, TypeVar

import pluggy

from bridge.plugin import API_VERSION, PluginSettings, Policy, Vendor, hookspecs
from bridge.plugin.hookspecs import OPERATIONS

GROUP = "bridge"
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_IMPLEMENTED = "bridge_impl"  # the attribute that `hookimpl` leaves on a function
_ASKED = ("screen_batch", "on_event")

Kind = TypeVar("Kind", type[Vendor], type[Policy])


class UnusablePlugin(Exception):
    """The plugin was imported but breaks a rule; the text says which."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point: what it offers, or the `error` that kept it out."""

    entry_point: str
    distribution: str = ""
    version: str = ""
    vendors: tuple[type[Vendor], ...] = ()
    policies: tuple[type[Policy], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Vendors and policies by name, the plugins they came from, and (entry point, error) of each problem."""

    vendors: Mapping[str, type[Vendor]] = field(default_factory=dict)
    policies: Mapping[str, type[Policy]] = field(default_factory=dict)
    plugins: tuple[Plugin, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


def discover(found: Iterable[EntryPoint] | None = None) -> Catalogue:
    """Load every entry point; names that two plugins offer are left out and reported."""
    points = sorted(entry_points(group=GROUP) if found is None else found, key=lambda point: point.name)
    plugins = tuple(_load(point) for point in points)
    problems = [(plugin.entry_point, plugin.error) for plugin in plugins if plugin.error]
    vendors = _by_name("vendor", [(p.entry_point, p.vendors) for p in plugins], problems)
    policies = _by_name("policy", [(p.entry_point, p.policies) for p in plugins], problems)
    return Catalogue(vendors, policies, plugins, tuple(problems))


def hooks_of(kind: type[Vendor] | type[Policy]) -> tuple[str, ...]:
    """Return the hooks that a vendor's or policy's class implements, in alphabetical order."""
    names = (*OPERATIONS, *_ASKED)
    return tuple(sorted(name for name in names if hasattr(getattr(kind, name, None), _IMPLEMENTED)))


def _load(point: EntryPoint) -> Plugin:
    distribution = point.dist.name if point.dist else ""
    version = point.dist.version if point.dist else ""
    try:
        vendors, policies = _offered(point.name, point.load())
    except ModuleNotFoundError as error:
        problem = f"It needs the Python package {error.name}, which is not installed."
    except UnusablePlugin as error:
        problem = str(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a third-party module may fail in any way
        problem = f"It cannot be loaded: {type(error).__name__}: {error}"
    else:
        return Plugin(point.name, distribution, version, vendors, policies)
    return Plugin(point.name, distribution, version, error=problem)


def _offered(name: str, module: ModuleType) -> tuple[tuple[type[Vendor], ...], tuple[type[Policy], ...]]:
    _check_version(getattr(module, "bridge_api", API_VERSION[0]))
    room = pluggy.PluginManager("bridge")
    room.add_hookspecs(hookspecs)
    room.register(module, name)
    room.check_pending()
    vendors = _classes(room.hook.register_vendors(), Vendor)
    policies = _classes(room.hook.register_policies(), Policy)
    if not vendors and not policies:
        raise UnusablePlugin("It registers neither a vendor nor a policy.")
    return vendors, policies


def _check_version(major: object) -> None:
    if major != API_VERSION[0]:
        ours = ".".join(map(str, API_VERSION))
        raise UnusablePlugin(
            f"It was built for version {major} of the plugin API, and this bridge has {ours}: "
            f"install a release of the plugin for version {API_VERSION[0]}."
        )


def _classes(answers: Sequence[Sequence[Any]], base: Kind) -> tuple[Kind, ...]:
    offered = tuple(item for answer in answers for item in answer)
    for item in offered:
        _check_class(item, base)
    return offered


def _check_class(item: Any, base: type[Vendor] | type[Policy]) -> None:
    if not (isinstance(item, type) and issubclass(item, base)):
        raise UnusablePlugin(f"It registers {item!r}, which is no subclass of {base.__name__}.")
    name = getattr(item, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UnusablePlugin(f"{item.__name__}.name must be lower-case letters, digits, - and _.")
    if not (isinstance(item.settings_model, type) and issubclass(item.settings_model, PluginSettings)):
        raise UnusablePlugin(f"{item.__name__}.settings_model must be a subclass of PluginSettings.")
    for hook in (*OPERATIONS, *_ASKED):
        method = getattr(item, hook, None)
        if method is not None and not hasattr(method, _IMPLEMENTED):
            raise UnusablePlugin(f"{item.__name__}.{hook} lacks its @hookimpl.")


def _by_name(
    what: str, offers: Iterable[tuple[str, Sequence[Kind]]], problems: list[tuple[str, str]]
) -> dict[str, Kind]:
    owners: dict[str, list[str]] = {}
    classes: dict[str, Kind] = {}
    for entry_point, offered in offers:
        for kind in offered:
            owners.setdefault(kind.name, []).append(entry_point)
            classes[kind.name] = kind
    for name, entries in owners.items():
        if len(entries) > 1:
            del classes[name]
            problems.append((", ".join(entries), f"The {what} {name} is offered more than once."))
    return classes
