"""Words of the bridge: people read them in their language, programs as the filters take them."""

import csv
import io
from html import unescape

import pytest
from sqlalchemy import update

from bridge.ledger import Act
from bridge.ledger.database import tables
from bridge.ledger.scope import Scope
from bridge.plugin import Batch, OutcomeUnknown, ReviewStatus, SubmitResult

from .scene import PHONES, Scene

SPOKEN = [
    (Act("bridge", "numbers suppressed", 0, "promo", why="reply"), "回复"),
    (Act("bridge", "numbers suppressed", 0, "promo", why="receipt"), "回执"),
    (Act("bridge", "numbers suppressed", 0, "promo", why="vendor"), "供应商"),
    (Act("bridge", "callbacks replayed", 0, "promo", "a span of time"), "一段时间"),
    (Act("bridge", "campaign paused", 0, after={"state": "paused"}), '"state": "已暂停"'),
    (Act("bridge", "template decided", 0, after={"status": "rejected"}), '"status": "被拒绝"'),
    (
        Act("bridge", "channel resumed", 0, before={"reason": "Paused by an operator."}),
        '"reason": "由操作员暂停。"',
    ),
    (
        Act("bridge", "account checked", 0, after={"said": "The carrier knows the account."}),
        '"said": "运营商认识该账号。"',
    ),
    (Act("bridge", "account checked", 0, after={"said": "46elks answers."}), '"said": "46elks 有应答。"'),
    (
        Act(
            "bridge",
            "callback address checked",
            0,
            after={"said": "Quick Audience answers at https://qa.example."},
        ),
        '"said": "Quick Audience 在 https://qa.example 有应答。"',
    ),
]


@pytest.mark.parametrize(("act", "said"), SPOKEN, ids=[said for _, said in SPOKEN])
def test_the_audit_speaks_the_readers_language(scene: Scene, act: Act, said: str) -> None:
    """What the bridge wrote; programs read it as it was written."""
    scene.world.ledger.audit.note(act)
    page = unescape(scene.browser("viewer", "zh-CN").get("/console/audit").text)
    assert said in page
    told = scene.browser("viewer", "zh-CN").json("/console/audit")["audit"][-1]
    assert (told["subject"], told["why"], told["before"] or None, told["after"] or None) == (
        act.subject,
        act.why,
        act.before,
        act.after,
    )


def test_names_that_people_gave_are_not_translated(scene: Scene) -> None:
    """An account may be called like a word of the bridge."""
    scene.world.ledger.audit.note(
        Act("bridge", "account paused", 0, "promo", "paused", after={"account": "paused"})
    )
    page = unescape(scene.browser("viewer", "zh-CN").get("/console/audit").text)
    assert '"account": "paused"' in page


@pytest.mark.parametrize("source", ["operator", "reply", "receipt", "vendor"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_source_of_a_suppression_has_a_name(scene: Scene, source: str, language: str) -> None:
    """Whoever told that the person wants no more."""
    scope = Scope("promo", int(scene.clock() * 1000))
    scene.world.ledger.suppressions.add(scope, "", [f"86{PHONES[0]}"], source)
    assert scene.browser("viewer", language).get("/console/suppressions").status_code == 200


def _in_question(batch: Batch) -> list[SubmitResult]:
    raise OutcomeUnknown("It broke.", code="CONNECTION_LOST")


@pytest.mark.parametrize("status", ["waiting", "calling", "rejected", "accepted", "delivered"])
def test_a_status_is_told_to_programs_as_the_filter_takes_it(scene: Scene, status: str) -> None:
    """In both forms: people read "outcome in question" of what is `calling`."""
    campaign = scene.house()
    if status in ("waiting", "calling"):
        campaign = scene.other_campaign(scene.world.ledger.templates.list("promo")[0].code)
    if status == "calling":
        scene.world.vendor.answer = _in_question
        scene.world.hand_over()
    browser = scene.browser("admin")
    address = f"/console/campaigns/{campaign}/recipients"
    rows = [one for one in browser.json(address)["recipients"] if one["status"] == status]
    assert rows
    assert browser.json(f"{address}?status={status}")["recipients"] == rows
    written = csv.DictReader(io.StringIO(browser.get(f"{address}.csv?status={status}").text))
    assert {row["status"] for row in written} == {status}


def test_messages_and_attempts_of_a_number_are_told_as_the_shell_does(scene: Scene) -> None:
    """Their states, too."""
    scene.house()
    scene.other_campaign(scene.world.ledger.templates.list("promo")[0].code)
    scene.world.vendor.answer = _in_question
    scene.world.hand_over()
    told = scene.browser("admin").json(f"/console/numbers/{scene.sealed(PHONES[0].replace('138', '139'))}")
    assert [one["status"] for one in told["messages"]] == ["calling"]
    assert [one["outcome"] for one in told["attempts"]] == ["unknown"]


@pytest.mark.parametrize("status", ["partial", "rejected"])
def test_a_templates_review_is_told_as_its_filter_takes_it(scene: Scene, status: str) -> None:
    """Also where people read a sentence's worth."""
    code = scene.world.template()
    changed = update(tables.template).values(status=ReviewStatus(status))
    scene.world.ledger.write(lambda connection: connection.execute(changed))
    [row] = scene.browser("viewer").json(f"/console/templates?status={status}")["templates"]
    assert (row["code"], row["status"]) == (code, status)
