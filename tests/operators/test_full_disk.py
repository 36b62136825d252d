"""A disk that is full is told as that, and not as a worker that is missing."""

import os
import socket
import time
from pathlib import Path

import pytest
import requests

from bridge.ledger import upgrade
from bridge.services.writability import EVERY_S
from tests.web.test_gunicorn import CONFIGURATION, Web
from tests.web.test_gunicorn import KEY as WEB_KEY

from .test_restarts import fill, small

__all__ = ["small"]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk")


def database(web: Web) -> tuple[int, dict[str, str], float]:
    """Return what /readyz says, and what Prometheus sees of the database."""
    answer = requests.get(web.url + "/readyz", timeout=30)
    return answer.status_code, answer.json(), web.shown("sms_bridge_database_up")


def until(web: Web, up: float) -> dict[str, str]:
    """Wait until each web process sees the database so. Returns what /readyz says then."""
    deadline = time.monotonic() + 4 * EVERY_S
    while True:
        found = [database(web) for _ in range(8)]
        if all(shown == up and (told["database"] == "ok") is bool(up) for _, told, shown in found):
            return found[-1][1]
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.parametrize("used", [False, True], ids=["fresh", "with a log that is used again"])
def test_a_full_disk_is_told_as_that(small: Path, tmp_path: Path, used: bool) -> None:
    """By /readyz with what to do, by the metric whose alert has the paragraph; and it ends with the cause."""
    (tmp_path / "bridge.toml").write_text(CONFIGURATION.format(folder=small, key=WEB_KEY))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        upgrade(f"sqlite:///{small}/bridge.db")
        web = Web(tmp_path, listening)
        try:
            for _ in range(20 if used else 1):
                assert web.ask("/promo/sms/smsSign/Acme%2FUK").json()["code"] == "OK"
            told = until(web, 1)
            assert told["database"] == "ok" and "No worker" in told["worker"]
            filling = fill(small)
            told = until(web, 0)
            assert "Make room on the disk" in told["database"]
            assert told["worker"] == "not known"
            filling.unlink()
            assert until(web, 1)["database"] == "ok"
        finally:
            web.process.kill()
            web.process.wait()
