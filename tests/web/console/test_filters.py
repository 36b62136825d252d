"""Every list is narrowed by a span of time under its own address, and pages lead on where there is more."""

import pytest

from bridge.clock import millis
from bridge.ledger import RECEIPT, PushJob, Taken
from bridge.web.console.asking import ROWS
from tests.services.test_campaigns import numbers, send

from .scene import Scene

# A page, its table, and how many rows it has.
LISTS = [
    ("/console/campaigns", "campaigns", 1),
    ("/console/campaigns/{campaign}/recipients", "recipients", 3),
    ("/console/campaigns/{campaign}/recipients?status=delivered", "recipients", 1),
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
    path = path.format(campaign=scene.house())
    browser = scene.browser("viewer")
    for span, found in SPANS:
        address = f"{path}{'&' if '?' in path else '?'}{span}"
        rows = browser.json(address)[table]
        assert len(rows) >= count if found else not rows, address
        page = browser.get(address)
        assert ('name="since"' in page.text, page.status_code) == (True, 200)


def test_recipients_are_turned_page_by_page(scene: Scene) -> None:
    """As many as the totals say, or as there are in a span; the last page leads nowhere."""
    world = scene.world
    send(world, numbers(2 * ROWS + 1))
    world.hand_over()
    browser = scene.browser("viewer")
    [campaign] = browser.json("/console/campaigns")["campaigns"]
    for span in ("", "&since=2026-01-01"):
        pages = [
            browser.get(f"/console/campaigns/{campaign['id']}/recipients?page={page}{span}").text
            for page in range(1, 5)
        ]
        assert [page.count("138******") for page in pages] == [ROWS, ROWS, 1, 0]
        assert [f"page={place + 1}" in page for place, page in enumerate(pages, 1)] == [
            True,
            True,
            False,
            False,
        ]


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
