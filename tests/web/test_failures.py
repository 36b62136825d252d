"""What the bridge says when it fails itself: the envelope to Quick Audience, little to anybody else."""

import io
from typing import Any

import pytest

from bridge import metrics

from .world import PLATFORM, World


def broken(*_: Any, **__: Any) -> None:
    raise RuntimeError("secret detail about 13900001111")


@pytest.mark.parametrize("path", ["/promo/sms/smsSign/Acme", "/sms/smsSign/Acme"])
@pytest.mark.parametrize("where", ["guard", "frame"])
def test_the_envelope_is_given_wherever_it_fails(
    world: World, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO, where: str, path: str
) -> None:
    if where == "guard":
        monkeypatch.setattr(world.ledger.signatures, "claim", broken)
    else:
        monkeypatch.setattr(metrics.REQUESTS, "labels", broken)
    answer = world.call("GET", path)
    found = answer.get_json()
    assert (answer.status_code, found["code"], found["platformName"]) == (500, "INTERNAL_ERROR", PLATFORM)
    assert found["requestId"] in found["message"]
    assert found["requestId"] in logged.getvalue()
    assert "secret detail" in logged.getvalue()
    assert "secret detail" not in answer.text
    assert "13900001111" not in logged.getvalue()


def test_others_learn_nothing(world: World, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO) -> None:
    monkeypatch.setattr(world.ledger.coordination, "live_workers", broken)
    answer = world.client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (500, {"error": "Internal Server Error"})
    assert "secret detail" in logged.getvalue()
