"""Writes the repository of a new plugin: it works and passes its tests before a line of it is changed."""

import keyword
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TEMPLATE, _TEMPLATE_CLASS, _TEMPLATE_TITLE = "newvendor", "NewVendor", "New Vendor"
_TEMPLATE_VARIABLE = "NEW_VENDOR"


class BadName(ValueError):
    """The name cannot be a vendor's."""


def write_repository(name: str, folder: Path) -> list[Path]:
    """Write the repository of vendor `name` into the new folder. Returns its files.

    Raises BadName, or FileExistsError when the folder has anything in it.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise BadName('A name is lower-case letters, digits and "_", beginning with a letter.')
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty.")
    return [
        _write(source, folder / _named(place, name).removesuffix(".tmpl"), name)
        for place, source in sorted(_sources(files(__package__), ""))
    ]


def _sources(folder: Traversable, place: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _sources(entry, f"{place}{entry.name}/")
        elif entry.name.endswith(".tmpl"):
            found.append((place + entry.name, entry))
    return found


def _write(source: Traversable, target: Path, name: str) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_named(source.read_text(encoding="utf-8"), name), encoding="utf-8")
    return target


def _named(text: str, name: str) -> str:
    words = name.split("_")
    title = " ".join(word.capitalize() for word in words)
    text = text.replace(_TEMPLATE_TITLE, title).replace(_TEMPLATE_CLASS, title.replace(" ", ""))
    return text.replace(_TEMPLATE_VARIABLE, name.upper()).replace(_TEMPLATE, name)
