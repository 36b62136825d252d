"""The console in a real Chromium: it signs in, watches, finds, acts and replays, as a person does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TypeVar

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

from .chromium import Chromium, chromium, complaints, unkept_rules
from .scene import PHONES, Scene

pytestmark = pytest.mark.slow
PATIENCE_S = 120

Found = TypeVar("Found")


class Visit:
    """One browser at one console."""

    def __init__(self, scene: Scene, driver: Chromium, address: str) -> None:
        self.scene = scene
        self.driver = driver
        self.address = address

    def open(self, path: str) -> None:
        self.driver.get(self.address + path)

    def sign_in(self, role: str) -> None:
        self.open(self.scene.link(role))
        self.press("button[type=submit]")
        self.wait_for("a[href='/console/campaigns']")

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, selector: str) -> None:
        self.find(selector).click()

    def wait_for(self, selector: str) -> WebElement:
        return self.until(lambda: self.find(selector))

    def until(self, done: Callable[[], Found]) -> Found:
        """Wait until something is there; what stands on a page may change while it is looked at."""

        wait = WebDriverWait(self.driver, PATIENCE_S, 0.1, ignored_exceptions=[WebDriverException])
        return wait.until(lambda _: done())

    @property
    def text(self) -> str:
        return self.find("body").text


@contextmanager
def served(scene: Scene) -> Iterator[str]:
    """Serve the console on this machine. Yields its address."""
    server = make_server("127.0.0.1", 0, scene.app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def visiting(scene: Scene, language: str = "en", width: int = 1280, *, dark: bool = False) -> Iterator[Visit]:
    """Yield a browser at the console of a scene."""
    with served(scene) as address, chromium(language, width, dark=dark) as driver:
        yield Visit(scene, driver, address)


def test_a_campaign_is_watched_to_its_end_and_its_failures_found(scene: Scene) -> None:
    """The page follows by itself; from a code one comes to the recipient, and the table leads back."""
    world = scene.world
    scene.answer()
    world.send(PHONES, code=world.template())
    with visiting(scene) as visit:
        visit.sign_in("viewer")
        visit.press("a[href='/console/campaigns']")
        visit.wait_for("td a").click()
        visit.until(lambda: "3 recipients" in visit.text)
        assert "VENDOR_CODE" not in visit.text
        world.hand_over()
        visit.until(lambda: "VENDOR_CODE" in visit.text)  # nobody loads the page again
        visit.find("#live table a").click()
        row = visit.wait_for("tbody tr")
        assert "138******02" in row.text
        assert "rejected" in row.text
        assert not visit.driver.find_elements(By.CSS_SELECTOR, ".deeds")
        assert complaints(visit.driver) == []


def test_a_campaign_is_cancelled_in_flight(scene: Scene) -> None:
    """The one of two that was meant; the other goes on."""
    world = scene.world
    code = world.template()
    world.send(PHONES, code=code)
    wrong = scene.other_campaign(code)
    with visiting(scene) as visit:
        visit.sign_in("operator")
        visit.open(f"/console/campaigns/{wrong}")
        cancel = visit.driver.find_element(By.XPATH, "//details[.//form[contains(@action, '/cancel')]]")
        cancel.find_element(By.TAG_NAME, "summary").click()
        cancel.find_element(By.NAME, "reason").send_keys("Wrong text.")
        cancel.find_element(By.TAG_NAME, "button").click()
        visit.until(lambda: "The campaign is cancelled" in visit.text)
        while world.duties.control():
            pass
        world.hand_over()
        visit.until(lambda: "CANCELLED" in visit.text)
        assert "Wrong text." in visit.text
    assert len(world.sent()) == len(PHONES)


def test_a_callback_is_replayed(scene: Scene) -> None:
    """By a press; it waits again."""
    scene.house()
    with visiting(scene) as visit:
        visit.sign_in("operator")
        visit.open("/console/callbacks")
        visit.press("td form button")
        visit.until(lambda: "1 callbacks are pushed again." in visit.text)
    assert scene.acts()[0].what == "callbacks replayed"


# How a reader's preview is headed, and what an account that was checked is said to do.
SPOKEN = [("en", "Preview", "The account obedient works"), ("zh-CN", "预览", "账户 obedient 可用")]


def test_a_template_is_previewed_and_an_account_checked(scene: Scene) -> None:
    """In both languages, one after the other in the same session."""
    code = scene.world.template("Dear ${name}")
    with visiting(scene) as visit:
        visit.sign_in("operator")
        for language, heading, works in SPOKEN:
            if language != "en":
                visit.press(f"a[hreflang={language}]")
            visit.open(f"/console/templates/promo/{code}")
            visit.find("[name='value.name']").send_keys("Anna")
            visit.press(".deeds button")
            visit.until(lambda heading=heading: visit.find("h1").text.startswith(heading))  # type: ignore[misc]
            assert "Dear Anna" in visit.text
            visit.open("/console/channels/promo")
            visit.press("td form button")
            visit.until(lambda works=works: works in visit.text)  # type: ignore[misc]
    assert [act.what for act in scene.acts()[:2]] == ["account checked", "account checked"]


def test_a_viewer_cannot_act(scene: Scene) -> None:
    """There is no form for it, and one that is made up is refused."""
    campaign = scene.house()
    with visiting(scene) as visit:
        visit.sign_in("viewer")
        visit.open(f"/console/campaigns/{campaign}")
        visit.driver.execute_script(
            "const form = document.querySelector('form'); form.action = arguments[0]; form.submit();",
            f"/console/campaigns/{campaign}/cancel",
        )
        visit.until(lambda: "Your role does not allow this." in visit.text)
    assert scene.acts()[0].what == "signed in"


def test_a_page_that_follows_leads_to_the_door(scene: Scene) -> None:
    """When its session has ended, with nobody at the keys."""
    scene.house()
    with visiting(scene) as visit:
        visit.sign_in("viewer")
        scene.world.now += 13 * 3600
        visit.until(lambda: "sms-bridge console login" in visit.text)
        assert visit.driver.current_url.endswith("/console/sign-in")


PAGES = (
    "",
    "/campaigns",
    "/campaigns/{campaign}",
    "/campaigns/{campaign}/recipients",
    "/numbers",
    "/templates",
    "/replies",
    "/suppressions",
    "/callbacks",
    "/channels",
    "/channels/promo",
    "/templates/promo/{template}",
    "/prices",
    "/audit",
)


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("en", 1280, False), ("zh-CN", 1280, True), ("en", 360, False)]
)
def test_pages_keep_the_rules_for_all_people(scene: Scene, language: str, width: int, dark: bool) -> None:
    """axe-core finds nothing, nothing is refused by the pages' own policy, a narrow page does not scroll."""
    names = {"campaign": scene.house(), "template": scene.world.ledger.templates.list("promo")[0].code}
    with visiting(scene, language, width=width, dark=dark) as visit:
        visit.open("/console/sign-in")
        assert unkept_rules(visit.driver) == {}
        visit.sign_in("admin")
        for page in PAGES:
            visit.open("/console" + page.format(**names))
            assert unkept_rules(visit.driver) == {}, page
            assert visit.driver.execute_script("return document.documentElement.lang") == language
            wide = visit.driver.execute_script(
                "return document.documentElement.scrollWidth - window.innerWidth"
            )
            assert wide <= 0, page
        assert complaints(visit.driver) == []


def test_keys_suffice(scene: Scene) -> None:
    """The first tab leads to the content, and what is focused is seen."""
    with visiting(scene) as visit:
        visit.sign_in("viewer")
        visit.open("/console/campaigns")
        visit.find("body").send_keys(Keys.TAB)
        first = visit.driver.switch_to.active_element
        assert str(first.get_attribute("href")).endswith("#content")
        assert first.location["x"] >= 0
