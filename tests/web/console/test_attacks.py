"""What attackers try: forged and cross-site requests, sessions of their own, cells and markup that act."""

import csv
import io
import json
from dataclasses import replace

import pytest

from bridge.web.console.guard import HEADERS

from .conftest import Scenes
from .scene import ADDRESS, PHONES, Scene

OWN = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
# The headers of a request, and whether it is believed.
ORIGINS = [
    (OWN, True),
    ({"Origin": ADDRESS}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Origin": "https://sms.example.com:8443", "Sec-Fetch-Site": "same-origin"}, False),
    ({"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"}, False),
    ({"Origin": "https://evil.example.com", "Sec-Fetch-Site": "same-origin"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": ADDRESS, "Sec-Fetch-Site": "cross-site"}, False),
    ({"Origin": ADDRESS, "Sec-Fetch-Site": "same-site"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("headers", "believed"), ORIGINS)
def test_a_form_of_another_site_does_nothing(scene: Scene, headers: dict[str, str], believed: bool) -> None:
    """Even with the right token; and a browser that does not say where it comes from is not believed."""
    browser = scene.browser("operator")
    browser.get("/console")
    before = len(scene.acts())
    answer = browser.post("/console/channels/promo/pause", headers=headers)
    assert answer.status_code == (303 if believed else 400)
    assert (len(scene.acts()) > before) is believed


@pytest.mark.parametrize("token", ["", "wrong", "a token of another session"])
def test_a_form_without_the_session_s_token_does_nothing(scene: Scene, token: str) -> None:
    """Another session's is no better than none."""
    browser, other = scene.browser("operator"), scene.browser("operator", "zh-CN")
    other.get("/console")
    browser.token = other.token if token.startswith("a token") else token
    assert browser.post("/console/channels/promo/pause").status_code == 400
    assert scene.acts()[0].what != "channel paused"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"])
def test_other_methods_are_refused(scene: Scene, method: str) -> None:
    """No page knows them."""
    browser = scene.browser("admin")
    browser.get("/console")
    form = {"token": browser.token}
    answer = browser.client.open(
        "/console/campaigns", method=method, base_url=ADDRESS, headers=OWN, data=form
    )
    assert answer.status_code == 405
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/html", "no-store")


def test_a_method_that_nobody_knows_is_refused_with_the_headers(scene: Scene) -> None:
    """Before it is the console's."""
    answer = scene.browser("admin").client.open("/console/campaigns", method="BREW", base_url=ADDRESS)
    assert answer.status_code == 405
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


# What no database holds, in filters and addresses -> the status.
UNHELD = [
    ("/console/campaigns?search=%00", 400),
    ("/console/campaigns.json?search=a%00b", 400),
    ("/console/callbacks?outId=%00", 400),
    ("/console/campaigns/%00", 404),
    ("/console/campaigns/%00/recipients.csv", 404),
]


@pytest.mark.parametrize(("path", "status"), UNHELD)
def test_a_nul_is_refused_before_a_database_sees_it(scene: Scene, path: str, status: int) -> None:
    """PostgreSQL would fail."""
    assert scene.browser("viewer").get(path).status_code == status


FORGED = [
    "",
    "eyJuYW1lIjoiYW5uYSIsInJvbGUiOjMsInVudGlsIjo5OTk5OTk5OTk5OTk5fQ.aS8Q.AAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "not a cookie",
]


@pytest.mark.parametrize("cookie", FORGED)
def test_a_forged_session_is_nobody_s(scene: Scene, cookie: str) -> None:
    """It leads to the door."""
    browser = scene.browser()
    browser.client.set_cookie("__Host-sms-bridge", cookie, domain="sms.example.com", secure=True)
    answer = browser.get("/console/campaigns")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/sign-in")


def test_a_session_of_another_secret_is_nobody_s(scenes: Scenes) -> None:
    """Who changes the secret ends all sessions."""
    old = scenes()
    browser = old.browser("admin")
    browser.client.application = scenes(secret="another-secret-of-the-tests-0123456789").app
    assert browser.get("/console").status_code == 303


def test_signing_in_begins_anew(scene: Scene) -> None:
    """A session that somebody planted before is not the one that is signed in: its token is worth nothing."""
    browser = scene.browser()
    browser.get("/console/sign-in")
    planted = browser.token
    browser.sign_in(scene.link("operator"))
    browser.get("/console")
    assert browser.token != planted
    browser.token = planted
    assert browser.post("/console/channels/promo/pause").status_code == 400


def test_the_session_s_cookie_is_this_host_s_alone(scene: Scene) -> None:
    """Over https, for no script, for no other site's forms."""
    browser = scene.browser()
    link = scene.link()
    browser.get(link)
    cookie = browser.post(link).headers["Set-Cookie"]
    name, _, rest = cookie.partition("=")
    parts = {part.strip() for part in rest.split(";")}
    assert name == "__Host-sms-bridge"
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= parts
    assert not any(part.startswith("Domain") for part in parts)


@pytest.mark.parametrize("path", ["/console/sign-in", "/console", "/console/gone", "/console/campaigns.csv"])
def test_every_answer_carries_the_headers(scene: Scene, path: str) -> None:
    """No inline script, no frame, nothing kept by proxies."""
    answer = scene.browser("viewer").get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


FORMULAS = ["=1+1", "+cmd", "-2", "@sum", "\t=1", "plain"]


def test_no_cell_of_a_csv_is_a_formula(scene: Scene) -> None:
    """Templates' names are written by third parties."""
    for name in FORMULAS:
        code = scene.world.template()
        ledger = scene.world.ledger.templates
        stored = ledger.get("promo", code)
        assert stored is not None
        ledger.save(replace(stored, name=name))
    answer = scene.browser("viewer").get("/console/templates.csv")
    names = [row["name"] for row in csv.DictReader(io.StringIO(answer.text))]
    assert sorted(names) == sorted(["'=1+1", "'+cmd", "'-2", "'@sum", "'\t=1", "plain"])
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_no_terminal_obeys_a_json(scene: Scene) -> None:
    """A program reads the very same."""
    code = scene.world.template()
    ledger = scene.world.ledger.templates
    stored = ledger.get("promo", code)
    assert stored is not None
    name = "\u202eelas\x9b31m \x1b[2J"
    ledger.save(replace(stored, name=name))
    answer = scene.browser("viewer").get("/console/templates.json")
    assert name in [row["name"] for row in answer.json["templates"]]  # type: ignore[index]
    assert not {"\x1b", "\x9b", "\u202e"} & set(answer.text)


# A table of numbers, who may have them whole, and what stands there otherwise.
EXPORTS = [
    ("viewer", "", 200),
    ("viewer", "?full=yes", 403),
    ("operator", "", 200),
    ("operator", "?full=yes", 200),
]


@pytest.mark.parametrize(("role", "query", "status"), EXPORTS)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_whole_numbers_leave_for_operators_only(
    scene: Scene, form: str, role: str, query: str, status: int
) -> None:
    """And the audit keeps who took them."""
    campaign = scene.house()
    answer = scene.browser(role).get(f"/console/campaigns/{campaign}/recipients.{form}{query}")
    assert answer.status_code == status
    whole = bool(query) and status == 200
    assert all((phone in answer.text) is whole for phone in PHONES)
    assert (scene.acts()[0].what == "exported with whole numbers") is whole


def test_addresses_lead_nowhere_else(scene: Scene) -> None:
    """What a browser says it came from is believed only within the console."""
    browser = scene.browser("viewer")
    for told, leads in [
        (f"{ADDRESS}/console/audit?channel=promo", "/console/audit?channel=promo"),
        ("https://evil.example.com/console", "/console"),
        (f"{ADDRESS}//evil.example.com", "/console"),
        ("javascript:alert(1)", "/console"),
    ]:
        answer = browser.get("/console/language/zh-CN", Referer=told)
        assert answer.headers["Location"] == leads


def test_json_of_every_table_is_json(scene: Scene) -> None:
    """Also where third parties wrote quotes and markup."""
    scene.house()
    browser = scene.browser("operator")
    for page in (
        "overview",
        "campaigns",
        "templates",
        "replies",
        "suppressions",
        "callbacks",
        "channels",
        "audit",
    ):
        assert json.loads(browser.get(f"/console/{page}.json").text)
