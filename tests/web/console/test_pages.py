"""Every page for every role in every language: complete, small, with nothing that a browser would obey."""

import json
import re
import subprocess
import sys
from html import unescape

import pytest

from bridge.ledger import LedgerUnavailable
from bridge.web import create_app

from .scene import PHONES, THIRD_PARTY, Scene

ROLES = ("viewer", "operator", "admin")
LARGEST = 100_000
# The page, and its heading in each language.
PAGES = [
    ("/console", "Overview", "总览"),
    ("/console/campaigns", "Campaigns", "营销活动"),
    ("/console/campaigns/{campaign}", "task-1", "task-1"),
    ("/console/campaigns/{campaign}/recipients", "Recipients", "收件人"),
    ("/console/numbers", "What became of the messages to a number", "发给某号码的消息结果如何"),
    ("/console/numbers/{number}", "Number 138******01", "号码 138******01"),
    ("/console/templates", "Templates", "模板"),
    ("/console/templates/promo/{template}", "Template", "模板"),
    ("/console/templates/promo/{template}/{values}", "Preview", "预览"),
    ("/console/replies", "Replies", "上行回复"),
    ("/console/suppressions", "Suppression list", "黑名单"),
    ("/console/callbacks", "Callbacks to Quick Audience", "对 Quick Audience 的回调"),
    ("/console/channels", "Channels", "通道"),
    ("/console/channels/promo", "Channel promo", "通道 promo"),
    ("/console/channels/promo/routes/{number}?template={template}", "Which account", "哪个账户"),
    ("/console/prices", "Prices", "价格"),
    ("/console/audit", "What was changed", "谁因何改动了什么"),
]
_HEADING = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)
_INLINE = re.compile(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:")


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_page_for_every_role(scene: Scene, language: str) -> None:
    """Under its heading, in the reader's language, with no strange markup, no whole number and no secret."""
    names = {"campaign": scene.house(), "number": ""}
    names["template"] = scene.world.ledger.templates.list("promo")[0].code
    for role in ROLES:
        browser = scene.browser(role, language)
        browser.get("/console")
        names["number"] = scene.sealed(PHONES[0])
        names["values"] = scene.sealed(json.dumps([{"name": "Anna"}, PHONES[0]]))
        for path, *headings in PAGES:
            answer = browser.get(path.format(**names))
            where = (path, role, language)
            assert answer.status_code == 200, where
            assert f'<html lang="{language}">' in answer.text
            [heading] = _HEADING.findall(answer.text)
            assert text_of(heading).startswith(headings[language != "en"]), where
            assert len(answer.data) < LARGEST
            assert not _INLINE.search(answer.text), where
            assert THIRD_PARTY not in answer.text
            assert not any(phone in answer.text for phone in PHONES), where
            assert not any(secret in answer.text for secret in scene.settings.secrets()), where


def test_every_address_on_a_page_leads_somewhere(scene: Scene) -> None:
    """Other pages, their filters, and every table as CSV and JSON."""
    scene.house()
    browser, seen = scene.browser("admin"), set[str]()
    left = ["/console"]
    while left:
        path = left.pop()
        answer = browser.get(path)
        answer.close()  # files of others stay open otherwise
        assert answer.status_code == 200, path
        found = set[str]()
        if answer.mimetype == "text/html":
            found = {unescape(one) for one in re.findall(r'href="(/[^"#]*)"', answer.text)}
        further = {one for one in found - seen if "/language/" not in one}
        seen |= further
        left += further
    assert {"/console/overview.csv?table=held", "/console/audit.json?table=audit"} <= seen


WHAT_IS_SHOWN = [
    ("/console/campaigns/{campaign}", "&lt;script&gt;"),
    ("/console/templates", "&lt;script&gt;"),
    ("/console/replies", "&lt;script&gt;"),
    ("/console/numbers/{number}", "delivered"),
    ("/console/numbers/{number}", 'id="t-attempts"'),
    ("/console/numbers/{number}", "given up"),
    ("/console/suppressions", "******02"),
    ("/console/callbacks", 'name="id"'),
    ("/console/channels/promo", "callback_url"),
    ("/console/audit", "signed in"),
    ("/console", "1 worker is at work."),
]


@pytest.mark.parametrize(("path", "text"), WHAT_IS_SHOWN)
def test_what_is_there_is_shown(scene: Scene, path: str, text: str) -> None:
    """What third parties wrote stands there as text."""
    campaign = scene.house()
    scene.world.ledger.coordination.beat("w1", started=0, now=int(scene.clock() * 1000))
    answer = scene.browser("operator").get(path.format(campaign=campaign, number=scene.sealed(PHONES[0])))
    assert text in answer.text


def test_programs_get_all_of_a_campaign(scene: Scene) -> None:
    """What its page says beside its tables, too: why it is paused, its template, its task, its file."""
    campaign = scene.house("Hello")
    operator = scene.browser("operator")
    operator.get(f"/console/campaigns/{campaign}")
    operator.post(f"/console/campaigns/{campaign}/pause", {"reason": "Wrong text."})
    [itself] = operator.json(f"/console/campaigns/{campaign}")["campaign"]
    [listed] = operator.json("/console/campaigns?state=paused")["campaigns"]
    for one in (itself, listed):
        assert (one["campaign"], one["id"], one["channel"]) == ("task-1", campaign, "promo")
        assert (one["state"], one["reason"], one["recipients"]) == ("paused", "Wrong text.", 3)
    code = scene.world.ledger.templates.list("promo")[0].code
    assert (itself["template"], itself["signature"], itself["sends"]) == (code, "Acme", 1)
    assert (itself["text"], itself["segments"], itself["files"]) == ("Dear ${name} Hello", 2, [])
    assert isinstance(itself["task"], dict)
    page = text_of(operator.get(f"/console/campaigns/{campaign}").text)
    for name in ("text", "signature", "template", "reason"):
        assert itself[name] in page, name
    assert "Wrong text." in operator.get(f"/console/campaigns/{campaign}.csv?table=campaign").text


# Who is refused what, by role.
DEEDS = [
    ("/console/campaigns/{campaign}/pause", "operator"),
    ("/console/campaigns/{campaign}/resume", "operator"),
    ("/console/campaigns/{campaign}/cancel", "operator"),
    ("/console/suppressions/add", "operator"),
    ("/console/suppressions/remove", "operator"),
    ("/console/callbacks/replay", "operator"),
    ("/console/callbacks/replay-span", "operator"),
    ("/console/channels/promo/pause", "operator"),
    ("/console/channels/promo/resume", "operator"),
    ("/console/channels/promo/check", "operator"),
    ("/console/templates/ask", "operator"),
    ("/console/numbers/{number}/forget", "admin"),
]
FIELDS = {
    "number": "13900000009",
    "channel": "promo",
    "since": "2026-11-20",
    "reason": "because",
}


@pytest.mark.parametrize(("path", "least"), DEEDS)
@pytest.mark.parametrize("role", ROLES)
def test_deeds_are_for_their_roles(scene: Scene, path: str, least: str, role: str) -> None:
    """A direct POST of somebody who may not is refused, and nothing is changed by it."""
    campaign = scene.house()
    path = path.format(campaign=campaign, number=scene.sealed(PHONES[0]))
    if path.endswith("resume") and "campaigns" in path:
        operator = scene.browser("operator")
        operator.get("/console")
        operator.post(f"/console/campaigns/{campaign}/pause")
    browser = scene.browser(role)
    browser.get("/console")
    before = len(scene.acts())
    answer = browser.post(path, FIELDS)
    allowed = ROLES.index(role) >= ROLES.index(least)
    assert answer.status_code == (303 if allowed else 403)
    assert (len(scene.acts()) > before) is allowed
    if allowed:
        assert 'role="status"' in browser.get("/console").text
        assert scene.acts()[0].who == "console:anna"


REFUSED = [
    ("/console/campaigns?state=gone", 400, "cannot have this value"),
    ("/console/campaigns?channel=gone", 400, "cannot have this value"),
    ("/console/campaigns?since=yesterday", 400, "is no time"),
    ("/console/campaigns?since=2026-01-01&zone=../gone", 400, "cannot have this value"),
    (f"/console/campaigns?search={'x' * 257}", 400, "search has 257 characters; at most 256 are taken"),
    ("/console/campaigns/gone", 404, "There is no such campaign"),
    ("/console/numbers/gone", 400, "holds no number of this console"),
    ("/console/channels/gone", 404, "There is no channel gone"),
    ("/console/campaigns.csv?table=gone", 404, "There is no such page"),
    ("/console/gone", 404, "There is no such page"),
    ("/console/language/fr", 404, "There is no such page"),
]


@pytest.mark.parametrize(("path", "status", "text"), REFUSED)
def test_what_cannot_be_is_told(scene: Scene, path: str, status: int, text: str) -> None:
    """On a page, in a sentence."""
    answer = scene.browser("viewer").get(path)
    assert answer.status_code == status
    assert text in answer.text


FAULTS = [
    ("viewer", "/console/campaigns{form}?state=gone", 400, "not_understood", "cannot have this value"),
    ("viewer", "/console/callbacks{form}?page=2&since=x", 400, "not_understood", "is no time"),
    ("", "/console/campaigns{form}", 401, "not_signed_in", "Nobody is signed in"),
    ("viewer", "/console/campaigns/{campaign}/recipients{form}?full=yes", 403, "not_allowed", "Your role"),
    ("viewer", "/console/campaigns/gone{form}", 404, "not_found", "There is no such campaign"),
    ("viewer", "/console/gone{form}", 404, "not_found", "There is no such page"),
    ("viewer", "/console/campaigns{form}?table=gone", 404, "not_found", "There is no such page"),
]


@pytest.mark.parametrize(("role", "path", "status", "name", "sentence"), FAULTS)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_programs_are_told_faults_in_their_form(
    scene: Scene, role: str, path: str, status: int, name: str, sentence: str, language: str
) -> None:
    """As JSON under .json, as plain text under .csv, in the language that was asked for."""
    filled = path.replace("{campaign}", scene.house() if "{campaign}" in path else "")
    browser = scene.browser(role, language)
    told = browser.get(filled.replace("{form}", ".json"))
    plain = browser.get(filled.replace("{form}", ".csv"))
    assert (told.status_code, told.mimetype) == (status, "application/json")
    assert (plain.status_code, plain.mimetype) == (status, "text/plain")
    assert told.json is not None
    assert told.json["error"] == name
    assert (sentence in told.json["sentence"]) is (language == "en")
    assert plain.text.strip() == told.json["sentence"]


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [(LedgerUnavailable("away"), 503, "database_away"), (RuntimeError(PHONES[0]), 500, "failed")],
)
def test_programs_are_told_that_the_bridge_failed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, name: str
) -> None:
    """And that they may try again where the database is away."""
    browser = scene.browser("viewer")

    def fail(*_args: object) -> None:
        raise error

    monkeypatch.setattr(scene.world.ledger.campaigns, "search", fail)
    for form in ("", ".json", ".csv"):
        answer = browser.get(f"/console/campaigns{form}")
        assert (answer.status_code, PHONES[0] in answer.text) == (status, False)
    assert (browser.get("/console/campaigns.json").json or {})["error"] == name


