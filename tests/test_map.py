"""The map at the door, bridge/README.md, is true: its paths and names exist, its floors are the gate's."""

import importlib
import re
from pathlib import Path

import pytest

from .test_architecture import floors

ROOT = Path(__file__).parents[1]
MAP = (ROOT / "bridge/README.md").read_text()
PATHS = sorted(set(re.findall(r"`((?:bridge|plugins|tests|config)/[\w./-]+)`", MAP)))
LINKS = sorted(set(re.findall(r"\]\(([^)#]+)\)", MAP)))
NAMES = re.findall(r"`((?:bridge|plugins)/[\w./]+\.py)` \(`([\w.]+)`\)", MAP)
PICTURES = re.findall(r"```mermaid\n(.*?)```", MAP, re.S)
STATES = {name for picture in PICTURES for name in re.findall(r"\b[A-Z]{4,}\b", picture)}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_exists(path: str) -> None:
    """What the map names is there."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_somewhere(link: str) -> None:
    """From where the map lies."""
    assert (ROOT / "bridge" / link).exists()


@pytest.mark.parametrize(("path", "name"), NAMES, ids=lambda value: value)
def test_a_name_stands_in_its_file(path: str, name: str) -> None:
    """A class, or a method of one."""
    found: object = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for part in name.split("."):
        found = getattr(found, part)
    assert found is not None


def test_the_floors_are_those_of_the_gate() -> None:
    """In the same order, those of one floor together."""
    rows = re.findall(r"^\| (\d|side) \| `(bridge\.\w+)`", MAP, re.M)
    told: list[set[str]] = []
    before = ""
    for floor, room in rows:
        if floor == before != "side":
            told[-1].add(room)
        else:
            told.append({room})
        before = floor
    assert told == floors()


def test_the_pictures_show_every_state() -> None:
    """The states of a batch and of a message."""
    from bridge.ledger.database import tables
    from bridge.plugin import MessageStatus

    batch = {"READY", "CALLING", "UNKNOWN", "DONE"}
    assert all(hasattr(tables, name) for name in batch)
    assert batch | {status.name for status in MessageStatus} == STATES
    assert len(PICTURES) == 2
