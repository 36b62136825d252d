"""`sms-bridge healthy` and `--version`: what a machine asks."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import responses
from click.testing import CliRunner

from bridge.cli import main
from bridge.ledger import newest_revision

from .conftest import Desk


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("127.0.0.1:8000", "127.0.0.1:8000"),
        ("0.0.0.0:8000", "127.0.0.1:8000"),
        ("[::]:8001", "[::1]:8001"),
        ("10.0.0.11:80, 10.0.0.12:80", "10.0.0.11:80"),
        ("localhost", "localhost:8000"),
    ],
)
@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1)])
@pytest.mark.parametrize(("option", "path"), [("", "healthz"), ("--ready", "readyz")])
def test_it_asks_where_gunicorn_listens(
    bind: str, address: str, status: int, exit_code: int, option: str, path: str, bare: Desk
) -> None:
    """Without configuration or database; the status is the exit status."""
    bare.config.unlink()
    with responses.RequestsMock() as mock:
        mock.get(f"http://{address}/{path}", json={"status": "said"}, status=status)
        result = bare.run(f"healthy --bind '{bind}' {option}")
    assert result.exit_code == exit_code
    assert "said" in result.output


@pytest.mark.parametrize("bind", ["127.0.0.1:1", "127.0.0.1:high"])
def test_nobody_there(bind: str, bare: Desk) -> None:
    """One sentence."""
    result = bare.run(f"healthy --bind {bind}")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_the_version_tells_the_schema(bare: Desk) -> None:
    """Whoever upgrades compares it with the database's."""
    expected = f"sms-bridge, version {version('qa-sms-bridge')}, schema {newest_revision()}\n"
    assert bare.run("--version").output == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str, bare: Desk) -> None:
    """As the guide says."""
    guide = (Path(__file__).parents[2] / "config" / "README.md").read_text()
    assert f"{shell}_source" in guide
    environ = {"_SMS_BRIDGE_COMPLETE": f"{shell}_source"}
    script = CliRunner(env=environ).invoke(main, [], prog_name="sms-bridge")
    assert "_SMS_BRIDGE_COMPLETE" in script.stdout


ASKED = """
import sys
from bridge.cli import run
sys.argv[1:] = ["healthy", "--bind", "127.0.0.1:1"]
try:
    run()
except SystemExit as end:
    print(end.code, "sqlalchemy" in sys.modules, "flask" in sys.modules)
"""


def test_a_container_may_ask_often() -> None:
    """`healthy` needs neither database nor web of the process that asks."""
    asked = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    assert asked.stdout == "2 False False\n"