def test_a_campaign_is_controlled_once(scene: Scene) -> None:
    """What cannot be done any more is told; the worker follows what was decided."""
    campaign = scene.house()
    browser = scene.browser("operator")
    browser.get("/console")
    assert browser.post(f"/console/campaigns/{campaign}/cancel", {"reason": "wrong text"}).status_code == 303
    page = browser.get(f"/console/campaigns/{campaign}")
    assert "wrong text" in page.text
    assert 'id="deeds"' not in page.text
    assert browser.json("/console/audit")["audit"][0]["after"] == {"state": "cancelled"}
    again = browser.post(f"/console/campaigns/{campaign}/cancel")
    assert (again.status_code, "cancelled already" in again.text) == (409, True)


def test_a_number_goes_in_whole_and_stands_in_no_address(scene: Scene) -> None:
    """Its address is sealed, and works for a colleague."""
    scene.house()
    browser = scene.browser("viewer")
    browser.get("/console/numbers")
    answer = browser.post("/console/numbers", {"number": PHONES[0], "since": "2026-01-01"})
    assert answer.status_code == 303
    assert PHONES[0] not in answer.headers["Location"]
    page = scene.browser("operator").get(answer.headers["Location"])
    assert "138******01" in page.text
    assert browser.post("/console/numbers", {"number": "not one"}).status_code == 400


