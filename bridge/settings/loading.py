"""From the file's text to `Settings`, collecting every fault on the way."""

import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .checks import cross_checks
from .console import ConsoleSettings
from .faults import NO_SUCH_SETTING, Fault, SettingsFaults, dotted, faults_of, without_repeats
from .models import BridgeSettings, ChannelSettings, Settings
from .places import left_elsewhere, placed
from .prices import PriceSettings
from .variables import with_file

PATH_VARIABLE = "SMS_BRIDGE_CONFIG"
RELOADING = "SMS_BRIDGE_RELOADING"
"""Set where a running process asks for a check: what its environment lacks, only a restart can bring."""
DEFAULT_PATH = Path("config/bridge.toml")
_TABLES = ("bridge", "channels", "console", "prices")
_RESTART = "A running process keeps the environment it started with: restart the bridge to add a variable."
_PLACEHOLDER = "?" * 32
"""In place of a required setting that is missing or wrong, long enough for any."""

# As other programs write them, or as ours with a slip: $NAME, ${NAME}, $(NAME), #{NAME}, %NAME%, {{ NAME }},
# `NAME`, ENV:NAME, env.NAME, !env NAME, FILE:/PATH, @/PATH.
_REFERENCE = re.compile(
    r"\$\w+|[$#]\{[^{}]+\}|\$\([^()]+\)|%\w+%|\{\{[^{}]+\}\}|`[^`]+`"
    r"|(?i:env|file)\s*[:=]\s*\S+|(?i:env)\.\w+|!(?i:env|file)\s+\S+|@\.{0,2}/\S+",
    re.ASCII,
)

Model = TypeVar("Model", bound=BaseModel)


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Load the settings of `path`, or of the file that SMS_BRIDGE_CONFIG names, or of config/bridge.toml.

    Raises SettingsFaults with every fault at once.
    """
    settings, faults = examine(path, environ)
    if settings is None or faults:
        raise SettingsFaults(faults)
    return settings


def load_for_ledger(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Load what a command needs that works on the ledger alone: it runs where no channel's secrets are, nor
    the console's.

    Raises SettingsFaults with every other fault.
    """
    return _load_unless(lambda place: place.startswith(("channels.", "console.")), path, environ)


