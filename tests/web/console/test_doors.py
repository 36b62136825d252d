"""The doors: a link that works once, a session that ends, and how often somebody may knock."""

import pytest

from .conftest import Scenes
from .scene import Scene


def test_a_link_lets_in_once(scene: Scene) -> None:
    """Opening it uses nothing up, pressing does; the audit has both ends."""
    link, browser = scene.link("operator"), scene.browser()
    assert "Sign in" in browser.get(link).text
    assert browser.get(link).status_code == 200
    assert browser.post(link).headers["Location"] == "/console"
    assert "anna, operator" in browser.get("/console").text
    assert [(act.who, act.what) for act in scene.acts()] == [
        ("console:anna", "signed in"),
        ("shell:root", "console link made"),
    ]
    other = scene.browser()
    other.get(link)
    answer = other.post(link)
    assert (answer.status_code, "was used already" in answer.text) == (403, True)


# So many seconds later, and whether the link still works.
AGES = [(0, True), (599, True), (601, False), (700, False)]


@pytest.mark.parametrize(("age", "works"), AGES)
def test_a_link_is_good_for_ten_minutes(scene: Scene, age: int, works: bool) -> None:
    """Then it is too old, used or not."""
    link, browser = scene.link(), scene.browser()
    scene.world.now += age
    assert browser.sign_in(link).status_code == (303 if works else 403)


def test_a_used_link_is_not_forgotten_while_it_is_good(scene: Scene) -> None:
    """What is cleaned away meanwhile leaves it used."""
    link = scene.link()
    assert scene.browser().sign_in(link).status_code == 303
    scene.world.now += 300
    scene.world.ledger.signatures.forget(int(scene.clock() * 1000))
    assert scene.browser().sign_in(link).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        # Not its last character: that holds fewer bits than it could.
        lambda link: link[:-5] + ("B" if link[-5] == "A" else "A") + link[-4:],
        lambda link: link + "x",
        lambda link: "/console/sign-in/x",
    ],
)
def test_a_forged_link_lets_nobody_in(scene: Scene, change: object) -> None:
    """Nor does one with another role in it."""
    answer = scene.browser().sign_in(change(scene.link()))  # type: ignore[operator]
    assert (answer.status_code, "not one of the console" in answer.text) == (403, True)


def test_a_session_ends(scenes: Scenes) -> None:
    """After its hours; a poll of a page is told to go to the door."""
    scene = scenes(session_h=1)
    browser = scene.browser("viewer")
    scene.world.now += 3599
    assert browser.get("/console").status_code == 200
    scene.world.now += 2
    assert browser.get("/console").headers["Location"] == "/console/sign-in"
    assert browser.get("/console/campaigns.json").status_code == 401
    polled = browser.get("/console", **{"HX-Request": "true"})
    assert (polled.status_code, polled.headers["HX-Redirect"]) == (204, "/console/sign-in")


def test_the_page_that_was_asked_for_is_shown_after_signing_in(scene: Scene) -> None:
    """An address that a colleague sent."""
    browser = scene.browser()
    assert browser.get("/console/audit?channel=promo").headers["Location"] == "/console/sign-in"
    assert browser.sign_in(scene.link()).headers["Location"] == "/console/audit?channel=promo"


def test_signing_out_ends_the_session(scene: Scene) -> None:
    """In this browser, and wherever a copy of its cookie is; another session of the person goes on."""
    browser, other, copied = scene.browser("viewer"), scene.browser("viewer"), scene.browser()
    browser.get("/console")
    cookie = browser.client.get_cookie("__Host-sms-bridge", "sms.example.com")
    assert cookie is not None
    copied.client.set_cookie(cookie.key, cookie.value, domain="sms.example.com")
    assert copied.get("/console").status_code == 200
    assert browser.post("/console/sign-out").headers["Location"] == "/console/sign-in"
    scene.world.now += 300
    scene.world.ledger.signatures.forget(int(scene.clock() * 1000))
    copied.client.set_cookie(cookie.key, cookie.value, domain="sms.example.com")
    assert [one.get("/console").status_code for one in (browser, copied, other)] == [303, 303, 200]


def test_attempts_are_counted_over_all_processes(scene: Scene) -> None:
    """Ten a minute from an address; the right link is refused, too, and not used up by it."""
    browser = scene.browser()
    browser.get("/console/sign-in/x")
    codes = [browser.post("/console/sign-in/x").status_code for _ in range(12)]
    assert codes == [403] * 10 + [429] * 2
    link = scene.link()
    assert browser.sign_in(link).status_code == 429
    scene.world.now += 7
    assert browser.sign_in(link).status_code == 303


@pytest.mark.parametrize(
    ("asked", "language"),
    [("de, en;q=0.5", "en"), ("zh", "zh-CN"), ("zh-TW,zh;q=0.9", "zh-CN"), ("fr", "en"), ("zh-CN", "zh-CN")],
)
def test_the_browser_s_language_is_spoken(scene: Scene, asked: str, language: str) -> None:
    """A choice goes before it, and outlives signing in."""
    browser = scene.browser(language=asked)
    assert f'<html lang="{language}">' in browser.get("/console/sign-in").text
    browser.get("/console/language/zh-CN")
    browser.sign_in(scene.link())
    assert '<html lang="zh-CN">' in browser.get("/console").text


@pytest.mark.parametrize("path", ["/console", "/console/campaigns", "/console/gone", "/console/overview.csv"])
def test_nobody_sees_anything_without_signing_in(scene: Scene, path: str) -> None:
    """Not even which pages there are."""
    assert scene.browser().get(path).status_code == (401 if path.endswith(".csv") else 303)
