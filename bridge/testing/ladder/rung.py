"""A plugin's rung as `plugins verify` found it, kept in the plugin's package.

The file names a digest of the package's source: change a line and the rung is unknown until verified
again. So an installed plugin shows its rung without its tests, and nobody can write one by hand that lasts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.plugin import API_VERSION

from .climbing import RUNGS

FILE = "rung.json"
_SOURCE = (".py", ".toml", ".json")


@dataclass(frozen=True)
class Rung:
    """The rung each table of a vendor reached; `current` when the source has not changed since."""

    tables: Mapping[str, str]
    current: bool
    unproven: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What the rules could not look at, table by table."""

    @property
    def best(self) -> str:
        """The best rung of all tables; "" for none."""
        return max(self.tables.values(), key=lambda rung: RUNGS.index(rung) if rung else -1, default="")


def digest(package: Path) -> str:
    """Return a fingerprint of everything in the package that can change its behaviour."""
    state = hashlib.sha256(repr(API_VERSION).encode())
    for file in sorted(package.rglob("*")):
        if file.suffix in _SOURCE and file.name != FILE and file.is_file():
            state.update(file.relative_to(package).as_posix().encode() + b"\0")
            state.update(hashlib.sha256(file.read_bytes()).digest())
    return state.hexdigest()


def write(
    package: Path,
    vendor: str,
    tables: Mapping[str, str],
    unproven: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Keep the rungs of a vendor's tables, beside those of other tables for the same source.

    Raises OSError when the package cannot be written to.
    """
    kept = _stored(package)
    known = read(package, vendor)
    earlier = known if known and known.current else Rung({}, current=True)
    tables = {**earlier.tables, **tables}
    ends = {**earlier.unproven, **(unproven or {})}
    kept[vendor] = {"source": digest(package), "tables": dict(sorted(tables.items()))}
    if open_ends := {title: list(each) for title, each in sorted(ends.items()) if each}:
        kept[vendor]["unproven"] = open_ends
    text = json.dumps(dict(sorted(kept.items())), indent=2, ensure_ascii=False)
    (package / FILE).write_text(text + "\n", encoding="utf-8")


def read(package: Path, vendor: str) -> Rung | None:
    """Return what is kept of a vendor; None when it was never verified."""
    told = _stored(package).get(vendor)
    if not isinstance(told, dict):
        return None
    return Rung(told.get("tables", {}), told.get("source") == digest(package), told.get("unproven", {}))


def _stored(package: Path) -> dict[str, Any]:
    file = package / FILE
    if not package.is_dir() or not file.is_file():
        return {}
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}
