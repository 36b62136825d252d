"""Lays a plugin of this folder where it is imported and found like an installed one, with lines changed."""

import shutil
from pathlib import Path

Change = tuple[str, str, str]
"""A file, a text in it, and what stands in its place."""

_HERE = Path(__file__).parent
_MODULES = {"acme": "acme_sms", "elks": "bridge_elks"}


def lay(folder: Path, *changes: Change, plugin: str = "acme") -> None:
    """Copy a plugin with its table into a folder, and register it there."""
    shutil.copytree(_HERE / plugin, folder, dirs_exist_ok=True)
    for file, old, new in changes:
        _change(folder / file, old, new)
    module = _MODULES[plugin]
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[bridge]\n{plugin} = {module}\n")


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file.name} has no line {old!r}"
    file.write_text(text.replace(old, new), encoding="utf-8")
