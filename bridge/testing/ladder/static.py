"""What can be said of a plugin by looking at it: its hooks, imports, settings and README."""

import ast
import inspect
import re
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from bridge.channels.catalogue import GROUP, discover
from bridge.plugin import ConfigurationFault, PluginSettings, Vendor, hookspecs

from ..play.leaks import Leaks, secrets_of
from ..play.stage import Stage, minimal
from .places import package_of, project_of

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:secrets?|pass(?:word|wd|phrase|code)?s?|pwd|pin|tokens?|credentials?|api_?keys?|auth_?keys?"
    r"|(?:access|account|app|client|hmac|master|private|secret|server|service|session|shared|sign|signing"
    r"|signature|user|webhook)_?keys?|key|bearer)$"
)
_PLAIN = re.compile(r"http://(?!(?:localhost|127\.|\[::1\])(?:[:/]|[0-9.]*(?:[:/]|$)|$))", re.IGNORECASE)
_PUBLIC = "or say in `public_settings` of the table why it is none"


def hook_faults(vendor: type[Vendor]) -> list[str]:
    """Find methods that are no hooks though they look it, and hooks that do not fit their spec."""
    specs = {name: inspect.signature(spec) for name, spec in _specs()}
    faults = []
    for name in sorted(name for name in dir(vendor) if not name.startswith("__")):
        method = inspect.getattr_static(vendor, name)
        options = getattr(method, "bridge_impl", None)
        if options is None:
            if name in hookspecs.OPERATIONS:
                faults.append(f"{name} lacks @hookimpl: the bridge will never call it")
            continue
        if name not in specs:
            faults.append(f"{name} is marked @hookimpl but there is no such hook")
            continue
        if options.get("wrapper") or options.get("hookwrapper"):
            faults.append(f"{name} is a wrapper: a vendor answers its operations itself")
        if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
            faults.append(f"{name} must be an ordinary function")
        faults += _signature_faults(name, inspect.signature(method), specs[name])
    return faults


def _specs() -> Iterator[tuple[str, Any]]:
    for name, spec in vars(hookspecs).items():
        if hasattr(spec, "bridge_spec"):
            yield name, spec


def _signature_faults(name: str, method: inspect.Signature, spec: inspect.Signature) -> list[str]:
    taken = list(method.parameters.values())[1:]
    wanted = list(spec.parameters)
    unknown = [each.name for each in taken if each.name not in wanted]
    if unknown:
        return [f"{name} takes {', '.join(unknown)}; the hook offers {', '.join(wanted)}"]
    # pluggy passes nothing to an argument with a default, and drops those a method does not name.
    if [each.name for each in taken] != wanted or any(each.default is not each.empty for each in taken):
        return [f"{name} must take ({', '.join(['self', *wanted])}), without defaults"]
    return []


def registration_faults(vendor: type[Vendor]) -> list[str]:
    """Look for the class as the bridge does, through installed entry points. Returns what is wrong."""
    package = vendor.__module__.partition(".")[0]
    points = [point for point in entry_points(group=GROUP) if point.module.partition(".")[0] == package]
    if not points:
        return [f'{package} is not installed with an entry point of the group "{GROUP}"']
    catalogue = discover(points)
    if vendor in catalogue.vendors.values():
        return []
    return [f"{name}: {problem}" for name, problem in catalogue.problems] or [
        "register_vendors() does not return the class"
    ]


def identity_faults(vendor: type[Vendor]) -> list[str]:
    """Require that vendor objects are told apart by identity: two channels may have equal settings."""
    changed = [name for name in ("__eq__", "__hash__") if getattr(vendor, name) is not getattr(object, name)]
    return [f"the class changes {name}: objects must be equal to themselves only" for name in changed]