def load_for_console(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Load what makes a link to the console: its own secrets must be there, those of channels need not.

    Raises SettingsFaults with every other fault.
    """
    return _load_unless(lambda place: place.startswith("channels."), path, environ)


def load_for_channel(
    name: str,
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    accounts: Collection[str] | None = None,
) -> Settings:
    """Load what a command needs that opens one channel and takes no request for it.

    Its vendors' settings must be there, or those of some `accounts` alone; its key and hook tokens, other
    channels and the console need not. Raises SettingsFaults with every other fault.
    """
    mine = f"{dotted('channels', name)}."
    others = f"{mine}accounts."
    used = tuple(f"{dotted(one, under=others[:-1])}." for one in accounts or ())

    def unused(place: str) -> bool:
        if place.startswith(mine):
            elsewhere = accounts is not None and place.startswith(others) and not place.startswith(used)
            return elsewhere or place.startswith(f"{mine}key") or place.endswith(".hook_token")
        return place.startswith(("channels.", "console."))

    return _load_unless(unused, path, environ)


def load_for_hooks(name: str, path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Load what a command needs that tells where one channel's webhooks came to: its hook tokens alone.

    Raises SettingsFaults with every other fault.
    """
    mine = f"{dotted('channels', name)}."

    def unused(place: str) -> bool:
        needed = place.startswith(mine) and place.endswith("hook_token")
        return not needed and place.startswith(("channels.", "console."))

    return _load_unless(unused, path, environ)


def _load_unless(
    unused: Callable[[str], bool], path: Path | None, environ: Mapping[str, str] | None
) -> Settings:
    """Load although variables and files are absent at places that are unused."""
    settings, faults = examine(path, environ)
    others = [fault for fault in faults if not (fault.absent and unused(fault.path))]
    if settings is None or others:
        raise SettingsFaults(others or faults)
    return settings


def examine(
    path: Path | None = None, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[Settings | None, list[Fault]]:
    """Return what could be read of the settings, and every fault, so that later checks can add theirs.

    With faults, settings stand in for the ones that are wrong or missing; they are None only when the file
    cannot be read at all. `cwd` is where earlier versions looked for a relative path; without it, here.
    """
    environ = os.environ if environ is None else environ
    path = path or Path(environ.get(PATH_VARIABLE) or DEFAULT_PATH)
    tree = _tree(path)
    if isinstance(tree, Fault):
        return None, [tree]
    environ, faults = with_file(environ, tree, path.parent)
    references = _References(environ, path.parent)
    resolved = references.resolved(tree, ())
    settings, faults = _validated(resolved, [*faults, *references.faults])
    faults += without_repeats(left_elsewhere(settings.bridge, path.parent, cwd or Path()), faults)
    settings = settings.model_copy(update={"bridge": placed(settings.bridge, path.parent)})
    settings._referenced = frozenset(references.secrets)
    settings._unreplaced = tuple(_unreplaced(resolved, ()))
    absent = [fault.path for fault in faults if fault.absent]
    settings._lacking = frozenset(
        name
        for name in settings.channels
        if any(path.startswith(f"{dotted('channels', name)}.") for path in absent)
    )
    return settings, faults


def _tree(path: Path) -> dict[str, Any] | Fault:
    """Return what a file says, or why it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"The configuration file cannot be read ({error.strerror})."
        return Fault(str(path), problem, f"Create it, or let {PATH_VARIABLE} name another.")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = "It is not UTF-8 text." if isinstance(error, UnicodeDecodeError) else f"{error}."
        return Fault(str(path), f"This is not TOML: {why}", "Correct the file.")


def _unreplaced(value: Any, keys: tuple[str | int, ...]) -> Iterator[str]:
    """Find texts that look like a reference that nothing replaced. Returns their TOML paths."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _unreplaced(item, (*keys, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unreplaced(item, (*keys, index))
    elif isinstance(value, str) and _REFERENCE.fullmatch(value.strip()):
        yield dotted(*keys)


def _says_something(text: str) -> bool:
    """Return False for blanks, and for quotes with nothing between them that some readers leave in."""
    return text.strip().strip("\"'").strip() != ""


class _References:
    """Replaces `env:NAME` and `file:PATH` in a tree; a failed one becomes "" and a fault."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.faults: list[Fault] = []
        self.secrets: set[str] = set()
        self._environ = environ
        self._folder = folder

    def resolved(self, value: Any, keys: tuple[str | int, ...]) -> Any:
        """Return the same tree with every reference replaced by what it names."""
        if isinstance(value, dict):
            return {key: self.resolved(item, (*keys, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item, (*keys, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or not value.startswith(("env:", "file:")):
            return value
        kind, _, name = value.partition(":")
        text = self._variable(name, keys) if kind == "env" else self._file(name, keys)
        if "settings" in keys or "policy_settings" in keys:
            self.secrets.add(text)
        return text

    def _variable(self, name: str, keys: tuple[str | int, ...]) -> str:
        text = self._environ.get(name)
        if text is not None and _says_something(text):
            return text
        # An empty one must not turn authentication off, nor a vendor's signature: only a literal "" may.
        problem = f"The environment variable {name} is {'not set' if text is None else 'set but empty'}."
        advice = _RESTART if RELOADING in self._environ else "Set it before the bridge starts."
        self.faults.append(Fault(dotted(*keys), problem, advice, absent=True))
        return ""

    def _file(self, name: str, keys: tuple[str | int, ...]) -> str:
        path = self._folder / name
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
            if _says_something(text):
                return text
            self.faults.append(Fault(dotted(*keys), f"The file {path} is empty.", "Write the value into it."))
            return ""
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            problem = f"The file {path} cannot be read ({why})."
            advice = "Create it, readable for the bridge alone."
            self.faults.append(Fault(dotted(*keys), problem, advice, absent=True))
            return ""


def _validated(tree: dict[str, Any], faults: list[Fault]) -> tuple[Settings, list[Fault]]:
    faults = [*faults, *_unknown_tables(tree)]
    bridge = _model(BridgeSettings, tree.get("bridge", {}), "bridge", faults)
    tables = tree.get("channels", {})
    if not isinstance(tables, dict):
        tables = {}
    if not tables:
        faults.append(Fault("channels", "No channel is configured.", "Add a [channels.NAME] table."))
    channels = {
        name: _model(ChannelSettings, table, dotted("channels", name), faults)
        for name, table in tables.items()
    }
    faults += without_repeats(_without_account(tables), faults)
    console = _model(ConsoleSettings, tree["console"], "console", faults) if "console" in tree else None
    prices = tuple(_prices(tree, faults))
    settings = Settings(bridge=bridge, channels=channels, prices=prices, console=console)
    faults += without_repeats(cross_checks(settings), faults)
    return settings, faults


def _prices(tree: dict[str, Any], faults: list[Fault]) -> Iterator[PriceSettings]:
    """Yield the rows of prices; one that is wrong is a fault, and left out."""
    rows = tree.get("prices", [])
    if not isinstance(rows, list):
        faults.append(Fault("prices", "This is not a list of tables.", "Write [[prices]] above each row."))
        return
    for index, row in enumerate(rows):
        try:
            yield PriceSettings.model_validate(row)
        except ValidationError as error:
            faults += without_repeats(faults_of(error, f"prices[{index}]", PriceSettings), faults)


def _unknown_tables(tree: dict[str, Any]) -> Iterator[Fault]:
    for key in tree:
        if key not in _TABLES:
            yield Fault(dotted(key), "There is no such table.", "Move it below [bridge] or [channels.NAME].")


def _without_account(tables: Mapping[str, Any]) -> Iterator[Fault]:
    """Find channels that name no vendor in either form. Returns faults."""
    for name, table in tables.items():
        if isinstance(table, dict) and not table.get("vendor") and not table.get("accounts"):
            yield Fault(
                f"{dotted('channels', name)}.vendor",
                "This setting is missing.",
                "Add it: the vendor's name, one of those shown by `sms-bridge plugins`; "
                f"or add [{dotted('channels', name)}.accounts.ACCOUNT] tables.",
            )


def _model(model: type[Model], table: Any, path: str, faults: list[Fault]) -> Model:
    """Validate a table; where it is wrong, faults are added and defaults or placeholders stand in."""
    if not isinstance(table, dict):
        faults.append(Fault(path, "This is not a table.", f"Write [{path}] and its settings below."))
        table = {}
    try:
        return model.model_validate(table)
    except ValidationError as error:
        found = faults_of(error, path, model)
        fresh = without_repeats(found, faults)
        faults += [fault for fault in found if fault in fresh or fault.problem == NO_SUCH_SETTING]
        wrong = {str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}
    sound = {key: value for key, value in table.items() if key not in wrong}
    required = (name for name, field in model.model_fields.items() if field.is_required())
    return model.model_validate({**dict.fromkeys(required, _PLACEHOLDER), **sound})
