"""A template that waits for a person is decided on its page, and accounts are asked from theirs."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.ledger import Ledger
from bridge.plugin import BridgeError, Health, ListedTemplate, ReviewStatus
from bridge.services.desk.operating import Operating
from bridge.services.reviews.drifting import Drifting
from tests.services.world import NAME, World

from .scene import THIRD_PARTY, Scene

LOCAL = ("create_template", "update_template", "delete_template", "query_template")


@pytest.fixture
def scene(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Yield a channel whose templates only an operator reviews."""
    world = World(ledger, review="manual")
    supports = world.hooks.supports
    monkeypatch.setattr(world.hooks, "supports", lambda hook: hook not in LOCAL and supports(hook))
    yield Scene(world)
    world.close()


# What a form holds -> how it is answered, the template's status, reason and vendor's code, and what is told.
DECISIONS = [
    ({"decision": "approved"}, 303, ("approved", "", ""), "is approved"),
    ({"decision": "approved", "vendor_code": "V1"}, 303, ("approved", "", "V1"), "is approved"),
    ({"decision": "rejected", "reason": THIRD_PARTY}, 303, ("rejected", THIRD_PARTY, ""), "is refused"),
    ({"decision": "rejected"}, 400, ("pending", "", ""), "Say why"),
    ({"decision": "partial"}, 400, ("pending", "", ""), "cannot have this value"),
    ({"decision": "approved", "account": "gone"}, 409, ("pending", "", ""), "has no account gone"),
]


@pytest.mark.parametrize(("fields", "status", "stored", "told"), DECISIONS)
def test_a_template_is_decided_on_its_page(
    scene: Scene, fields: dict[str, str], status: int, stored: tuple[str, str, str], told: str
) -> None:
    """By an operator, who is written down."""
    code = scene.world.template()
    browser, page = scene.browser("operator"), f"/console/templates/{NAME}/{code}"
    assert 'id="decide"' in browser.get(page).text
    answer = browser.post(f"{page}/decide", fields)
    assert answer.status_code == status
    shown = browser.get(page).text if status == 303 else answer.text
    assert told in shown
    assert THIRD_PARTY not in shown
    found = scene.world.ledger.templates.get(NAME, code)
    assert found is not None
    assert (found.status, found.reason, found.vendor_code) == stored
    decided = [act.who for act in scene.acts() if act.what == "template decided"]
    assert decided == (["console:anna"] if status == 303 else [])


def test_a_page_decides_what_it_shows(scene: Scene) -> None:
    """Quick Audience may have written another text since it was opened."""
    world = scene.world
    code = world.template()
    browser, page = scene.browser("operator"), f"/console/templates/{NAME}/{code}"
    seen = re.findall(r'name="seen" value="([0-9a-f]{32})"', browser.get(page).text)
    assert len(seen) == 2
    stored = world.ledger.templates.get(NAME, code)
    assert stored is not None
    world.ledger.templates.save(replace(stored, content="New ${name}"))
    answers = [
        browser.post(f"{page}/decide", {"decision": "approved", "seen": one}).status_code
        for one in (seen[0], Operating(world.settings, world.ledger, lambda: world.now).seen(NAME, code))
    ]
    assert answers == [409, 303]


def test_only_who_may_decide_is_shown_how(scene: Scene) -> None:
    """A viewer's page has no form, and a viewer's direct request changes nothing."""
    code = scene.world.template()
    browser, page = scene.browser("viewer"), f"/console/templates/{NAME}/{code}"
    assert 'id="decide"' not in browser.get(page).text
    assert browser.post(f"{page}/decide", {"decision": "approved"}).status_code == 403
    found = scene.world.ledger.templates.get(NAME, code)
    assert found is not None
    assert found.status is ReviewStatus.PENDING


