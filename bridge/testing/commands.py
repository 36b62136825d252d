"""`sms-bridge plugins verify` and `plugins new`: the kit from the command line."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from bridge.channels.catalogue import Catalogue, discover
from bridge.plugin import Vendor

from .ladder import rung
from .ladder.places import package_of, project_of, tables_in
from .new import BadName, write_repository

_PYTEST_NOTHING_COLLECTED = 5
_WORDS = re.compile(r"[\w./-]+")


class KitTrouble(click.ClickException):
    """An expected failure in one sentence; exit status 2."""

    exit_code = 2


@click.command()
@click.argument("name")
@click.option(
    "--tests",
    type=click.Path(exists=True, path_type=Path),
    help="The file or folder with the vendor's table. [default: tests/ of the plugin's project]",
)
@click.option("--keep/--no-keep", default=True, help="Keep the rung in the plugin's package (default).")
def verify(name: str, tests: Path | None, keep: bool) -> None:
    """Run the table of vendor NAME and tell its rung, and what the next one lacks.

    The rung is kept in the plugin's package, where `sms-bridge plugins` finds it, until the source changes.
    Exit status 1 when a test fails.
    """
    vendor = _vendor(name, discover())
    _require_kit()
    package = package_of(vendor)
    found = tables_in(tests) if tests else tables_in(project_of(package) / "tests")
    if not found:
        raise KitTrouble(f"No table of {name} was found; give the place with --tests.")
    status, climbs = _run(name, found)
    if status == 0 and keep:
        _keep(package, name, climbs)
    elif keep:
        click.echo("The rung is not kept, because a test failed.")
    raise SystemExit(min(status, 1))


def _vendor(name: str, catalogue: Catalogue) -> type[Vendor]:
    if name in catalogue.vendors:
        return catalogue.vendors[name]
    problems = [f"{point}: {problem}" for point, problem in catalogue.problems]
    known = f"There is no vendor {name}; installed are {', '.join(sorted(catalogue.vendors))}."
    raise KitTrouble("\n".join([known, *problems]))


def _require_kit() -> None:
    for module in ("pytest", "responses"):
        if find_spec(module) is None:
            raise KitTrouble(f'The tests need {module}: pip install "qa-sms-bridge[testing]"')


def _run(name: str, tests: Sequence[Path]) -> tuple[int, list[Mapping[str, Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "rungs.json"
        options = ["-q", "--bridge-vendor", name, "--bridge-rungs", str(told)]
        command = [sys.executable, "-m", "pytest", *options, *map(str, tests)]
        status = subprocess.run(command, cwd=project_of(tests[0]), check=False).returncode  # noqa: S603
        if status == _PYTEST_NOTHING_COLLECTED or not told.is_file():
            raise KitTrouble(f"No table of {name} ran.")
        return status, json.loads(told.read_text(encoding="utf-8"))


def _keep(package: Path, name: str, climbs: Sequence[Mapping[str, Any]]) -> None:
    if not package.is_dir():
        return
    try:
        tables = {climb["title"]: climb["rung"] for climb in climbs}
        rung.write(package, name, tables, {climb["title"]: climb["unproven"] for climb in climbs})
    except OSError:
        click.echo(f"The rung could not be kept: {package} cannot be written to.")


@click.command()
@click.argument("name")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="The new folder. [default: bridge-NAME here]"
)
def new(name: str, folder: Path | None) -> None:
    """Write the repository of a plugin for vendor NAME: a package, its table test and a README.

    It passes its own tests at bronze at once; then make it speak the vendor's language.
    """
    if name in discover().vendors:
        raise KitTrouble(f"A vendor {name} is installed already.")
    folder = folder or Path(f"bridge-{name.replace('_', '-')}")
    try:
        written = write_repository(name, folder)
    except (BadName, FileExistsError) as error:
        raise KitTrouble(str(error)) from None
    for file in written:
        click.echo(f"  {file}")
    click.echo(
        f'\nNow: cd {folder}, pip install -e ".[test]", pytest. The guide is plugins/README.md of the bridge.'
    )


def rung_of(vendor: type[Vendor]) -> str:
    """Return a vendor's rung for the table of `sms-bridge plugins`."""
    found = rung.read(package_of(vendor), vendor.name)
    if found is None:
        return "not verified"
    if not found.current:
        return "changed since verified"
    return found.best or "none"


def rung_with(vendor: type[Vendor], settings: Mapping[str, Any]) -> str:
    """Return the rung of a vendor under an account's settings.

    Where a vendor has several tables, such as one a recipe, it is that of the table whose title names one of
    the settings' values; a recipe that no table has tried has not reached what others have.
    """
    found = rung.read(package_of(vendor), vendor.name)
    if found is None or not found.current or len(found.tables) < 2:
        return rung_of(vendor)
    values = {str(value) for value in settings.values() if isinstance(value, str)}
    for title, reached in found.tables.items():
        if values & set(_WORDS.findall(title)):
            return reached or "none"
    return f"not verified with these settings ({found.best} with others)"


def unproven_of(vendor: type[Vendor]) -> str:
    """Return what the record of a vendor's rung leaves open, in one line; "" for nothing."""
    found = rung.read(package_of(vendor), vendor.name)
    return (
        "; ".join(f"{title}: {what}" for title, each in found.unproven.items() for what in each)
        if found
        else ""
    )
