"""`sms-bridge plugins new`: what it writes works before a line of it is changed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.simulator import TemplateForm
from bridge.testing import Reply, Seen
from bridge.testing.play.running import await_, running_bridge
from bridge.testing.play.serving import serving

from .environments import environment, install, run

KEY = "moon-secret"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the repository of a vendor moon_tel, written by the command."""
    folder = tmp_path_factory.mktemp("new") / "moon"
    result = CliRunner().invoke(main, ["plugins", "new", "moon_tel", "--to", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def python(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the interpreter of a fresh environment with the plugin installed.

    It sees this environment's packages, so nothing is downloaded.
    """
    python = environment(tmp_path_factory.mktemp("venv"))
    install(python, str(repository))
    return python


def test_nothing_of_the_model_is_left(repository: Path) -> None:
    """Every file, and every variable of the environment, bears the new vendor's name."""
    texts = {file: file.read_text(encoding="utf-8") for file in repository.rglob("*") if file.is_file()}
    left = [file for file, text in texts.items() if "newvendor" in f"{file}{text}".lower().replace("_", "")]
    assert not left
    assert "env:MOON_TEL_API_KEY" in texts[repository / "README.md"]


@pytest.mark.slow
def test_its_tests_pass_at_bronze(repository: Path, python: str) -> None:
    """By `verify`, which runs them with pytest in the fresh environment; then the list shows the rung."""
    cli = (python, "-m", "bridge.cli", "plugins")
    told = run(*cli, "verify", "moon_tel", "--tests", str(repository / "tests"))
    assert "moon_tel: bronze" in told
    assert "lacks test_receipts_arrive" in told
    assert _rung(run(*cli)) == "bronze"


def _rung(listed: str) -> str:
    line = next(line for line in listed.splitlines() if "moon_tel" in line)
    return line.split("moon_tel", 1)[1].split("bridge-moon")[0].strip()


@pytest.mark.slow
def test_a_channel_sends_through_it(python: str, tmp_path: Path) -> None:
    """Quick Audience sends two messages through a bridge with the new vendor, which gets both."""
    received: list[dict[str, str]] = []

    def answer(seen: Seen) -> Reply:
        received.extend(seen.json["messages"])
        return Reply(json={"messages": [{"id": f"v{n}"} for n, _ in enumerate(seen.json["messages"])]})

    signs = {"Acme": "approved"}
    with (
        serving(answer) as url,
        running_bridge(
            tmp_path, "moon_tel", {"base_url": url, "api_key": KEY}, python=python, signs=signs
        ) as bridge,
    ):
        code = bridge.qa.create_text_template(TemplateForm("code", "Your code is ${code}", 1, "kit"))
        values = [{"code": "1001"}, {"code": "1002"}]
        bridge.qa.send_list("task-1", ["13800138000", "13900139000"], values, "Acme", code)
        await_(lambda: len(received) == 2, 120, lambda: bridge.log)
    assert [entry["to"] for entry in received] == ["+8613800138000", "+8613900139000"]
    assert received[1]["text"] == "【Acme】Your code is 1002"


@pytest.mark.parametrize("name", ["Moon", "2moon", "moon-tel", "import", ""])
def test_a_name_no_package_can_have_is_refused(name: str, tmp_path: Path) -> None:
    """Refused in a sentence, and nothing is written."""
    result = CliRunner().invoke(main, ["plugins", "new", name, "--to", str(tmp_path / "new")])
    assert result.exit_code == 2
    assert "lower-case letters" in result.output
    assert not (tmp_path / "new").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A folder with anything in it is left alone, and so is the name of an installed vendor."""
    (tmp_path / "mine").write_text("mine")
    result = CliRunner().invoke(main, ["plugins", "new", "moon", "--to", str(tmp_path)])
    assert result.exit_code == 2
    assert "is not empty" in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
    result = CliRunner().invoke(main, ["plugins", "new", "sandbox", "--to", str(tmp_path / "new")])
    assert "installed already" in result.output
