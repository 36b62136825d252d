"""What a process has loaded stays out of the garbage collector's sight."""

import subprocess
import sys

PROGRAM = """
import gc
from bridge.collecting import keep_what_is_loaded
keep_what_is_loaded()
print(gc.isenabled(), gc.get_freeze_count() > 1000, gc.get_threshold()[0] > 700)
"""


def test_what_is_loaded_is_kept_and_new_objects_are_still_collected() -> None:
    printed = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert printed.stdout.split() == ["True", "True", "True"]
