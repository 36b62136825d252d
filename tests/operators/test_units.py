"""The units of systemd: read by systemd itself, hardened, and patient where the bridge needs it."""

import configparser
import os
import pwd
import re
import shutil
from pathlib import Path

import pytest

from bridge.settings import BridgeSettings

from .tools import CONFIG, run, tool

UNITS = sorted((CONFIG / "systemd").glob("*.service"))
TIMERS = sorted((CONFIG / "systemd").glob("*.timer"))
ADDRESSES = ("/opt/sms-bridge", "/etc/sms-bridge", "/var/lib/sms-bridge")
EXPOSURE = 25  # of 100; systemd writes 2.5


def parsed(path: Path) -> configparser.ConfigParser:
    """Return a unit's sections; a key that is given twice keeps its last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def installed(folder: Path) -> list[Path]:
    """Return copies of the units whose programs lie below a folder, where systemd can find them."""
    for program in ("sms-bridge", "gunicorn"):
        path = folder / "opt/sms-bridge/.venv/bin" / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    copies = []
    for unit in (*UNITS, *TIMERS):
        copy = folder / unit.name.replace("@", "@1")
        copy.write_text(unit.read_text().replace("/opt/sms-bridge/.venv", f"{folder}/opt/sms-bridge/.venv"))
        copies.append(copy)
    return copies


def test_every_unit_is_there() -> None:
    """One machine needs the first, several the next two, and a copy of SQLite the last."""
    names = ["sms-bridge-backup", "sms-bridge-web", "sms-bridge-worker@", "sms-bridge"]
    assert [path.stem for path in UNITS] == names
    assert [path.stem for path in TIMERS] == ["sms-bridge-backup"]


def test_systemd_understands_them(tmp_path: Path) -> None:
    """It prints one line for everything that it does not know, cannot find or would not do."""
    verify = tool("systemd-analyze")
    for unit in installed(tmp_path):
        found = run(verify, "verify", "--man=no", "--recursive-errors=no", unit)
        assert [line for line in found.splitlines() if unit.name in line] == []


def test_systemd_would_say_so_otherwise(tmp_path: Path) -> None:
    """A misspelt key does not go unseen: the test above can fail."""
    unit = tmp_path / "wrong.service"
    unit.write_text("[Service]\nExecStart=/bin/true\nRestartSecond=2\n")
    assert "RestartSecond" in run(tool("systemd-analyze"), "verify", "--man=no", unit)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_they_are_hardened(unit: Path, tmp_path: Path) -> None:
    """What `systemd-analyze security` calls the exposure is at most 2.5 of 10."""
    run(tool("systemd-analyze"), "security", "--offline=yes", f"--threshold={EXPOSURE}", unit)


def test_the_measure_can_fail(tmp_path: Path) -> None:
    """A unit without any of it is turned down."""
    unit = tmp_path / "open.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    run(tool("systemd-analyze"), "security", "--offline=yes", f"--threshold={EXPOSURE}", unit, status=1)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_they_keep_their_files_to_themselves(unit: Path) -> None:
    """State is the service user's alone, and nothing else can be written."""
    service = parsed(unit)["Service"]
    assert service["UMask"] == "0077"
    assert service["User"] == "sms-bridge"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectoryMode"] == "0700"
    assert "ReadWritePaths" not in service


@pytest.mark.parametrize("name", ["sms-bridge", "sms-bridge-web", "sms-bridge-worker@"])
def test_they_never_give_up(name: str) -> None:
    """systemd's default ends a service that died five times in ten seconds, and the database may be away."""
    unit = parsed(CONFIG / "systemd" / f"{name}.service")
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Service"]["Restart"] == "always"
    if name != "sms-bridge-web":
        lease = BridgeSettings.model_fields["lease_s"].default
        assert int(unit["Service"]["TimeoutStopSec"]) > lease


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_they_run_nothing_that_a_small_machine_lacks(unit: Path) -> None:
    """The bridge's own programs and the shell: kill, for one, comes with procps and may not be there."""
    programs = re.findall(r"^Exec\w+=(\S+)", unit.read_text(), re.MULTILINE)
    assert {name for name in programs if not name.startswith("/opt/sms-bridge/.venv/bin/")} <= {"/bin/sh"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_reload_is_tried_first(unit: Path) -> None:
    """What has faults is told to whoever asks for it."""
    reloads = re.findall(r"^ExecReload=(.+)$", unit.read_text(), re.MULTILINE)
    assert not reloads or reloads[0].endswith("sms-bridge check")
    assert bool(reloads) == ("Type=oneshot" not in unit.read_text())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_the_operators_command_is_run_as_the_service(tmp_path: Path) -> None:
    """With its settings, in its folder, as its user; secrets stay out of its arguments."""
    tool("setpriv")
    os.chmod(tmp_path, 0o755)  # noqa: PTH101 - pytest's folders are root's alone
    for parent in list(tmp_path.parents)[:3]:
        parent.chmod(0o755)
    script = (CONFIG / "systemd" / "sms-bridge").read_text()
    for address in ADDRESSES:
        script = script.replace(address, f"{tmp_path}{address}")
    nobody = pwd.getpwnam("nobody")
    for user in ("--reuid=sms-bridge", "--regid=sms-bridge"):
        script = script.replace(user, user.replace("sms-bridge", str(nobody.pw_uid)))
    for folder in (*ADDRESSES, "/opt/sms-bridge/.venv/bin"):
        (tmp_path / folder[1:]).mkdir(parents=True, exist_ok=True)
    shutil.chown(tmp_path / "var/lib/sms-bridge", "nobody")
    env = tmp_path / "etc/sms-bridge/env"
    env.write_text("# keys\nPROMO_KEY=a b$c\n\nOTHER=x=y\n")
    env.chmod(0o600)
    program = tmp_path / "opt/sms-bridge/.venv/bin/sms-bridge"
    program.write_text(
        '#!/bin/sh\nid -u; pwd; umask; echo "$PROMO_KEY|$OTHER|$SMS_BRIDGE_CONFIG|$#|$2"; touch made\n'
    )
    program.chmod(0o755)
    found = run("/bin/sh", "-c", script, "sms-bridge", "suppress", "add promo").splitlines()
    assert found == [
        str(nobody.pw_uid),
        f"{tmp_path}/var/lib/sms-bridge",
        "0077",
        f"a b$c|x=y|{tmp_path}/etc/sms-bridge/bridge.toml|2|add promo",
    ]
    assert (tmp_path / "var/lib/sms-bridge/made").stat().st_uid == nobody.pw_uid
