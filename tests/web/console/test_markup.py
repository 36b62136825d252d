"""What third parties wrote is shown as written: in a real Chromium none of it becomes markup, or acts."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from selenium.common.exceptions import NoAlertPresentException

from bridge.ledger import StoredTemplate
from bridge.plugin import ListedTemplate, ReviewStatus
from bridge.services.reviews.drifting import Drifting

from .chromium import complaints
from .scene import PHONES, Scene
from .test_browser import Visit, visiting

pytestmark = pytest.mark.slow

# Each would be seen: as an alert, as a mark in the document, as a request that the policy refuses, or as 49.
WRITTEN = [
    "<script>alert('x'); document.title = 'owned'</script>",
    '"><img src=x onerror="document.title = \'owned\'">',
    "'><svg onload=alert(1)><style>body{display:none}</style>",
    "{{ 7*7 }}{% raw %}<%= 7*7 %>",
    "&#60;img src=x onerror=alert(1)&#62;&lt;b&gt;",
    "</title></textarea></option><a href='javascript:alert(1)' hx-get='/console' hx-trigger='load'>x</a>",
]
PAGES = (
    "",
    "/campaigns",
    "/campaigns/{campaign}",
    "/campaigns/{campaign}/recipients",
    "/campaigns/{other}",
    "/numbers/{number}",
    "/templates",
    "/templates/promo/{template}",
    "/replies",
    "/suppressions",
    "/callbacks",
    "/channels",
    "/channels/promo",
    "/audit",
)
SHOWN_ON = ("/campaigns", "/campaigns/{other}", "/numbers/{number}", "/templates", "/replies", "/audit")


@pytest.mark.parametrize("written", WRITTEN)
def test_nothing_that_is_stored_acts(scene: Scene, written: str) -> None:
    """In names, texts, replies, the vendor's words, its list, and what operators give as reasons."""
    names = _house(scene, written)
    with visiting(scene) as visit:
        visit.sign_in("admin")
        for page in PAGES:
            visit.open("/console" + page.format(**names))
            assert _alert(visit) is None, page
            assert visit.driver.title != "owned", page
            assert visit.driver.execute_script(_OURS) == [], page
            if page in SHOWN_ON:
                assert written in str(visit.find("main").get_property("textContent")), page
        visit.open(f"/console/campaigns?search={quote(written)}")
        assert _alert(visit) is None
        assert complaints(visit.driver) == []


_OURS = """
return [...document.querySelectorAll("main script, main style, main img, main iframe, [onerror], [onload]")]
    .concat([...document.querySelectorAll("a[href^='javascript:'], a[hx-get]")])
    .map((one) => one.outerHTML);
"""
"""Elements that no page of the console has, whoever wrote them."""


def _house(scene: Scene, written: str) -> dict[str, str]:
    world = scene.world
    campaign = scene.house(written)
    [stored] = world.ledger.templates.list("promo")
    ledger = world.ledger.templates
    ledger.save(_renamed(stored, written))
    other = scene.other_campaign(stored.code, written)
    world.vendor.listed = [ListedTemplate(f"V-{written}", ReviewStatus.PENDING, written, written)]
    Drifting(world.services.channel, world.ledger, lambda: world.now).ask()
    browser = scene.browser("operator")
    browser.get("/console")
    assert browser.post("/console/channels/promo/pause", {"reason": written}).status_code == 303
    return {
        "campaign": campaign,
        "other": other,
        "template": stored.code,
        "number": scene.sealed(PHONES[1]),
    }


def _renamed(stored: StoredTemplate, written: str) -> StoredTemplate:
    return replace(stored, name=written, reason=written, state=written, remark=written, sign_name=written)


def _alert(visit: Visit) -> str | None:
    try:
        return str(visit.driver.switch_to.alert.text)
    except NoAlertPresentException:
        return None
