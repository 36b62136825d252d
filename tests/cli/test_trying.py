"""What keeps the service's user from working is told by `check`, and before `serve` starts anything."""

import os
import pwd
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from bridge.ledger import Ledger
from bridge.services.setup import trying

from .conftest import CONFIG, Desk

Trouble = Callable[[Desk, pytest.MonkeyPatch], None]
SERVICE = SimpleNamespace(pw_name="sms-bridge", pw_uid=4711)


def no_metrics(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    desk.write(CONFIG.replace("{folder}/metrics", "/proc/metrics"))


def a_file_for_metrics(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    desk.write(CONFIG.replace("{folder}/metrics", "/dev/null/metrics"))


def made_by_root(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "geteuid", lambda: 0)
    patch.setattr(pwd, "getpwnam", lambda name: SERVICE)


def few_connections(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ledger, "connections_allowed", lambda self: 20)
    patch.setenv("SMS_BRIDGE_WEB_WORKERS", "2")


TROUBLES: list[tuple[Trouble, str, str]] = [
    (no_metrics, "bridge.metrics_dir: The folder /proc/metrics cannot be made", "may write to"),
    (a_file_for_metrics, "bridge.metrics_dir: The folder /dev/null/metrics cannot be made", "may write to"),
    (made_by_root, "and the service runs as sms-bridge", "Run: chown -R sms-bridge"),
    (
        few_connections,
        "bridge.pool_size: 2 web processes and a worker may open 48 connections; the server allows 20.",
        "Lower it, or raise max_connections",
    ),
]


@pytest.mark.parametrize(
    ("trouble", "problem", "advice"), TROUBLES, ids=[row[0].__name__ for row in TROUBLES]
)
@pytest.mark.parametrize("command", ["check", "serve"])
def test_it_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str, trouble: Trouble, problem: str, advice: str
) -> None:
    """With what to do; nothing is started."""
    trouble(desk, monkeypatch)
    result = desk.run(command)
    assert result.exit_code == 2
    assert problem in result.output
    assert advice in result.output
    assert "Traceback" not in result.output


def test_root_is_told_that_it_proves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no user of the service is known."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(trying, "_service_user", lambda: None)
    told = desk.run("check").output
    assert ("root may do everything" in told) is (desk.config.stat().st_uid == 0)
