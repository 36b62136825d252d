"""Every list is narrowed by a span of time under its own address, and pages lead on where there is more."""

import html
import json
import re
import secrets
from collections.abc import Callable

import pytest
from sqlalchemy import update

from bridge.clock import millis
from bridge.ledger import RECEIPT, Act, Ended, Excerpt, Holder, PushJob, PutBack, Scope, Taken
from bridge.ledger.database import tables
from bridge.ledger.reports.outbox import enqueue_receipts
from bridge.plugin import MessageStatus, MoMessage, from_vendor
from bridge.web.console import turning
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


def fill_campaigns(scene: Scene, number: int) -> None:
    code = scene.world.template()
    for index in range(number):
        scene.world.send([PHONES[0]], code=code, digest=f"c{scene.world.now}{index}".encode().ljust(32)[:32])
        [found] = scene.world.ledger.campaigns.named(["promo"], "task-1")
        renamed = update(tables.campaign).values(name=f"c{found.id}").where(tables.campaign.c.id == found.id)
        scene.world.ledger.write(lambda connection, sql=renamed: connection.execute(sql))  # type: ignore[misc]


def fill_messages(scene: Scene, number: int) -> None:
    code = scene.world.template()
    for index in range(number):
        scene.world.now += 1
        scene.world.send([PHONES[0]], code=code, digest=f"m{scene.world.now}{index}".encode().ljust(32)[:32])
    for _ in range(number):
        scene.world.hand_over()


def fill_replies(scene: Scene, number: int) -> None:
    replies = [
        MoMessage(from_vendor(PHONES[0]), f"r{index}", vendor_id=secrets.token_hex(8))
        for index in range(number)
    ]
    scene.world.services.receiving.store_reports([], replies, "webhook")


def fill_suppressions(scene: Scene, number: int) -> None:
    have = len(scene.world.ledger.suppressions.list("promo", Excerpt(limit=1000)))
    for index in range(have, have + number):
        scope, sign = Scope("promo", millis(scene.clock)), f"S{index}"
        scene.world.ledger.suppressions.add(scope, sign, [f"86139{index // 3:08d}"], "operator")


def fill_taken(scene: Scene, number: int, *, dead: bool = False) -> None:
    now = millis(scene.clock)
    ended = Ended(PHONES[0], MessageStatus.DELIVERED, now, now, "", "")
    outbox, scope = scene.world.ledger.outbox, Scope("promo", now)
    for index in range(number):
        told = {f"o{now}{index}": [ended]}
        scene.world.ledger.write(lambda connection, told=told: enqueue_receipts(connection, scope, told))  # type: ignore[misc]
    while jobs := scene.world.ledger.write(
        lambda connection: outbox.claim(connection, scope, Holder("me", 1000), jobs=50, size=1)
    ):
        taken, back = [Taken(job) for job in jobs], [PutBack(job, now, "No.", dead=True) for job in jobs]
        outbox.finish([] if dead else taken, back if dead else [], now)


def fill_given_up(scene: Scene, number: int) -> None:
    fill_taken(scene, number, dead=True)


def fill_audit(scene: Scene, number: int) -> None:
    for index in range(number):
        act = Act("shell:me", "channel paused", millis(scene.clock), "promo", f"n{index}")
        scene.world.ledger.audit.note(act)


# A list, its table, what fills it, and where it names the places of its rows.
TURNED = [
    ("/console/campaigns", "campaigns", fill_campaigns, ""),
    ("/console/numbers/{number}", "messages", fill_messages, ""),
    ("/console/replies", "replies", fill_replies, ""),
    ("/console/suppressions", "suppressed", fill_suppressions, ""),
    ("/console/callbacks", "taken", fill_taken, ""),
    ("/console/callbacks", "given_up", fill_given_up, "given_up_"),
    ("/console/audit", "audit", fill_audit, ""),
]


@pytest.mark.parametrize(("path", "table", "fill", "name"), TURNED, ids=[one[1] for one in TURNED])
def test_lists_are_turned_from_a_place(
    scene: Scene, path: str, table: str, fill: Callable[[Scene, int], None], name: str
) -> None:
    """On to the last and back; what comes meanwhile repeats and hides none; CSV and JSON hold all."""
    browser = scene.browser("operator")
    path = path.format(number=scene.sealed(PHONES[0]))
    fill(scene, 2 * ROWS + 1)
    whole = browser.json(path)[table]
    pages = [rows_of(browser.get(path).text, table)]
    page = browser.get(path).text
    fill(scene, 1)  # before the first of some lists, behind the last of others
    ways = []
    while on := _turned(f"{name}after", page):
        ways.append(on)
        page = browser.get(on).text
        pages.append(rows_of(page, table))
    seen = [row for rows in pages for row in rows]
    assert len(seen) - len(whole) in (0, 1)
    assert len(set(seen[: len(whole)])) == len(whole)
    assert [len(rows) for rows in pages[:2]] == [ROWS, ROWS]
    assert rows_of(browser.get(_turned(f"{name}before", page)).text, table) == pages[-2]
    while back := _turned(f"{name}before", page):
        page = browser.get(back).text
    assert rows_of(page, table) == rows_of(browser.get(path).text, table)
    assert len(browser.json(path)[table]) == len(whole) + 1
    csv = browser.get(f"{path}.csv?table={table}").text.splitlines()
    assert len(csv) == len(whole) + 2
    assert browser.get(f"{path}?{name}after=!").status_code == 400
    assert not any(PHONES[0] in one or "13900000" in one for one in ways)


@pytest.mark.parametrize(("path", "table", "fill", "name"), TURNED, ids=[one[1] for one in TURNED])
def test_a_long_list_is_streamed_whole(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    table: str,
    fill: Callable[[Scene, int], None],
    name: str,
) -> None:
    """In pieces, each behind the last row of the one before it."""
    monkeypatch.setattr(turning, "_PIECE", 2)
    browser = scene.browser("operator")
    path = path.format(number=scene.sealed(PHONES[0]))
    fill(scene, 5)
    rows = [json.dumps(row) for row in browser.json(path)[table]]
    assert len(rows) >= 5
    assert len(set(rows)) == len(rows)


def rows_of(page: str, table: str) -> list[str]:
    """Return the rows of a table on a page, as text that tells them apart."""
    section = page.partition(f'id="t-{table}"')[2].partition("</section>")[0]
    body = section.partition("<tbody>")[2].partition("</tbody>")[0]
    return [one for one in body.split("<tr>") if one.strip()]


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
