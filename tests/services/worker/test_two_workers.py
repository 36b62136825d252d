"""Workers that share a database must not stand in each other's way."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.ledger import AccountKey, Callee, Holder, Ledger, Scope
from bridge.plugin import Limits
from bridge.services.messages.rates import Rates
from bridge.settings import BridgeSettings
from bridge.worker import Sender
from bridge.worker.loop import Station
from tests.ledger.making import NOW, phones, send, terms


def _channel(name: str, rate: float) -> SimpleNamespace:
    settings = SimpleNamespace(rate_per_s=rate, burst=0, concurrency=8, vendor="any")
    settings.all_accounts = {"any": settings}
    hooks = SimpleNamespace(identity="", limits=Limits(100))
    account = SimpleNamespace(name="any", settings=settings, hooks=hooks)
    return SimpleNamespace(
        name=name, settings=settings, hooks=hooks, accounts={"any": account}, several=False
    )


def _services(channel: Any, ledger: Ledger) -> SimpleNamespace:
    rates = Rates(channel.name, channel.settings, ledger)
    return SimpleNamespace(channel=channel, routing=SimpleNamespace(rates=rates))


def sender(ledger: Ledger, **rates: float) -> Sender:
    """Of channels that have nothing but a rate."""
    services: Any = {name: _services(_channel(name, rate), ledger) for name, rate in rates.items()}
    return Sender(Station(services, ledger, BridgeSettings(), "w", lambda: NOW / 1000))


@pytest.mark.parametrize("wanted", [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]])
def test_rates_are_locked_in_one_order(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, wanted: list[str]
) -> None:
    """Whichever turn it is: else two workers wait for each other, until one is ended after a second."""
    for name in wanted:
        ledger.sends.accept(send(phones(2), channel=name, digest=name.encode()), terms())
    taken: list[tuple[str, float]] = []
    take = ledger.coordination.take

    def noted(connection: Any, bucket: str, units: float, **rate: Any) -> int:
        taken.append((bucket, units))
        return take(connection, bucket, units, **rate)

    monkeypatch.setattr(ledger.coordination, "take", noted)
    one = sender(ledger, a=1, b=2, c=0)
    _, claimed = one._commit(wanted)
    assert [claimed.channel for claimed in claimed] == wanted
    assert taken == [("a/rate", 1), ("b/rate", 2)], "no call holds more than a second may take"
    one.close()


def test_two_workers_share_the_first_call_of_an_account(ledger: Ledger) -> None:
    """It was never called, and one call at a time is made at it, over all workers."""
    if ledger.database.sqlite:
        pytest.skip("one transaction at a time anyway")
    for digest in (b"1", b"2"):
        ledger.sends.accept(send(phones(2), digest=digest), terms())
    key, callee, scope = AccountKey("promo", "any"), Callee("any", ""), Scope("promo", NOW)

    def begin() -> int:
        with ledger.database.engine.begin() as connection:
            return ledger.accounts.allow(connection, [], [key], NOW).room[key].calls

    with ThreadPoolExecutor(1) as other, ledger.database.engine.begin() as connection:
        assert ledger.accounts.allow(connection, [], [key], NOW).room[key].calls == 1
        second = other.submit(begin)
        with pytest.raises(TimeoutError):
            second.result(0.2)  # it waits for this one's end
        ledger.batches.claim(connection, scope, Holder("w", NOW + 60_000), callee, limit=1)
        connection.commit()
        assert second.result(5) == 0
