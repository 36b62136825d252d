"""What every test shares."""

import pytest

from bridge import logs

pytest_plugins = ["tests.databases", "pytester"]


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs are written as in production, masked, where pytest shows them for a failing test."""
    logs.configure(form="text")
