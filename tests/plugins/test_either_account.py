"""Every vendor as either account of a channel: what one did not take goes to the other, and nothing twice.

The plugins are the real ones, at the emulators of their own tests; only the clock of the bridge is set.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from bridge.contract.bodies import DigitalTemplateBody
from bridge.ledger import Ledger
from bridge.plugin import Kind
from bridge.testing import Lost, Reply, Seen
from bridge.testing.play.serving import serving
from bridge_http.request.building import Built
from tests.services.world import World

from .aliyun.emulator import Emulator as EmulatedAliyun
from .http.emulators.elks46 import Elks46
from .sandbox.carrying import KEY
from .sandbox.carrying import serving as carrying
from .twilio.emulator import Emulator as EmulatedTwilio
from .twilio.samples import settings as twilio_settings

PHONES = ["13800000001", "13800000002", "13800000003"]
FAILOVER_S = 10


class Party(NamedTuple):
    """A vendor at the other end.

    `refuse`: it takes nothing from now on, and says so; `lose`: it takes and never answers.
    """

    table: dict[str, Any]
    taken: Callable[[], list[str]]
    refuse: Callable[[], object]
    lose: Callable[[], object]


@contextmanager
def aliyun(_folder: Path) -> Iterator[Party]:
    """Its key and address; templates are approved when they are handed in."""
    with EmulatedAliyun() as emulator:
        emulator.account.approve_sign("Acme")
        emulator.account.approves_at_once = True
        key = {"access_key_id": "testAK", "access_key_secret": "testSK", "related_sign_name": "Acme"}
        address = {"endpoint": emulator.endpoint, "protocol": "HTTP"}

        def refuse() -> None:
            emulator.plan.add("throttled")

        def lose() -> None:
            for operation in ("SendSms", "SendBatchSms"):
                emulator.plan.add("closed_after", operation=operation)

        yield Party(
            {"vendor": "aliyun", "settings": key | address},
            lambda: emulator.delivered,
            refuse,
            lose,
        )


@contextmanager
def twilio(_folder: Path) -> Iterator[Party]:
    """Yield an account whose messages stay on their way."""
    with EmulatedTwilio() as emulator:
        emulator.callbacks.fates.automatic = False
        chances = emulator.trouble.chances
        yield Party(
            {"vendor": "twilio", "settings": twilio_settings(base_url=emulator.url)},
            lambda: emulator.delivered,
            lambda: chances.update(throttle=1.0),
            lambda: chances.update(reset_after=1.0),
        )


@contextmanager
def elks46(_folder: Path) -> Iterator[Party]:
    """Yield a recipe's vendor that takes one message a call and proves nothing."""
    emulator = Elks46()
    ways: list[str] = []

    def answer(seen: Seen) -> Any:
        if ways == ["refuse"]:
            return Reply(429, text="Too many requests")
        told = emulator(Built(seen.method, seen.url, dict(seen.headers), seen.body))
        return Lost.RESET if ways else Reply(told.status, text=told.content.decode())

    with serving(answer) as url:
        settings = {"recipe": "46elks", "secrets": dict(emulator.secrets), "base_url": f"{url}/a1"}
        yield Party(
            {"vendor": "http", "settings": settings},
            lambda: [taken.number for taken in emulator.taken],
            lambda: ways.append("refuse"),
            lambda: ways.append("lose"),
        )


@contextmanager
def sandbox(folder: Path) -> Iterator[Party]:
    """Yield a carrier whose look-up proves absence."""
    with carrying(folder / "carrier.db", time.time) as server:
        quick = {"receipt_delay_s": 0, "review_delay_s": 0, "failure_rate": 0, "reply_rate": 0}

        def suffer(**faults: float) -> None:
            requests.put(f"{server.url}/faults", json=faults, timeout=10).raise_for_status()

        def taken() -> list[str]:
            query = {"account": "promo", "after": "0", "limit": "1000"}
            page = requests.get(f"{server.url}/record/messages", params=query, timeout=10).json()
            return [f"+{row['number'].removeprefix('+')}" for row in page["messages"]]

        settings = {"url": server.url, "key": KEY, "poll": True, "account": "promo"} | quick
        yield Party(
            {"vendor": "sandbox", "settings": settings},
            taken,
            lambda: suffer(throttle=1.0),
            lambda: suffer(reset_after=1.0),
        )


