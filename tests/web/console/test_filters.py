"""Every list is narrowed by a span of time under its own address, and pages lead on where there is more."""

import html
import re

import pytest

from bridge.clock import millis
from bridge.ledger import RECEIPT, PushJob, Taken
from bridge.web.console.asking import ROWS
from tests.services.campaigns.test_campaigns import numbers, send

from .scene import PHONES, Scene

# A page, its table, and how many rows it has.
LISTS = [
    ("/console/campaigns", "campaigns", 1),
    ("/console/campaigns/{campaign}/recipients", "recipients", 3),
    ("/console/campaigns/{campaign}/recipients?status=delivered", "recipients", 1),
    ("/console/numbers/{number}", "messages", 1),
    ("/console/templates", "templates", 1),
    ("/console/replies", "replies", 2),
    ("/console/suppressions", "suppressed", 1),
    ("/console/callbacks", "given_up", 3),
    ("/console/audit", "audit", 3),
]
SPANS = [("", True), ("since=2026-01-01", True), ("since=2027-01-01", False), ("until=2026-01-01", False)]


@pytest.mark.parametrize(("path", "table", "count"), LISTS)
def test_a_list_is_narrowed_by_time(scene: Scene, path: str, table: str, count: int) -> None:
    """Since a moment, and before another; as a page and as JSON."""
    path = path.format(campaign=scene.house(), number=scene.sealed(PHONES[0]))
    browser = scene.browser("viewer")
    for span, found in SPANS:
        address = f"{path}{'&' if '?' in path else '?'}{span}"
        rows = browser.json(address)[table]
        assert len(rows) >= count if found else not rows, address
        page = browser.get(address)
        assert ('name="since"' in page.text, page.status_code) == (True, 200)


# What an address says of a time, and what stands in the field: what a browser takes, in the named zone.
FIELDS = [
    ("since=2026-01-01", "2026-01-01T00:00"),
    ("since=2026-01-01T10:00", "2026-01-01T10:00"),
    ("since=2026-01-01T10:00%2B00:00", "2026-01-01T18:00"),
    ("since=2026-01-01T10:00:30", "2026-01-01T10:00:30"),
    ("since=2026-01-01T10:00&zone=Asia/Shanghai", "2026-01-01T10:00"),
    ("since=2026-01-01T10:00&zone=Europe/Berlin", "2026-01-01T17:00"),
    ("zone=Europe/Berlin", ""),
]
WITH_SPANS = [path for path, _, _ in LISTS if "?" not in path] + ["/console/prices"]


@pytest.mark.parametrize("path", WITH_SPANS)
def test_a_time_stays_in_its_field(scene: Scene, path: str) -> None:
    """However it was written; who then shows the page again keeps the span."""
    path = path.format(campaign=scene.house(), number=scene.sealed(PHONES[0]))
    browser = scene.browser("viewer")
    for query, shown in FIELDS:
        page = browser.get(f"{path}?{query}").text
        assert f'name="since" value="{shown}"' in page, query
        assert 'name="zone" value="Asia/Shanghai"' in page
        assert "Since (Asia/Shanghai)" in page


@pytest.mark.parametrize("span", ["", "?since=2026-01-01", "?status=accepted"])
def test_recipients_are_turned_page_by_page(scene: Scene, span: str) -> None:
    """On to the last, which leads nowhere, and back the same way; the filters stay."""
    world = scene.world
    send(world, numbers(2 * ROWS + 1))
    world.hand_over()
    browser = scene.browser("viewer")
    [campaign] = browser.json("/console/campaigns")["campaigns"]
    seen = [browser.get(f"/console/campaigns/{campaign['id']}/recipients{span}").text]
    while on := _turned("after", seen[-1]):
        seen.append(browser.get(on).text)
    assert [page.count("138******") for page in seen] == [ROWS, ROWS, 1]
    assert _shown(browser.get(back := _turned("before", seen[2])).text) == _shown(seen[1])
    assert span.lstrip("?") in back
    first = browser.get(_turned("before", seen[1])).text
    assert (_shown(first), _turned("before", first)) == (_shown(seen[0]), "")


def _turned(way: str, page: str) -> str:
    """Return the address of the page before or after, "" for none."""
    found = re.search(rf'href="([^"]*[?&;]{way}=[^"]+)"', page)
    return html.unescape(found[1]) if found else ""


def _shown(page: str) -> list[str]:
    """Return the references of the messages on a page."""
    return re.findall(r"<td>\s*(\w{10,13}-\d+)\s*</td>", page)


# Filters of the callbacks, and how many of the two that were taken are shown.
TAKEN = [
    ("", 2),
    ("?outId=task-1", 1),
    ("?outId=gone", 0),
    ("?since=2027-01-01", 0),
    ("?until=2026-01-01", 0),
]


@pytest.mark.parametrize(("query", "count"), TAKEN)
def test_callbacks_that_were_taken_are_shown(scene: Scene, query: str, count: int) -> None:
    """With how often each was tried, and what Quick Audience answered."""
    now = millis(scene.clock)
    jobs = [PushJob("promo", RECEIPT, out_id, (), (), 3, "w1", now) for out_id in ("task-1", "task-2")]
    scene.world.ledger.outbox.finish([Taken(job, "code OK") for job in jobs], [], now)
    rows = scene.browser("viewer").json(f"/console/callbacks{query}")["taken"]
    assert len(rows) == count
    assert all((row["attempts"], row["answer"]) == (3, "code OK") for row in rows)
