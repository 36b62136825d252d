"""A relative path leads to one place, whichever process reads it and wherever it was started."""

import os
from pathlib import Path

import pytest

from bridge.settings import examine, load

from .test_loading import BASE, CHANNEL, settings_of, written

PLACES = [
    ("sqlite:///kept/bridge.db", "sqlite:///{folder}/kept/bridge.db"),
    ("sqlite:///../bridge.db?timeout=5", "sqlite:///{folder}/../bridge.db?timeout=5"),
    ("sqlite:////srv/bridge.db", "sqlite:////srv/bridge.db"),
    ("sqlite:///~/bridge.db", "sqlite:////home/ann/bridge.db"),
    ("sqlite:///~nobody-here/bridge.db", "sqlite:///{folder}/~nobody-here/bridge.db"),
    ("postgresql://ann@db/var", "postgresql://ann@db/var"),
]


@pytest.mark.parametrize(("database", "leads_to"), PLACES)
def test_a_relative_path_starts_at_the_file_wherever_it_is_read(
    database: str, leads_to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the file, in whichever directory, works with the same database."""
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.chdir("/")
    settings = settings_of(tmp_path, f'[bridge]\ndatabase = "{database}"\n{CHANNEL}')
    assert settings.bridge.database == leads_to.format(folder=tmp_path)
    path = os.path.relpath(tmp_path / "bridge.toml")
    assert load(Path(path), BASE).bridge.database == leads_to.format(folder=tmp_path)


@pytest.mark.parametrize(("there", "faults"), [(("cwd",), 1), (("cwd", "home"), 0), (("home",), 0), ((), 0)])
def test_a_database_of_before_is_not_left_behind(
    there: tuple[str, ...], faults: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one lies only below the directory of the process, nothing begins a second one beside it."""
    for folder in ("cwd", "home"):
        (tmp_path / folder / "var").mkdir(parents=True)
    for folder in there:
        (tmp_path / folder / "var" / "bridge.db").touch()
    monkeypatch.chdir(tmp_path / "cwd")
    _, found = examine(written(tmp_path / "home", CHANNEL), BASE)
    assert [fault.path for fault in found] == ["bridge.database"] * faults
    for fault in found:
        assert str(tmp_path / "home/var/bridge.db") in fault.problem
        assert f'database = "sqlite:///{tmp_path}/cwd/var/bridge.db"' in fault.advice
