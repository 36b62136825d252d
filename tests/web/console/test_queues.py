"""What waits for a number: a page shows the next ones and says what it left out, programs get all."""

import json

import pytest

from bridge.contract.bodies import SendFileBody
from bridge.web.console.pages import number

from .scene import PHONES, Scene

# How many recipients a page looks through, and how many rows it shows -> the rows on it.
CUT_SHORT = [(0, 100, 0), (1 << 30, 1, 1)]


@pytest.mark.parametrize(("looked", "shown", "rows"), CUT_SHORT)
def test_programs_get_all_that_waits_for_a_number(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, looked: int, shown: int, rows: int
) -> None:
    """A page is not to take long, and says that it was cut; what is sent piece by piece looks through all."""
    monkeypatch.setattr(number, "_LOOKED_THROUGH", looked)
    monkeypatch.setattr(number, "_MOST_WAITING", shown)
    code = scene.world.template()
    for digest in (b"1" * 32, b"2" * 32):
        scene.world.send(PHONES[:1], code=code, digest=digest)
    browser = scene.browser("viewer")
    address = f"/console/numbers/{scene.sealed(PHONES[0])}"
    page = browser.get(address).text
    assert page.count('data-state="its turn"') == rows
    assert ("look through all" in page) is (looked == 0)
    assert "table=waiting" in page
    assert ("Further messages wait" in page) is (shown == 1)
    assert len(browser.json(address)["waiting"]) == 2
    assert len(browser.json(f"{address}?table=waiting")["waiting"]) == 2
    assert len(browser.get(f"{address}.csv?table=waiting").text.splitlines()) == 3
    assert browser.get(f"{address}.csv").status_code == 200


def test_programs_are_told_of_files_that_are_being_read(scene: Scene) -> None:
    """Messages to the number may stand in what is not read yet."""
    body = {
        "outId": "task-file",
        "signName": "Acme",
        "templateCode": scene.world.template(),
        "phoneOssUrl": "https://files.oss-cn-hangzhou.aliyuncs.com/list.csv",
        "isVariable": "0",
    }
    raw = json.dumps(body).encode()
    scene.world.services.accepting.send_file(SendFileBody.parse(raw), raw[:32])
    found = scene.browser("viewer").json(f"/console/numbers/{scene.sealed(PHONES[0])}")
    assert [(one["channel"], one["recipients"]) for one in found["unread"]] == [("promo", 0)]
