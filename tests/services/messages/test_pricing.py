"""What messages cost: by the configured price that fits closest, and by what vendors' receipts say."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from bridge.ledger import Ledger, Rate
from bridge.plugin import (
    DeliveryReceipt,
    MessageStatus,
    NotAccepted,
    TemplateType,
    accepted,
    not_sent,
    rejected,
    unknown,
)
from bridge.plugin.phone import parse
from bridge.services.campaigns.seeing import Seeing
from bridge.services.pricing import Pricing, SeenCost, country_of
from bridge.settings import Settings

from ..conftest import Worlds
from ..desk.test_timeline import OTHER, PHONE, seen
from ..world import NAME, World

DAY_MS = 86_400_000
AT = 1_795_400_000_000  # 2026-11-23
TYPES = {type_.name.lower(): type_ for type_ in TemplateType}


def pricing(ledger: Ledger, *rows: Mapping[str, object]) -> Pricing:
    """Return the prices of the channel promo, with two accounts."""
    channel = {
        "platform_name": "Acme",
        "key": "k" * 16,
        "accounts": {"main": {"vendor": "aliyun"}, "spare": {"vendor": "twilio"}},
    }
    settings = Settings.model_validate(
        {"channels": {NAME: channel}, "prices": [{"currency": "CNY", **row} for row in rows]}
    )
    return Pricing(settings, NAME, ledger)


PLAIN = {"price": "0.05"}
PROMO = {"price": "0.06", "type": ["promotion"]}
INTERNATIONAL = {"price": "0.3", "type": ["international"]}
JAPAN = {"price": "0.5", "country": "JP", "type": ["international"]}
SPARE = {"price": "0.04", "account": "spare"}
TWILIO = {"price": "0.03", "account": "twilio"}
ELSEWHERE = {"price": "9", "channel": "other"}
LATER = {"price": "0.07", "valid_from": "2026-11-24"}
EARLIER = {"price": "0.02", "valid_from": "2026-11-01"}

# Rows -> account, type, country, and the price that decides.
CLOSEST: list[tuple[list[Mapping[str, object]], str, str, str, str | None]] = [
    ([], "main", "promotion", "CN", None),
    ([PLAIN], "main", "promotion", "CN", "0.05"),
    ([PLAIN, PROMO], "main", "promotion", "CN", "0.06"),
    ([PROMO, PLAIN], "main", "promotion", "CN", "0.06"),
    ([PLAIN, PROMO], "main", "captcha", "CN", "0.05"),
    ([INTERNATIONAL, JAPAN], "main", "international", "JP", "0.5"),
    ([INTERNATIONAL, JAPAN], "main", "international", "US", "0.3"),
    ([JAPAN], "main", "international", "US", None),
    ([PLAIN, SPARE], "spare", "captcha", "CN", "0.04"),
    ([PLAIN, TWILIO], "spare", "captcha", "CN", "0.03"),
    ([PLAIN, SPARE], "main", "captcha", "CN", "0.05"),
    ([ELSEWHERE], "main", "captcha", "CN", None),
    ([PLAIN, LATER], "main", "captcha", "CN", "0.05"),
    ([EARLIER, PLAIN], "main", "captcha", "CN", "0.02"),
]


@pytest.mark.parametrize(("rows", "account", "type_", "country", "price"), CLOSEST)
def test_the_closest_price_decides(
    ledger: Ledger,
    rows: list[Mapping[str, object]],
    account: str,
    type_: str,
    country: str,
    price: str | None,
) -> None:
    """Of those that fit equally well the one that is valid from the latest day."""
    found = pricing(ledger, *rows).rate(account, TYPES[type_], country, AT)
    assert found == (None if price is None else Rate("CNY", Decimal(price)))


def test_a_day_begins_in_the_channel_s_zone(ledger: Ledger) -> None:
    """Eight hours earlier in Shanghai than in Greenwich."""
    prices = pricing(ledger, PLAIN, LATER)
    midnight = 1_795_449_600_000  # 2026-11-24 00:00 in Shanghai
    found = [prices.rate("main", TemplateType.CAPTCHA, "CN", midnight + late) for late in (-1, 0)]
    assert [rate and str(rate.price) for rate in found] == ["0.05", "0.07"]


COUNTRIES = [
    ("8613800138000", "CN"),
    ("85291234567", "HK"),
    ("14155552671", "US"),
    ("14165550123", "CA"),
    ("817012345678", "JP"),
    ("77012345678", "KZ"),
    ("447400123456", "GB"),
]


@pytest.mark.parametrize(("number", "country"), COUNTRIES)
def test_a_number_s_country(number: str, country: str) -> None:
    """Also where several share a calling code."""
    assert country_of(parse(number, TemplateType.INTERNATIONAL)) == country


def test_a_price_keeps_its_number(ledger: Ledger) -> None:
    """Whoever asks; another price has another."""
    one, two = Rate("CNY", Decimal("0.045")), Rate("USD", Decimal("0.045"))
    numbers = [ledger.prices.number_of(rate) for rate in (one, two, one)]
    assert numbers[0] == numbers[2] != numbers[1]
    assert ledger.prices.all() == {numbers[0]: one, numbers[1]: two}


def priced(worlds: Worlds, *rows: Mapping[str, object]) -> World:
    """Return a world with prices."""
    return worlds(prices=[{"currency": "CNY", **row} for row in rows])


def costs(world: World) -> list[tuple[str, str, int, str | None, int]]:
    """Return what the campaign costs: currency, estimate, messages, charged, receipts."""
    [campaign] = Seeing(world.ledger).search([NAME])
    return [told(one) for one in campaign.costs]


def told(cost: SeenCost) -> tuple[str, str, int, str | None, int]:
    charged = None if cost.charged is None else f"{cost.charged.normalize():f}"
    return (cost.currency, f"{cost.estimate.normalize():f}", cost.messages, charged, cost.charges)


def test_what_the_vendor_took_is_estimated(worlds: Worlds) -> None:
    """By segments; what it refused costs nothing, what it may have taken may cost."""
    world = priced(worlds, {"price": "0.045"})
    numbers = [f"1380000000{seq}" for seq in range(4)]
    world.vendor.answer = lambda batch: [accepted("a"), rejected("E", "No."), unknown("Lost."), accepted("b")]
    texts = [{"name": "n"}] * 3 + [{"name": "n" * 100}]
    world.send(numbers, params=texts)
    world.hand_over()
    assert costs(world) == [("CNY", "0.18", 3, None, 0)]
    assert told(seen(world, numbers[3]).costs[0]) == ("CNY", "0.09", 1, None, 0)
    assert seen(world, numbers[1]).costs == []
    assert world.ledger.tallies.differences() == []


def test_segments_and_cost_count_the_same_messages(worlds: Worlds) -> None:
    """What the vendor refused counts in neither; what the carrier rejected after it was taken, in both."""
    world = priced(worlds, {"price": "0.05"})
    world.vendor.answer = lambda batch: [rejected("E", "No."), accepted("a"), accepted("b")]
    world.send([*(f"1380000000{seq}" for seq in range(3)), "12"])
    world.hand_over()
    message = world.vendor.batches[0].messages[1]
    receipt = DeliveryReceipt(MessageStatus.REJECTED, f"{message.ref}", code="REJECTD")
    world.services.receiving.store_reports([receipt], [], "webhook")
    [total] = Seeing(world.ledger).totals([NAME], 0, 1 << 60)
    [campaign] = Seeing(world.ledger).search([NAME])
    assert total.funnel.segments == campaign.funnel.segments == total.costs[0].messages == 2
    assert (campaign.funnel.failed, told(total.costs[0])) == (3, ("CNY", "0.1", 2, None, 0))
    assert world.ledger.tallies.differences() == []


def test_what_was_lost_and_sent_again_costs_once(worlds: Worlds) -> None:
    """The vendor proved that it had not taken it the first time."""
    world = priced(worlds, PLAIN)
    world.send([PHONE])
    world.vendor.answer = lambda batch: [unknown("Lost.")]
    world.hand_over()
    world.vendor.look_up = lambda batch: [not_sent(NotAccepted("Never came."))]
    world.vendor.answer = lambda batch: [accepted("a")]
    world.now += 60
    world.settle()
    world.hand_over()
    assert costs(world) == [("CNY", "0.05", 1, None, 0)]
    assert world.ledger.tallies.differences() == []


def test_countries_have_their_prices(worlds: Worlds) -> None:
    """Each message its own; one without a price is no cost."""
    world = priced(
        worlds,
        {"price": "0.5", "country": "JP"},
        {"price": "0.00645", "country": "US", "currency": "USD"},
    )
    world.send(["817012345678", "14155552671", "14155552672", "447400123456"], code=world.template(type_=3))
    world.hand_over()
    assert costs(world) == [("CNY", "0.5", 1, None, 0), ("USD", "0.0129", 2, None, 0)]


def charge(world: World, price: str, currency: str = "CNY", vendor_id: str = "", seq: int = 0) -> None:
    """Report one message as delivered at a price."""
    ref = world.vendor.batches[0].messages[seq].ref
    receipt = DeliveryReceipt(
        MessageStatus.DELIVERED, ref, vendor_id=vendor_id, price=Decimal(price), currency=currency
    )
    world.services.receiving.store_reports([receipt], [], "webhook")


def test_the_vendor_s_own_price_stands_beside_it(worlds: Worlds) -> None:
    """A receipt that comes again charges once, each part of a long message by itself."""
    world = priced(worlds, PLAIN)
    world.send([PHONE, OTHER])
    world.hand_over()
    for price, part, seq in [("0.031", "p1", 0), ("0.031", "p1", 0), ("0.032", "p2", 0), ("0.01", "", 1)]:
        charge(world, price, vendor_id=part, seq=seq)
    charge(world, "0.2", "USD", "p3", seq=1)
    assert costs(world) == [("CNY", "0.1", 2, "0.073", 3), ("USD", "0", 0, "0.2", 1)]
    assert [told(one) for one in seen(world).costs] == [("CNY", "0.05", 1, "0.063", 2)]


@pytest.mark.parametrize(
    ("price", "currency"), [("NaN", "CNY"), ("Infinity", "CNY"), ("0.1", ""), ("1e30", "CNY")]
)
def test_a_price_that_is_none_is_left_out(worlds: Worlds, price: str, currency: str) -> None:
    """It must not cost the report."""
    world = priced(worlds)
    world.send([PHONE])
    world.hand_over()
    charge(world, price, currency)
    assert costs(world) == []
    assert world.ended() == {PHONE: "DELIVERED"}


def test_a_receipt_that_waited_keeps_its_price(worlds: Worlds) -> None:
    """It came before its message was recorded."""
    world = priced(worlds)
    early = DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="v1", price=Decimal("0.07"), currency="CNY")
    world.services.receiving.store_reports([early], [], "webhook")
    world.vendor.answer = lambda batch: [accepted("v1")]
    world.send([PHONE])
    world.hand_over()
    assert costs(world) == [("CNY", "0", 0, "0.07", 1)]


def test_totals_of_a_span(worlds: Worlds) -> None:
    """What came then, whatever its campaign; what came later does not count."""
    world = priced(worlds, PLAIN)
    code = world.template()
    world.send([PHONE, OTHER], code=code)
    world.hand_over()
    charge(world, "0.01")
    begin = int(world.now * 1000) + 1000
    world.now += 3600
    world.send([PHONE], code=code, digest=b"later")
    world.hand_over()
    seeing = Seeing(world.ledger)
    spans: list[tuple[int, int]] = [(0, begin), (begin, 1 << 62), (1 << 61, 1 << 62)]
    found: list[Any] = [seeing.totals([NAME], *span)[0] for span in spans]
    assert [(one.sends, one.funnel.recipients, one.funnel.delivered) for one in found] == [
        (1, 2, 1),
        (1, 1, 0),
        (0, 0, 0),
    ]
    assert [[told(cost) for cost in one.costs] for one in found] == [
        [("CNY", "0.1", 2, "0.01", 1)],
        [("CNY", "0.05", 1, None, 0)],
        [],
    ]


def test_deleted_messages_still_cost(worlds: Worlds) -> None:
    """Retention keeps what messages came to while their send is known."""
    world = priced(worlds, PLAIN)
    world.send([PHONE])
    world.hand_over()
    charge(world, "0.01")
    world.ledger.retention._purge_batches(int(world.now * 1000) + DAY_MS, [NAME])
    assert costs(world) == [("CNY", "0.05", 1, "0.01", 1)]
