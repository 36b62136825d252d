"""A page stays small whatever it lists: texts are shortened, and every list has further pages."""

import re
from html import unescape

from sqlalchemy import Connection, update

from bridge.ledger.database import tables
from bridge.plugin import ListedTemplate, ReviewStatus
from bridge.services.reviews.drifting import Drifting

from ...services.world import NAME
from .scene import Scene

LONG = "\u6c49" * 480
COUNT = 60
_FURTHER = re.compile(r'href="([^"]*)">Further rows')
_ROW = re.compile(r"V/\d\d(?!\d)")


def _house(scene: Scene) -> None:
    """Have long templates here, more at the vendor, and both refused in long sentences."""
    world = scene.world
    codes = [world.template(LONG) for _ in range(COUNT)]
    listed = [ListedTemplate(f"V/{index:02}", ReviewStatus.PENDING, LONG, LONG) for index in range(COUNT)]
    world.vendor.listed = listed
    Drifting(world.services.channel, world.ledger, lambda: world.now).ask()
    empty = {column.name: 0 if str(column.type) == "BIGINT" else "" for column in tables.filing.c}
    told = {
        "channel": NAME,
        "account": "spare",
        "status": "rejected",
        "reason": LONG,
        "error": LONG,
        "carriers": "{}",
    }
    filings = [{**empty, **told, "code": code} for code in codes]

    def work(connection: Connection) -> None:
        connection.execute(tables.filing.insert(), filings)
        connection.execute(update(tables.template).values(reason=LONG))

    world.ledger.write(work)


def test_the_page_of_templates_is_small_at_its_worst(scene: Scene) -> None:
    """Sixty long texts in Chinese, refused at two accounts and gone at one, which has as many others."""
    _house(scene)
    browser = scene.browser("operator", "zh-CN")
    answer = browser.get("/console/templates")
    assert len(answer.data) < 100_000
    assert LONG[:40] + "\u2026" in answer.text
    assert LONG[:41] not in answer.text
    told = browser.json("/console/templates")
    assert [len(told[name]) for name in ("templates", "drift", "filings")] == [COUNT, 2 * COUNT, COUNT]
    assert all(LONG in row.values() for row in told["templates"])


def test_what_differs_has_further_pages(scene: Scene) -> None:
    """Each row stands on one of them, also of a name with a slash."""
    _house(scene)
    browser, seen = scene.browser("viewer"), list[str]()
    address = "/console/templates"
    for _ in range(3):
        page = browser.get(address).text.partition('id="t-drift"')[2].partition("</section>")[0]
        seen += _ROW.findall(page)
        further = _FURTHER.findall(page)
        address = unescape(further[0]) if further else ""
    assert sorted(set(seen)) == [f"V/{index:02}" for index in range(COUNT)]
    assert address == ""
