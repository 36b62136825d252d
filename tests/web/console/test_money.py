"""What messages cost, and templates as they would leave: what services say of them, on pages."""

import json
from urllib.parse import quote

import pytest

from bridge.ledger import Ledger, StoredSign
from bridge.plugin import ReviewStatus, Verdict
from bridge.settings import PriceSettings
from tests.services.world import World

from .conftest import Scenes
from .scene import PHONES, Scene


def priced(scene: Scene) -> Scene:
    """Return the same bridge with a price."""
    price = PriceSettings.model_validate({"price": "0.045", "currency": "CNY", "channel": "promo"})
    return Scene(scene.world, prices=(price,))


def test_a_preview_says_what_a_message_would_be(scene: Scene) -> None:
    """By a form, whose values stand in no address; a value that is missing is asked for."""
    scene = priced(scene)
    code = scene.world.template()
    browser = scene.browser("viewer")
    page = f"/console/templates/promo/{code}"
    assert 'name="value.name"' in browser.get(page).text
    answer = browser.post(page, {"value.name": "Zoë", "number": PHONES[0]})
    address = answer.headers["Location"]
    assert not any(text in address for text in ("Zoë", quote("Zoë"), PHONES[0]))
    shown = browser.get(address)
    assert "Dear Zoë" in shown.text
    assert PHONES[0] not in shown.text
    [account] = browser.json(address)["accounts"]
    assert (account["account"], account["price"], account["currency"]) == ("obedient", "0.045", "CNY")


# The signature of the send, as typed -> the text's segments, its cost, and if the page says that none counts.
SIGNED = [("", 1, "0.045", True), ("Acme", 2, "0.09", False)]


@pytest.mark.parametrize(("sign", "count", "cost", "warned"), SIGNED)
def test_a_preview_counts_the_signature(scene: Scene, sign: str, count: int, cost: str, warned: bool) -> None:
    """Every message has one: without it a page says too few segments, and too low a cost."""
    scene = priced(scene)
    code = scene.world.template("${name}")
    browser = scene.browser("viewer")
    page = f"/console/templates/promo/{code}"
    browser.get(page)
    address = browser.post(page, {"value.name": "n" * 69, "sign": sign}).headers["Location"]
    found = browser.json(address)
    assert (found["message"][0]["segments"], found["message"][0]["signature"]) == (count, sign)
    assert found["accounts"][0]["cost"] == cost
    assert ("No signature is counted" in browser.get(address).text) is warned


def test_a_preview_offers_the_signatures_that_are_known(scene: Scene) -> None:
    """Not those that a review refused."""
    for name, status in (("Zenith", ReviewStatus.APPROVED), ("Nadir", ReviewStatus.REJECTED)):
        scene.world.ledger.templates.save_sign(StoredSign("promo", name, status, "", 1, 1))
    shown = scene.browser("viewer").get(f"/console/templates/promo/{scene.world.template()}").text
    assert '<option value="Zenith">' in shown
    assert "Nadir" not in shown


def test_a_preview_needs_its_values(scene: Scene) -> None:
    """It says which."""
    code = scene.world.template()
    sealed = scene.sealed(json.dumps([{}, ""]))
    answer = scene.browser("viewer").get(f"/console/templates/promo/{code}/{sealed}")
    assert (answer.status_code, "needs a value for each of: name" in answer.text) == (404, True)


def test_prices_and_totals_are_shown(scenes: Scenes) -> None:
    """Each price as it is configured, and a total for each channel."""
    scene = priced(scenes())
    scene.house()
    found = scene.browser("viewer").json("/console/prices")
    [price] = found["prices"]
    assert (price["channel"], price["account"], price["price"]) == ("promo", "(all)", "0.045")
    [total] = found["totals"]
    assert (total["channel"], total["sends"], total["recipients"], total["delivered"]) == ("promo", 1, 3, 1)


def test_programs_get_money_as_amount_and_currency(ledger: Ledger) -> None:
    """Of every page alike, an amount as a decimal text; people and CSV read one text."""
    price = {"price": "0.045", "currency": "CNY", "channel": "promo"}
    world = World(ledger, prices=[price])
    scene = Scene(world, prices=world.settings.prices)
    campaign = scene.house()
    browser = scene.browser("viewer")
    listed = browser.json("/console/campaigns")["campaigns"][0]
    shown = browser.json(f"/console/campaigns/{campaign}")["campaign"][0]
    [number] = browser.json(f"/console/numbers/{scene.sealed(PHONES[0])}")["messages"]
    [total] = browser.json("/console/prices")["totals"]
    for one, cost in ((listed, "0.09"), (shown, "0.09"), (total, "0.09"), (number, "0.045")):
        assert one["cost"] == [{"amount": cost, "currency": "CNY"}]
        assert one["charged"] == [{"amount": "0.0501", "currency": "CNY"}]
    assert "0.09 CNY" in browser.get("/console/campaigns").text
    assert ",0.09 CNY,0.0501 CNY," in browser.get("/console/campaigns.csv").text
    world.close()


def test_a_number_s_page_has_every_call_and_what_was_told(scene: Scene) -> None:
    """With the vendor's own words, the report that counts, and the callback with its answer."""
    scene.house()
    found = scene.browser("viewer").json(f"/console/numbers/{scene.sealed(PHONES[1])}")
    [attempt] = found["attempts"]
    assert (attempt["outcome"], attempt["code"]) == ("rejected", "VENDOR_CODE")
    [callback] = found["callbacks"]
    assert (callback["callback"], callback["answer"]) == ("given up", "CONNECTION_REFUSED")
    [delivered] = scene.browser("viewer").json(f"/console/numbers/{scene.sealed(PHONES[0])}")["reports"]
    assert (delivered["reported"], delivered["counts"]) == ("delivered", "yes")


@pytest.mark.parametrize("length", [501, 1800])
def test_a_preview_shows_long_values_whole(scene: Scene, length: int) -> None:
    """What was typed is what is shown: nothing of it is cut off unseen."""
    browser = scene.browser("viewer")
    page = f"/console/templates/promo/{scene.world.template()}"
    browser.get(page)
    address = browser.post(page, {"value.name": "n" * length}).headers["Location"]
    [message] = browser.json(address)["message"]
    assert message["text"] == f"Dear {'n' * length}"
    assert message["characters"] == length + 5


@pytest.mark.parametrize("value", ["长" * 900, "n" * 10_001])
def test_values_that_no_address_holds_are_refused_in_words(scene: Scene, value: str) -> None:
    """Never cut."""
    browser = scene.browser("viewer")
    page = f"/console/templates/promo/{scene.world.template()}"
    browser.get(page)
    answer = browser.post(page, {"value.name": value})
    assert answer.status_code == 400
    assert "sms-bridge templates preview" in answer.text or "at most 10000 are taken" in answer.text


def test_a_preview_says_which_policy_objects(scene: Scene) -> None:
    """As a send would be refused."""
    scene.world.screen.decide = lambda _number: Verdict("SUPPRESSED", "The recipient has opted out.")
    browser = scene.browser("viewer")
    page = f"/console/templates/promo/{scene.world.template()}"
    browser.get(page)
    address = browser.post(page, {"value.name": "Ann", "number": PHONES[0]}).headers["Location"]
    [message] = browser.json(address)["message"]
    assert (message["objection"], message["number"]) == ("The recipient has opted out.", "138******01")
    assert "Not sent, because" in browser.get(address).text
