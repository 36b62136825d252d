"""Where a plugin's package, its project and its tables lie."""

import inspect
import sys
from pathlib import Path

from bridge.plugin import Vendor


def package_of(vendor: type[Vendor]) -> Path:
    """Return the folder of the vendor's top-level package, or the file of a single module."""
    file = Path(inspect.getfile(sys.modules[vendor.__module__.partition(".")[0]]))
    return file.parent if file.name == "__init__.py" else file


def project_of(place: Path) -> Path:
    """Return the nearest folder, at most four up, with a pyproject.toml; else the place's own folder."""
    place = place.resolve()
    for folder in list(place.parents)[:4]:
        if (folder / "pyproject.toml").is_file():
            return folder
    return place if place.is_dir() else place.parent


def tables_in(place: Path) -> list[Path]:
    """Return the test files at a place that use the kit."""
    if place.is_file():
        return [place]
    files = sorted(place.rglob("test_*.py"))
    return [file for file in files if "VendorTests" in file.read_text(encoding="utf-8", errors="ignore")]
