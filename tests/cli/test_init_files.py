"""`sms-bridge init` writes all of its files, with their modes, or none."""

import errno
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_init import BEGINNINGS, SECRET, options, place, run, work_with

__all__ = ["place"]


@pytest.mark.parametrize("name", ["bridge.toml", "env", "secrets/promo_vendor_key"])
def test_nothing_is_overwritten(name: str, place: Path) -> None:
    """A file that is there stays as it is, and nothing is written beside it."""
    (place / name).parent.mkdir(exist_ok=True)
    (place / name).write_text("mine")
    words = options(BEGINNINGS["telnyx"])
    told = run("init", *words, "--set", "key=needs 'quotes'")
    assert told.exit_code == 2 and name in told.output
    assert (place / name).read_text() == "mine"
    assert [path.name for path in place.rglob("*") if path.is_file()] == [Path(name).name]


def full_disk(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second file find no room."""
    kept = os.fsync

    def fsync(number: int) -> None:
        if Path(f"/proc/self/fd/{number}").readlink().parent == place and list(place.glob(".env.*")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        kept(number)

    monkeypatch.setattr("bridge.services.setup.writing.os.fsync", fsync)


def no_renaming(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second file not get its name."""
    kept = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if target == place / "env" or target == Path("env"):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(target))
        return kept(path, target)

    monkeypatch.setattr(Path, "rename", rename)


def a_file_for_secrets(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file where a folder is to be."""
    (place / "secrets").write_text("mine")


OBSTACLES = [(full_disk, "env"), (no_renaming, "env"), (a_file_for_secrets, "secrets")]


@pytest.mark.parametrize(("obstacle", "named"), OBSTACLES)
def test_what_cannot_be_written_leaves_nothing_behind(
    obstacle: Callable[[Path, pytest.MonkeyPatch], None],
    named: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence says what failed, and the next attempt is not refused."""
    obstacle(place, monkeypatch)
    before = set(place.rglob("*"))
    told = run("init", *options(BEGINNINGS["telnyx"]), "--set", "key=needs 'quotes'")
    assert told.exit_code == 2 and len(told.output.splitlines()) == 1, told.output
    assert f"Nothing was written, for {named} could not be" in told.output
    assert set(place.rglob("*")) == before


# What is written -> the mode that it has under every umask.
MODES = {"new": 0o755, "new/bridge.toml": 0o644, "new/env": 0o600, "new/secrets": 0o700}


@pytest.mark.parametrize("umask", [0o027, 0o077, 0])
def test_modes_are_no_matter_of_the_shell(umask: int, place: Path) -> None:
    """The service's user reads bridge.toml; secrets are their owner's."""
    before = os.umask(umask)
    try:
        told = run("init", *options(BEGINNINGS["telnyx"]), "--set", "key=a b", "--folder", "new")
    finally:
        os.umask(before)
    assert told.exit_code == 0, told.output
    assert {name: (place / name).stat().st_mode & 0o777 for name in MODES} == MODES


@pytest.mark.parametrize("secret", ["a b$HOME", 'it\'s "so"', "# ~ {} back\\slash"])
def test_a_secret_that_a_shell_would_change_gets_a_file(
    secret: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever reads env reads what was meant."""
    told = run("init", *options(BEGINNINGS["telnyx"]), "--set", f"key={secret}")
    assert told.exit_code == 0, told.output
    kept = place / "secrets" / "promo_vendor_key"
    assert f"chown -R sms-bridge {place}/secrets" in told.output
    assert kept.read_text() == secret and kept.stat().st_mode & 0o777 == 0o600
    assert "VENDOR" not in (place / "env").read_text()
    work_with(place, monkeypatch)
    assert run("db", "upgrade").exit_code == run("check").exit_code == 0


def test_references_stay_references(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who keeps secrets elsewhere names the place."""
    monkeypatch.setenv("TELNYX", SECRET)
    (place / "profile.txt").write_text("p-1\n")
    extra = ("--set", "key=env:TELNYX", "--set", "profile=file:profile.txt", "--folder", "elsewhere")
    assert run("init", *options(BEGINNINGS["telnyx"]), *extra).exit_code == 0
    settings = tomllib.loads((place / "elsewhere" / "bridge.toml").read_text())["channels"]["promo"][
        "settings"
    ]
    assert settings["secrets"]["key"] == "env:TELNYX"
    assert settings["values"]["profile"] == f"file:{place}/profile.txt"
