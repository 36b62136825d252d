"""The plugin the kit's tests break: installed in a folder of its own, with the changes asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

_ACME = Path(__file__).parent / "acme"
collect_ignore = ["acme"]

Install = Callable[..., None]


@pytest.fixture
def install(pytester: pytest.Pytester) -> Install:
    """`install(("acme_sms.py", "old", "new"))`: Acme with these lines changed, importable and registered."""

    def put(*changes: tuple[str, str, str]) -> None:
        for source in _ACME.iterdir():
            if source.is_file():
                (pytester.path / source.name).write_text(_changed(source, changes), encoding="utf-8")
        info = pytester.path / "acme_sms-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-sms\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[bridge]\nacme = acme_sms\n")
        (pytester.path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
        pytester.syspathinsert()

    return put


def _changed(source: Path, changes: tuple[tuple[str, str, str], ...]) -> str:
    text = source.read_text(encoding="utf-8")
    for file, old, new in changes:
        if file == source.name:
            assert old in text, f"{file} has no line {old!r}"
            text = text.replace(old, new)
    return text
