"""The plugins the kit is tried on: installed in a folder of their own, with the changes asked for."""

import gc
from collections.abc import Callable, Iterator

import pytest

# Pytest inside pytest forgets what it has imported: what is there before is not read again for every test.
import bridge.testing.ladder.suite
import bridge.testing.play.campaign  # noqa: F401

from .installing import Change, lay

# Pytest inside pytest finds the bridge imported already, of which it would warn, and sweeps up what earlier
# tests of this process left open, which is none of its own.
_INI = """
[pytest]
filterwarnings =
    error
    ignore:Module already imported:pytest.PytestAssertRewriteWarning
    ignore::pytest.PytestUnraisableExceptionWarning
"""
collect_ignore = ["acme", "elks", "sins"]

Install = Callable[..., None]


@pytest.fixture
def swept() -> Iterator[None]:
    """Collect what a sin leaves open in its own test, where that is no fault, and not in a later one."""
    gc.freeze()  # what was there before is no sin's, and to look it over again takes longer than the sin
    yield
    gc.collect()


@pytest.fixture
def install(pytester: pytest.Pytester) -> Install:
    """`install(("acme_sms.py", "old", "new"))`: Acme with these lines changed, importable and registered.

    `install(plugin="elks")` takes another plugin of this folder.
    """

    def put(*changes: Change, plugin: str = "acme") -> None:
        lay(pytester.path, *changes, plugin=plugin)
        (pytester.path / "pytest.ini").write_text(_INI)
        pytester.syspathinsert()

    return put
