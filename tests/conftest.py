"""What every test shares."""

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bridge import logs

# The hundreds of processes that tests start would each compile the bridge anew, and that takes seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Nothing here takes the machine's power away, and a third of a database's test was waiting for its disk: the
# files of tests lie in memory, where there is plenty.
_MEMORY = Path("/dev/shm")
_PLENTY = 4 << 30


def _plenty_of_memory() -> bool:
    if not os.access(_MEMORY, os.W_OK):
        return False
    room = os.statvfs(_MEMORY)
    return room.f_bavail * room.f_frsize > _PLENTY and not room.f_flag & os.ST_NOEXEC


if _plenty_of_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

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
