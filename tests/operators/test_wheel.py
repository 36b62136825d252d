"""The wheel, installed where nothing else is: the demo runs, and the operator's files came along."""

import importlib.metadata
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from .tools import CONFIG, ROOT, run


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what is in the repository, so that nothing lands in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    files = run("git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            target = folder / "source" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, folder / "source")
    [built] = folder.glob("*.whl")
    return built


def lend(environment: Path, name: str) -> None:
    """Link into an environment what a distribution asks for, from where the tests run: no index is asked."""
    [room] = environment.glob("lib/python*/site-packages")
    wanted, known = [name], set()
    while wanted:
        distribution = importlib.metadata.distribution(wanted.pop())
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted += [] if requirement.name in known else [requirement.name]
                known.add(requirement.name)
    for one in known:
        for top in {file.parts[0] for file in importlib.metadata.distribution(one).files or ()} - {".."}:
            link = room / top
            if not link.exists() and top != "__pycache__":
                link.symlink_to(Path(str(importlib.metadata.distribution(one).locate_file(top))))


def test_its_description_can_be_shown(wheel: Path) -> None:
    """By a package index."""
    assert "PASSED" in run(sys.executable, "-m", "twine", "check", "--strict", wheel)


@pytest.mark.slow
def test_an_empty_environment_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    """From a folder that is not the repository, with nothing but the wheel and what it asks for."""
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "-q",
        "--no-index",
        "--no-deps",
    ]
    run(*pip, wheel)
    lend(tmp_path / "venv", "qa-sms-bridge")
    lacking = run(
        python, "-c", "import alembic, flask, pydantic\ntry: import pytest\nexcept ImportError: print('none')"
    )
    assert lacking.strip() == "none", "only what the wheel asks for may be there"
    command = [str(python.with_name("sms-bridge")), "demo", "--recipients", "200"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything reconciles." in done.stdout
    shared = tmp_path / "venv" / "share" / "qa-sms-bridge" / "config"
    wanted = {
        path.relative_to(CONFIG) for path in CONFIG.rglob("*") if path.is_file() and path.suffix != ".pyc"
    }
    assert {path for path in wanted if not (shared / path).is_file()} == set()