PARTIES = [aliyun, twilio, elks46, sandbox]
PAIRS = [(first, second) for first in PARTIES for second in PARTIES if first is not second]


@pytest.fixture(params=PAIRS, ids=lambda pair: "-".join(one.__name__ for one in pair))
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Party, Party]]:
    """Yield the vendors of the first account and of the second."""
    first, second = request.param
    with first(tmp_path) as main, second(tmp_path) as spare:
        yield main, spare


@contextmanager
def channel(ledger: Ledger, main: Party, spare: Party, **more: Any) -> Iterator[World]:
    """Yield a channel with these two, whose clock begins now."""
    accounts = {"main": main.table, "spare": spare.table}
    terms = {"failover_after_s": FAILOVER_S, "reconcile_after_s": 1, "signs": {"Acme": "approved"}, **more}
    world = World(ledger, accounts=accounts, cold=True, **terms)
    world.now = time.time()
    try:
        yield world
    finally:
        world.close()


def after(world: World, seconds: int) -> None:
    """Let time pass, and do what is due."""
    for _ in range(seconds):
        world.now += 1
        world.hand_over()
        world.settle()


def everyone(party: Party) -> list[str]:
    """Return the numbers that a vendor took, in order."""
    return sorted(party.taken())


EVERYONE = [f"+86{phone}" for phone in PHONES]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_refused_goes_to_the_other(ledger: Ledger, pair: tuple[Party, Party]) -> None:
    """Each person has it once, from the second; and the first is the first again with the next send."""
    main, spare = pair
    with channel(ledger, main, spare) as world:
        code = approved(world)
        main.refuse()
        world.send(PHONES, code=code)
        after(world, FAILOVER_S - 4)
        assert (everyone(main), everyone(spare)) == ([], []), "it went too early"
        after(world, 40)
        assert (everyone(main), everyone(spare)) == ([], EVERYONE)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_lost_never_goes_to_the_other(ledger: Ledger, pair: tuple[Party, Party]) -> None:
    """Where the first one can prove what became of it, and where not."""
    main, spare = pair
    with channel(ledger, main, spare) as world:
        code = approved(world)
        main.lose()
        world.send(PHONES[:1], code=code)
        after(world, 60)
        assert (everyone(main), everyone(spare)) == (EVERYONE[:1], [])
        assert not Counter(everyone(main)) - Counter(EVERYONE)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_digital_template_of_one_account_stays_there(ledger: Ledger, tmp_path: Path) -> None:
    """What the first does not take waits for it: the other has no such template, and is never asked."""
    picture = Reply(text="\x89PNG", headers={"Content-Type": "image/png"})
    with (
        serving(lambda _: picture) as media,
        sandbox(tmp_path) as main,
        elks46(tmp_path) as spare,
        channel(ledger, main, spare) as world,
    ):
        parts = [{"fileSuffix": "txt", "fileContents": "Dear ${name}", "index": 1}]
        parts += [{"fileSuffix": "png", "fileContents": f"{media}/picture.png", "fileName": "p", "index": 2}]
        body = json.dumps({"templateContent": parts, "templateTheme": "Spring", "smsSignName": "Acme"})
        create = world.services.templates.create_digital
        code = create(DigitalTemplateBody.parse(body.encode()))
        reviewed(world)
        main.refuse()
        world.send(PHONES, code=code, kind=Kind.DIGITAL)
        after(world, 4 * FAILOVER_S)
        assert (everyone(main), everyone(spare), world.ended()) == ([], [], {})


def approved(world: World) -> str:
    """Return a text template that both accounts have approved; its code."""
    code = world.template()
    reviewed(world)
    return code


def reviewed(world: World) -> None:
    """Ask for the reviews, as often as it takes."""
    for _ in range(3):
        world.now += 100
        world.services.templates.refresh_pending()
    world.now = time.time()
