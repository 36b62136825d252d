"""What tests of the sandbox share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .carrying import Clock, Webhook, serving
from .lines import Line


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


@pytest.fixture
def line(tmp_path: Path, webhook: Webhook) -> Iterator[Line]:
    clock = Clock()
    with serving(tmp_path / "carrier.db", clock) as server:
        line = Line(server.url, webhook, clock)
        yield line
        line.close()


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Fetch a picture for any medium. Returns what was asked for."""
    asked: list[dict[str, Any]] = []

    def fetch(url: str, **options: Any) -> tuple[bytes, str]:
        asked.append({"url": url} | options)
        return b"\x89PNG", "image/png"

    monkeypatch.setattr("bridge_sandbox.vendor.fetch", fetch)
    return asked