def test_what_a_vendor_reviews_is_not_decided_here(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no form, and a request is told where to decide."""
    code = scene.world.template()
    monkeypatch.setattr(scene.world.hooks, "supports", lambda hook: True)
    browser, page = scene.browser("operator"), f"/console/templates/{NAME}/{code}"
    assert 'id="decide"' not in browser.get(page).text
    answer = browser.post(f"{page}/decide", {"decision": "approved"})
    assert (answer.status_code, "reviews its templates itself" in answer.text) == (409, True)


# What an account says of itself, and what the page tells.
CHECKS = [
    (Health("All well."), "The account obedient works: All well."),
    (Health("No.", BridgeError("No.", code="E1")), "The account obedient does not work: No. (E1)"),
    (Health(THIRD_PARTY * 50), "The account obedient works: &lt;script&gt;"),
]


@pytest.mark.parametrize(("health", "told"), CHECKS)
def test_an_account_is_checked_now(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, health: Health, told: str
) -> None:
    """What it says is told, bounded, and written down."""
    monkeypatch.setattr(scene.world.hooks, "check", lambda: health)
    browser, page = scene.browser("operator"), f"/console/channels/{NAME}"
    assert "Check now" in browser.get(page).text
    assert browser.post(f"{page}/check", {"account": "obedient"}).status_code == 303
    assert told in browser.get(page).text
    assert (scene.acts()[0].what, scene.acts()[0].who) == ("account checked", "console:anna")


REFUSED = [
    ("viewer", {"account": "obedient"}, 403, "does not allow"),
    ("operator", {"account": "gone"}, 409, "has no account gone"),
]


@pytest.mark.parametrize(("role", "fields", "status", "told"), REFUSED)
def test_a_check_that_cannot_be(
    scene: Scene, role: str, fields: dict[str, str], status: int, told: str
) -> None:
    """Asks nobody, and is told."""
    browser = scene.browser(role)
    browser.get("/console")
    before = len(scene.acts())
    answer = browser.post(f"/console/channels/{NAME}/check", fields)
    assert (answer.status_code, told in answer.text, len(scene.acts())) == (status, True, before)


def test_quick_audience_s_address_is_asked(scene: Scene) -> None:
    """Nobody listens there in a test."""
    browser = scene.browser("operator", "zh-CN")
    browser.get("/console")
    assert browser.post(f"/console/channels/{NAME}/check").status_code == 303
    assert "无法连接 Quick Audience" in browser.get(f"/console/channels/{NAME}").text
    assert scene.acts()[0].what == "callback address checked"


def test_accounts_are_asked_by_a_worker_when_a_person_wants_it(scene: Scene) -> None:
    """At its next look, once, and then again by night."""
    browser, world = scene.browser("operator"), scene.world
    drifting = Drifting(world.services.channel, world.ledger, lambda: world.now)
    assert not drifting.nightly()
    browser.get("/console/templates")
    world.now += 60
    assert not drifting.nightly()
    assert browser.post("/console/templates/ask", {"channel": NAME}).status_code == 303
    assert [drifting.nightly(), drifting.nightly()] == [True, False]
    assert scene.acts()[0].what == "accounts asked for templates"


# What the vendor lists, or why not -> the table's row, in the reader's language; never a difference.
LISTS = [
    (
        "en",
        [ListedTemplate("V-9", ReviewStatus.PENDING, "By hand", THIRD_PARTY)],
        "V-9",
        "only at the vendor",
    ),
    ("zh-CN", [ListedTemplate("V-9", ReviewStatus.PENDING)], "V-9", "只在供应商处"),
    ("en", BridgeError("Not now."), "*", "no list"),
]


@pytest.mark.parametrize(("language", "listed", "name", "differs"), LISTS)
def test_what_only_the_vendor_has_is_shown(
    scene: Scene, language: str, listed: list[ListedTemplate] | BridgeError, name: str, differs: str
) -> None:
    """With its name and text, as text."""
    world, browser = scene.world, scene.browser("viewer", language)
    world.vendor.listed = listed if isinstance(listed, list) else []
    world.vendor.list_fails = listed if isinstance(listed, BridgeError) else None
    Drifting(world.services.channel, world.ledger, lambda: world.now).ask()
    tables = browser.json("/console/templates")
    assert [row["name"] for row in tables["drift"]] == [name]
    assert tables["asked"][0]["differ"] == 0
    page = browser.get("/console/templates").text
    assert differs in page
    assert THIRD_PARTY not in page


# The signature that was given, and whether the page says that none is considered.
SIGNS = [("", True), ("Acme", False)]


@pytest.mark.parametrize(("sign", "said"), SIGNS)
def test_routes_say_whether_a_signature_is_considered(scene: Scene, sign: str, said: bool) -> None:
    """It goes into the address with the number and the template."""
    code, browser = scene.world.template(), scene.browser("viewer")
    browser.get("/console")
    fields = {"number": "13800000001", "template": code, "sign": sign}
    answer = browser.post(f"/console/channels/{NAME}/routes", fields)
    page = browser.get(answer.headers["Location"]).text
    assert ("No signature is considered" in page) is said


def test_a_number_of_another_kind_is_told_in_the_reader_s_language(scene: Scene) -> None:
    """With the template's type."""
    code, browser = scene.world.template(), scene.browser("viewer", "zh-CN")
    browser.get("/console")
    fields = {"number": "+819012345678", "template": code}
    answer = browser.post(f"/console/channels/{NAME}/routes", fields)
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 404
    assert "号码不是 11 位的中国内地手机号。模板类型为通知。" in page.text
