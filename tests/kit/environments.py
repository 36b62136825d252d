"""Fresh environments for plugins, in which nothing has to be downloaded."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

INSTALLING = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--disable-pip-version-check")


def environment(folder: Path) -> str:
    """Make an environment that sees the packages of this one; return its interpreter."""
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    here = Path(sysconfig.get_path("purelib"))
    there = folder / here.relative_to(sys.prefix)
    # addsitedir also reads the .pth files there, by which an editable bridge is found.
    (there / "parent.pth").write_text(f"import site; site.addsitedir({str(here)!r})\n")
    return str(folder / "bin" / "python")


def install(python: str, *what: str, cwd: Path | None = None) -> None:
    """Install a plugin into an environment."""
    run(sys.executable, "-m", "pip", "--python", python, "install", *INSTALLING, *what, cwd=cwd)


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a command that must succeed; return what it printed."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