def import_faults(vendor: type[Vendor]) -> list[str]:
    """Find modules of the bridge the package imports beside `bridge.plugin`."""
    place = package_of(vendor)
    faults = []
    for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        for line, name in _imported(ast.parse(file.read_text(encoding="utf-8"))):
            if name.partition(".")[0] == "bridge" and not f"{name}.".startswith("bridge.plugin."):
                faults.append(f"{file.name}:{line} imports {name}; only bridge.plugin is promised to stay")
    return faults


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            if node.module == "bridge":
                yield from ((node.lineno, f"bridge.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def settings_faults(
    vendor: type[Vendor], settings: Mapping[str, Any], public: Collection[str] = ()
) -> list[str]:
    """Try unknown keys, missing keys and secrets. Returns what the settings model lets pass."""
    model = vendor.settings_model
    if not issubclass(model, PluginSettings):
        return ["settings_model must be a subclass of bridge.plugin.PluginSettings"]
    return [*_model_faults(model, public), *_plain_addresses(model), *_trial_faults(vendor, settings)]


def _model_faults(model: type[PluginSettings], public: Collection[str]) -> list[str]:
    """Return what the models of the settings lack."""
    faults = []
    for each in _models(model, set()):
        if each.model_config.get("extra") != "forbid":
            faults.append(f"{each.__name__} takes unknown keys; give it extra='forbid'")
        faults += [
            f"{each.__name__}.{name} must be a SecretStr ({_PUBLIC}): logs show plain text"
            for name, info in each.model_fields.items()
            if name not in public and _SECRET_NAME.search(_snake(name)) and not _hidden(info.annotation)
        ]
    return faults


def _trial_faults(vendor: type[Vendor], settings: Mapping[str, Any]) -> list[str]:
    """Try settings that are wrong. Returns which are not refused, and whose errors show a secret."""
    faults, model = [], vendor.settings_model
    leaks = Leaks(secrets_of(model.model_validate(dict(settings))), ())
    attempts = {"an unknown setting": dict(settings) | {"kit_unknown": "1"}}
    for name in minimal(model):
        attempts[f"a missing {name}"] = {key: value for key, value in settings.items() if key != name}
    if settings:
        attempts["an empty table of settings"] = {}
    for what, given in attempts.items():
        try:
            Stage(vendor, given).close()
        except (ValidationError, ConfigurationFault) as error:
            faults += [f"the error about {what} shows {leak}" for leak in leaks.find(str(error))]
        else:
            faults.append(f"{what} is not refused")
    return faults


def _plain_addresses(model: type[BaseModel]) -> list[str]:
    """Find defaults that are addresses without TLS: everybody on the way reads key, numbers and texts."""
    return [
        f"{each.__name__}.{name} is {info.default!r} by itself: give an https address, or none"
        for each in _models(model, set())
        for name, info in each.model_fields.items()
        if isinstance(info.default, str) and _PLAIN.match(info.default)
    ]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _hidden(annotation: object) -> bool:
    kinds = _types(annotation)
    return SecretStr in kinds or SecretBytes in kinds or not any(each in (str, bytes) for each in kinds)


def _models(model: type[BaseModel], known: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    if model in known:
        return
    known.add(model)
    yield model
    for info in model.model_fields.values():
        for each in _types(info.annotation):
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield from _models(each, known)


def _types(annotation: object) -> list[object]:
    arguments = get_args(annotation)
    return [annotation] if not arguments else [each for argument in arguments for each in _types(argument)]


def readme_faults(vendor: type[Vendor]) -> list[str]:
    """Read the README.md of the package or of its project. Returns the settings it does not name."""
    readme = _readme(package_of(vendor))
    if readme is None:
        return ["there is no README.md in the package or at the root of its project"]
    text = readme.read_text(encoding="utf-8")
    return [
        f"README.md does not mention the setting {name}"
        for name in vendor.settings_model.model_fields
        if name not in text
    ]


def _readme(package: Path) -> Path | None:
    for folder in (package, project_of(package)):
        if (folder / "README.md").is_file():
            return folder / "README.md"
    return None
