"""A plugin's rung as `plugins verify` found it, kept in the plugin's package.

The record names a digest of the package's source: change a line and the rung is unknown until verified
again. So an installed plugin shows its rung without its tests, and nobody can write one by hand that lasts.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.plugin import API_VERSION

from .ladder import RUNGS

FILE = "rung.json"
_SOURCE = (".py", ".toml", ".json")


@dataclass(frozen=True)
class Record:
    """The rung each table of a vendor reached; `current` when the source has not changed since."""

    tables: Mapping[str, str]
    current: bool

    @property
    def rung(self) -> str:
        """The best rung of all tables; "" for none."""
        return max(self.tables.values(), key=lambda rung: RUNGS.index(rung) if rung else -1, default="")


def digest(package: Path) -> str:
    """A fingerprint of everything in the package that can change its behaviour."""
    state = hashlib.sha256(repr(API_VERSION).encode())
    for file in sorted(package.rglob("*")):
        if file.suffix in _SOURCE and file.name != FILE and file.is_file():
            state.update(file.relative_to(package).as_posix().encode() + b"\0")
            state.update(hashlib.sha256(file.read_bytes()).digest())
    return state.hexdigest()


def write(package: Path, vendor: str, tables: Mapping[str, str]) -> None:
    """Keep the rungs of a vendor's tables. Raises OSError when the package cannot be written to."""
    kept = _stored(package)
    kept[vendor] = {"source": digest(package), "tables": dict(sorted(tables.items()))}
    text = json.dumps(dict(sorted(kept.items())), indent=2, ensure_ascii=False)
    (package / FILE).write_text(text + "\n", encoding="utf-8")


def read(package: Path, vendor: str) -> Record | None:
    """What is kept of a vendor; None when it was never verified."""
    told = _stored(package).get(vendor)
    if not isinstance(told, dict):
        return None
    return Record(told.get("tables", {}), told.get("source") == digest(package))


def _stored(package: Path) -> dict[str, Any]:
    file = package / FILE
    if not package.is_dir() or not file.is_file():
        return {}
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}
