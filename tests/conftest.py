"""What every test shares."""

import os

import pytest

from bridge import logs

pytest_plugins = ["tests.databases", "pytester"]


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: the tests that take long start processes and wait for them."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs are written as in production, masked, where pytest shows them for a failing test."""
    logs.configure(form="text")
