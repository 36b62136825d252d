"""A vendor that quotes, and a memory of secrets that ends with the test."""

from collections.abc import Iterator

import pytest

from bridge import logs

from .hostile import EchoVendor
from .spans import Collector


@pytest.fixture
def echo() -> Iterator[EchoVendor]:
    """Yield the vendor that quotes whatever it is told."""
    with EchoVendor() as vendor:
        yield vendor


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_secrets", frozenset())
    monkeypatch.setattr(logs, "_secret_pattern", logs._secret_pattern)


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Yield a collector of spans."""
    with Collector() as collector:
        yield collector
