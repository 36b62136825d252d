"""A template as it would leave, before anything is filed or sent."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bridge.plugin import Limits, ReviewStatus, TemplateReview, Verdict
from bridge.services.desk.operating import OperatorRefused
from bridge.services.desk.previewing import TOO_LONG, Previewing, SeenPreview

from ..conftest import Worlds
from ..world import World

DOMESTIC, INTERNATIONAL = 1, 3
LATER = datetime(2026, 12, 1, tzinfo=UTC)
E_DIAERESIS = "Latin small letter e with diaeresis"


def previewing(world: World) -> Previewing:
    services = world.services
    return Previewing(services.channel, services.pricing, world.ledger, lambda: world.now)


def preview(world: World, code: str, number: str = "", **values: str) -> SeenPreview:
    return previewing(world).preview(code, values, number, "Acme")


# Content, type, name -> the text as it leaves, its segments, its encoding, what made it Unicode.
TEXTS: list[tuple[str, int, str, str, int, str, list[tuple[str, str, int, int]]]] = [
    ("Dear ${name}", DOMESTIC, "Ann", "【Acme】Dear Ann", 1, "Unicode", []),
    ("Dear ${name}", DOMESTIC, "n" * 60, f"【Acme】Dear {'n' * 60}", 2, "Unicode", []),
    ("Dear ${name}", INTERNATIONAL, "Ann", "[Acme]Dear Ann", 1, "GSM-7", []),
    (
        "Dear ${name}",
        INTERNATIONAL,
        "Zoë",
        "[Acme]Dear Zoë",
        1,
        "Unicode",
        [("ë", "Latin small letter e with diaeresis", 14, 1)],
    ),
    (
        "${name}’s ${name}’s",
        INTERNATIONAL,
        "中",
        "[Acme]中’s 中’s",
        1,
        "Unicode",
        [("中", "Cjk unified ideograph-4e2d", 7, 2), ("’", "Right single quotation mark", 8, 2)],
    ),
    ("${name}", INTERNATIONAL, "e" * 149 + "€€", f"[Acme]{'e' * 149}€€", 2, "GSM-7", []),
]


@pytest.mark.parametrize(("content", "type_", "name", "text", "count", "encoding", "culprits"), TEXTS)
def test_a_text_is_shown_as_it_leaves(
    world: World,
    content: str,
    type_: int,
    name: str,
    text: str,
    count: int,
    encoding: str,
    culprits: list[tuple[str, str, int, int]],
) -> None:
    """With its signature; which character made it Unicode, where and how often."""
    seen = preview(world, world.template(content, type_), name=name)
    assert (seen.text, seen.segments, seen.encoding) == (text, count, encoding)
    assert [(one.character, one.name, one.position, one.times) for one in seen.culprits] == culprits


def test_promotions_carry_their_suffix(worlds: Worlds) -> None:
    """As the channel puts it behind them."""
    world = worlds(opt_out_suffix="回T退订")
    assert preview(world, world.template("Sale", 2)).text == "【Acme】Sale回T退订"


FAULTS = [
    ({"other": "x"}, "", "The template needs a value for each of: name."),
    ({"name": "x"}, "12", "The number is not an 11-digit mainland mobile number. The template is of type"),
]


@pytest.mark.parametrize(("values", "number", "sentence"), FAULTS)
def test_what_cannot_be_shown_is_said(
    world: World, values: dict[str, str], number: str, sentence: str
) -> None:
    """In one sentence."""
    with pytest.raises(OperatorRefused, match=sentence):
        preview(world, world.template(), number, **values)


def test_a_template_that_is_not_there(world: World) -> None:
    """Has no preview."""
    with pytest.raises(OperatorRefused, match="has no template T9"):
        preview(world, "T9")


def test_values_without_a_variable_are_named(world: World) -> None:
    """A slip of the pen, most likely."""
    assert preview(world, world.template(), name="x", nmae="y").unused == ["nmae"]


def test_each_account_has_its_word(worlds: Worlds) -> None:
    """What it costs there, whether it would take it, and under which code."""
    world = worlds(
        accounts={"main": {"vendor": "obedient"}, "spare": {"vendor": "obedient"}},
        prices=[
            {"price": "0.05", "currency": "CNY"},
            {"price": "0.04", "currency": "CNY", "account": "spare"},
        ],
    )
    code = world.template()
    world.vendors["spare"].review = TemplateReview(ReviewStatus.REJECTED, "Spam.")
    world.now += 120
    world.services.templates.refresh_pending()
    main, spare = preview(world, code, "13800000000", name="n" * 70).accounts
    assert (main.refusal, main.verdict, main.vendor_code) == ("", "takes it", "vendor-Spring")
    assert (main.price, main.cost, main.currency) == (Decimal("0.05"), Decimal("0.10"), "CNY")
    assert spare.refusal == "The template is rejected there. Spam."
    assert spare.cost == Decimal("0.08")
    assert main.written == "Dear ${name}"
    assert world.vendor.batches == []


@pytest.mark.parametrize(("characters", "refusal"), [(None, ""), (80, ""), (79, TOO_LONG)])
def test_a_text_that_an_account_does_not_take_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, characters: int | None, refusal: str
) -> None:
    """With its signature, as it would leave."""
    limits = Limits(100, characters=characters)
    monkeypatch.setattr(type(world.vendor), "limits", property(lambda _self: limits))
    [account] = preview(world, world.template(), name="n" * 69).accounts
    assert (account.refusal, account.longest) == (refusal, characters)


OBJECTIONS = [
    ("13800000000", "x", Verdict("SUPPRESSED", "Opted out."), "Opted out.", False),
    ("13800000000", "x", Verdict(reason="Night.", defer_until=LATER), "screen: Night.", True),
    ("13800000000", "x", Verdict(), "", False),
    ("", "x", Verdict("SUPPRESSED", "Opted out."), "", False),
    ("", "\ud800", Verdict(), "A value holds characters that cannot be sent.", False),
]


@pytest.mark.parametrize(("number", "value", "verdict", "objection", "waits"), OBJECTIONS)
def test_a_preview_goes_through_what_a_send_does(
    world: World, number: str, value: str, verdict: Verdict, objection: str, waits: bool
) -> None:
    """It is drafted, and the policies are asked about its number; nothing is called or stored."""
    world.screen.decide = lambda _number: verdict
    seen = preview(world, world.template(), number, name=value)
    assert seen.objection == objection
    assert (seen.waits_until is not None) is waits
    assert world.vendor.batches == []
    assert world.ledger.gauges() == {}