def test_times_are_told_in_the_channel_s_zone(scene: Scene) -> None:
    """Shanghai's here, which is the bridge's."""
    campaign = scene.house()
    browser = scene.browser("viewer")
    [row] = browser.json("/console/campaigns")["campaigns"]
    assert row["id"] == campaign
    assert "Times in Asia/Shanghai" in browser.get("/console/campaigns").text
    assert row["first_send"].endswith("+08:00")
    assert 'data-zone="Asia/Shanghai"' in browser.get("/console").text  # by which the live chart tells time


def test_a_failure_of_the_bridge_is_a_page(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says nothing of why."""

    def fail(channel: str) -> None:
        raise RuntimeError(PHONES[0])

    monkeypatch.setattr(scene.world.ledger.moving, "depth", fail)
    answer = scene.browser("viewer").get("/console")
    assert (answer.status_code, PHONES[0] in answer.text) == (500, False)


def test_a_web_without_a_console_does_not_load_it() -> None:
    """Neither its pages nor their libraries."""
    asked = "import sys, bridge.web.app; print({'babel', 'authlib', 'bridge.web.console'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_without_the_table_there_is_no_console(scene: Scene) -> None:
    """Nothing of it is served."""
    app = create_app(scene.world.settings, scene.world.all_services, scene.world.ledger, scene.clock)
    assert app.test_client().get("/console").status_code == 404


def test_the_callbacks_of_a_campaign_are_pushed_again(scene: Scene) -> None:
    """By the campaign's name as by its id: nobody needs to know its outIds."""
    campaign = scene.house("Hello")
    browser = scene.browser("operator")
    for name in ("task-1", campaign):
        browser.get("/console/callbacks")
        assert browser.post("/console/callbacks/replay-span", {"campaign": name}).status_code == 303
        told = browser.get("/console/callbacks").text
        assert "2 receipts and 2 replies are pushed again" in told
    assert [one.subject for one in scene.acts()[:2]] == [f"{campaign} task-1"] * 2


def test_what_waits_for_a_number_stands_on_its_page(scene: Scene) -> None:
    """Why and until when, in the reader's language, and for programs."""
    scene.house()
    code = scene.world.ledger.templates.list("promo")[0].code
    campaign = scene.other_campaign(code)
    operator = scene.browser("operator")
    operator.get(f"/console/campaigns/{campaign}")
    operator.post(f"/console/campaigns/{campaign}/pause", {"reason": "Wrong text."})
    address = f"/console/numbers/{scene.sealed('13900000002')}"
    [one] = operator.json(address)["waiting"]
    assert (one["campaign"], one["reason"], one["words"]) == ("task-2", "campaign paused", "Wrong text.")
    assert (one["until"], one["channel"]) == ("resumed", "promo")
    assert "139******02" in operator.get(address).text
    shown = scene.browser("viewer", "zh-CN").get(address).text
    assert "Wrong text." in shown
    assert "营销活动已暂停" in shown
