"""Signing in at a real provider of OpenID Connect, and what is tried on the way back from it."""

import gzip
import os
import re
import signal
import subprocess
import time
import tracemalloc
from collections.abc import Iterator

import pytest
import requests

from bridge.plugin.http import ANSWER_BYTES
from tests.operators.tools import tool
from tests.plugin.peers import SOON_S, Behaviour, Peer, dripping, reply, silent, stalling

from .conftest import Scenes
from .scene import ADDRESS, Browser

PROVIDER = ("exec", "--yes", "--package", "oauth2-mock-server@9", "--", "oauth2-mock-server", "-p", "0")
_LISTENS = re.compile(r"http://localhost:\d+")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Yield a provider that lets everybody in as johndoe."""
    command = [tool("npm"), *PROVIDER]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        try:
            found = next(filter(None, map(_LISTENS.search, process.stdout)), None)
            assert found, "the provider did not start"
            yield found[0]
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # npm leaves what it has started behind


def settings_for(issuer: str, **changes: object) -> dict[str, object]:
    return {
        "issuer": issuer,
        "client_id": "sms-bridge",
        "client_secret": "client-secret",
        "name_claim": "sub",
        "roles_claim": "sub",
        "roles": {"johndoe": "operator"},
        **changes,
    }


def at_provider(browser: Browser) -> str:
    """Go to the provider, which lets the person in. Returns where it sends the browser, below the console."""
    leaving = browser.get("/console/sign-on")
    assert leaving.status_code == 302, leaving.text
    answer = requests.get(leaving.headers["Location"], allow_redirects=False, timeout=10)
    back = answer.headers["Location"]
    assert back.startswith(f"{ADDRESS}/console/sign-on/back?")
    return back.removeprefix(ADDRESS)


def test_a_person_of_the_provider_s_is_let_in(scenes: Scenes, issuer: str) -> None:
    """Under the name and role that its claims give; the audit says by what way."""
    scene = scenes(sign_on=settings_for(issuer))
    browser = scene.browser()
    assert "/console/sign-on" in browser.get("/console/sign-in").text
    assert browser.get(at_provider(browser)).headers["Location"] == "/console"
    assert "johndoe, operator" in browser.get("/console").text
    [act] = scene.acts()
    assert (act.who, act.what, act.after) == (
        "console:johndoe",
        "signed in",
        {"role": "operator", "by": "sign-on"},
    )


def test_who_has_no_role_is_not_let_in(scenes: Scenes, issuer: str) -> None:
    """Although the provider knows the person."""
    scene = scenes(sign_on=settings_for(issuer, roles={"others": "admin"}))
    browser = scene.browser()
    answer = browser.get(at_provider(browser))
    assert (answer.status_code, "gives you no role here" in answer.text) == (403, True)
    assert browser.get("/console").status_code == 303


# What somebody changes on the way back.
CHANGES = [
    ("state", "another"),
    ("state", ""),
    ("code", "another"),
    ("error", "access_denied"),
]


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_a_changed_way_back_lets_nobody_in(scenes: Scenes, issuer: str, name: str, value: str) -> None:
    """Nor does it say more than that."""
    browser = scenes(sign_on=settings_for(issuer)).browser()
    back = re.sub(rf"([?&]){name}=[^&]*", rf"\1{name}={value}", at_provider(browser))
    back = back if f"{name}=" in back else f"{back}&{name}={value}"
    answer = browser.get(back)
    assert (answer.status_code, "did not let you in" in answer.text) == (403, True)


def test_another_browser_s_way_back_lets_nobody_in(scenes: Scenes, issuer: str) -> None:
    """So nobody is signed in as somebody else by a link."""
    scene = scenes(sign_on=settings_for(issuer))
    back = at_provider(scene.browser())
    assert scene.browser().get(back).status_code == 403


def test_a_way_back_is_gone_once(scenes: Scenes, issuer: str) -> None:
    """A repeat lets nobody in."""
    browser = scenes(sign_on=settings_for(issuer)).browser()
    back = at_provider(browser)
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_a_provider_that_is_away_is_told(scenes: Scenes) -> None:
    """On a page; nothing else fails."""
    scene = scenes(sign_on=settings_for("http://127.0.0.1:9"))
    answer = scene.browser().get("/console/sign-on")
    assert (answer.status_code, "did not answer" in answer.text) == (403, True)
    assert scene.browser("viewer").get("/console").status_code == 200


SLOW: dict[str, Behaviour] = {
    "the headers drip": dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "the body drips": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
    "it says nothing": silent,
    "it says half": stalling,
}


@pytest.mark.parametrize("behaviour", SLOW.values(), ids=SLOW)
def test_a_provider_that_drips_holds_no_thread(
    scenes: Scenes, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour
) -> None:
    """The whole exchange has one end, not each of its bytes."""
    monkeypatch.setattr("bridge.web.console.sign_on._TIMEOUT_S", 0.5)
    with Peer(behaviour) as peer:
        scene = scenes(sign_on=settings_for(peer.url))
        began = time.monotonic()
        answer = scene.browser().get("/console/sign-on")
        took = time.monotonic() - began
    assert (answer.status_code, "did not answer" in answer.text) == (403, True)
    assert took < SOON_S


BOMB = gzip.compress(bytes(64 << 20))
PAGE = b"x" * (ANSWER_BYTES + 1)

# What a provider answers that says nothing; none of it takes the process's memory or ends in a fault of ours.
SENSELESS: dict[str, Behaviour] = {
    "more than an answer may be": reply("200 OK", b'{"a":"' + PAGE + b'"}'),
    "a megabyte that unpacks to many": reply("200 OK", BOMB, "Content-Encoding: gzip"),
    "a redirect with a body without end": reply("302 Found", BOMB, "Content-Encoding: gzip", "Location: /on"),
    "nested without end": reply("200 OK", b"[" * 500_000),
    "no object": reply("200 OK", b"[]"),
    "nothing": reply("200 OK", b"null"),
    "an object without its addresses": reply("200 OK", b"{}"),
    "an address that is none": reply("200 OK", b'{"authorization_endpoint": 7}'),
    "a page": reply("200 OK", b"<html></html>"),
}


@pytest.mark.parametrize("behaviour", SENSELESS.values(), ids=SENSELESS)
def test_a_provider_s_senseless_answer_is_told(scenes: Scenes, behaviour: Behaviour) -> None:
    """As a provider that is away, and little of it is kept."""
    with Peer(behaviour) as peer:
        browser = scenes(sign_on=settings_for(peer.url)).browser()
        tracemalloc.start()
        answer = browser.get("/console/sign-on")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (answer.status_code, "did not answer" in answer.text) == (403, True)
    assert most < 16 * ANSWER_BYTES


def test_without_a_provider_there_is_no_way_to_it(scenes: Scenes) -> None:
    """Its addresses are nobody's."""
    assert scenes().browser("viewer").get("/console/sign-on").status_code == 404
