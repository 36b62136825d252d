from collections.abc import Iterator

import pytest
import requests

from bridge.simulator import CallbackServer, Rules

from .pushing import KEY


@pytest.fixture
def callbacks() -> Iterator[CallbackServer]:
    with CallbackServer(Rules(KEY), hold_s=30) as server:
        yield server


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session
