"""An installation without a copy of the repository has the recipes too."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RECIPES = sorted(path.stem for path in (ROOT / "config" / "recipes").glob("*.toml"))
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
OFFLINE = ("--no-deps", "--no-index")


def run(*command: str, cwd: Path) -> str:
    """Run a command without this run's settings. Returns its output."""
    names = ("PYTEST_", "COV_", "SMS_BRIDGE_", "PYTHONPATH")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(names)}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the distribution, built from a copy so that nothing is left in this one."""
    folder = tmp_path_factory.mktemp("build")
    ignored = shutil.ignore_patterns(".*", "tests", "build", "dist", "var", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, folder / "copy", ignore=ignored)
    run(
        *(sys.executable, *PIP, "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", str(folder)),
        str(folder / "copy"),
        cwd=folder,
    )
    (built,) = folder.glob("*.whl")
    return built


def in_a_venv(wheel: Path, folder: Path) -> str:
    """The interpreter of a fresh environment with the wheel; it sees this environment's other packages."""
    run(sys.executable, "-m", "venv", "--without-pip", str(folder), cwd=folder.parent)
    here = Path(sysconfig.get_path("purelib"))
    (folder / here.relative_to(sys.prefix) / "parent.pth").write_text(
        f"import site; site.addsitedir({str(here)!r})\n"
    )
    python = str(folder / "bin" / "python")
    run(sys.executable, *PIP, "--python", python, "install", *OFFLINE, str(wheel), cwd=folder.parent)
    return python


@pytest.mark.slow
def test_recipes_are_found_by_name_in_an_empty_directory(wheel: Path, tmp_path: Path) -> None:
    """All of them, from the environment's own files, and they pass their check there."""
    python, empty = in_a_venv(wheel, tmp_path / "venv"), tmp_path / "empty"
    empty.mkdir()
    cli = (python, "-m", "bridge.cli", "recipe")
    lines = run(*cli, "check", "--quiet", cwd=empty).splitlines()
    assert [Path(line.partition(": ok, ")[0]).stem for line in lines] == RECIPES
    assert all(line.startswith(str(tmp_path / "venv")) for line in lines)
    assert run(*cli, "check", "tencent", "--quiet", cwd=empty).count(": ok, ") == 1
    run(*cli, "new", "globex", cwd=empty)
    assert (empty / "config" / "recipes" / "globex.toml").is_file()


def test_recipes_are_found_where_packages_have_a_folder_of_their_own(wheel: Path, tmp_path: Path) -> None:
    """As images are often built: `pip install --target`."""
    folder, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    run(sys.executable, *PIP, "install", *OFFLINE, "--target", str(folder), str(wheel), cwd=empty)
    first = f"import sys; sys.path.insert(0, {str(folder)!r}); "
    found = run(
        sys.executable,
        "-c",
        first + "from bridge_http.folders import find; print(find('yunpian'))",
        cwd=empty,
    )
    assert found.startswith(str(folder))
