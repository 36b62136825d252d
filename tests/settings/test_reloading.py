"""Before a reload somebody looks, and what runs goes on where no other could start."""

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from bridge import worker
from bridge.settings import examine, obstacles
from bridge.settings.loading import RELOADING

CHECK = {
    "well": (0, "✓ promo\n! caution\nNo fault.\n", []),
    "faults": (2, "✓ promo\n✗ channels.promo.kye: Unknown.\n✗ bridge: Full.\n2 faults.\n", None),
    "killed": (-9, "", ["sms-bridge check ended with status -9."]),
}


@pytest.mark.parametrize(("status", "printed", "told"), CHECK.values(), ids=CHECK)
def test_the_faults_of_a_check_are_told(
    status: int, printed: str, told: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each as a sentence; cautions are none."""

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        assert command[-1] == "check" and how["timeout"] < 60 and how["env"][RELOADING]
        return subprocess.CompletedProcess(command, status, printed)

    monkeypatch.setattr("bridge.settings.reloading.subprocess.run", run)
    assert obstacles() == (["channels.promo.kye: Unknown.", "bridge: Full."] if told is None else told)


@pytest.mark.parametrize("error", [OSError("no process"), subprocess.TimeoutExpired("check", 40)])
def test_a_check_that_cannot_be_asked_is_an_obstacle(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is ended on a guess."""

    def run(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("bridge.settings.reloading.subprocess.run", run)
    assert obstacles() == [f"sms-bridge check could not be asked ({type(error).__name__})."]


@pytest.mark.parametrize("faults", [[], ["channels.promo.kye: Unknown."]], ids=["well", "faults"])
def test_a_worker_ends_at_sighup_where_another_could_start(
    faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes on where none could; its loops do not wait for the answer."""
    looked_by = []

    def look() -> list[str]:
        looked_by.append(threading.current_thread())
        return faults

    monkeypatch.setattr(worker, "obstacles", look)
    stop = threading.Event()
    worker._look_first(stop).join(10)
    assert looked_by != [threading.current_thread()]
    assert stop.is_set() == (not faults)


# What the process has in its environment -> what is told of the variable that it lacks.
LACKING = [({}, "Set it before the bridge starts."), ({RELOADING: "1"}, "restart the bridge")]


@pytest.mark.parametrize(("environ", "advice"), LACKING, ids=["at a start", "at a reload"])
def test_a_running_process_is_not_told_to_set_what_it_cannot_get(
    environ: dict[str, str], advice: str, tmp_path: Path
) -> None:
    """The file may be right: a reload cannot bring a new variable."""
    config = tmp_path / "bridge.toml"
    config.write_text('[channels.promo]\nkey = "env:PROMO_NEW_KEY"\n')
    _, faults = examine(config, environ)
    [fault] = [str(fault) for fault in faults if fault.absent]
    assert "PROMO_NEW_KEY is not set" in fault and advice in fault
