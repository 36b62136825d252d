"""What every test shares."""

import gc
import os
import sys

import pytest
from hypothesis import HealthCheck, settings

from bridge import logs

# The hundreds of processes that tests start would each compile the bridge anew, and that takes seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

pytest_plugins = ["tests.databases", "pytester"]

# How fast values are drawn says something of the machine and what else it does, nothing of the bridge.
settings.register_profile("bridge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bridge")


# Fourteen thousand tests are collected by each worker, and all of them stay: to look them over again and
# again for what may be thrown away takes a tenth of the time.
gc.disable()


def pytest_collection_finish() -> None:
    """What has been collected stays out of sight of the garbage collector from here on."""
    gc.freeze()
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """Three for each core: the tests that take long start processes and wait for them."""
    return 3 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs are written as in production, masked, where pytest shows them for a failing test."""
    logs.configure(form="text")
