"""One campaign as a whole: what its failures say, and what was sent."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import event

from bridge.clock import millis
from bridge.ledger import Excerpt
from bridge.ledger.refs import from_ref
from bridge.plugin import (
    Batch,
    Carrier,
    CarrierReview,
    DigitalTemplateReview,
    Kind,
    ReviewStatus,
    SubmitResult,
    accepted,
    rejected,
)
from bridge.services.campaigns import seeing
from bridge.services.campaigns.seeing import Seeing
from bridge.services.desk.looking import Looking
from tests.ledger.test_turns import plan

from ..world import NAME, World
from .test_campaigns import numbers, send


def refusing(codes: Callable[[int], str]) -> Callable[[Batch], Sequence[SubmitResult]]:
    """Return a vendor that refuses a number with the code of its last digits, in words of its own."""

    def answer(batch: Batch) -> Sequence[SubmitResult]:
        named = [codes(int(message.phone.national[-8:])) for message in batch.messages]
        return [rejected(code, f"Words of {code}.") if code else accepted() for code in named]

    return answer


LATE: list[tuple[str, Callable[[int], str], set[str]]] = [
    ("in the last batch", lambda at: "LAST" if at == 69 else "", {"LAST"}),
    ("among other failures", lambda at: "LAST" if at == 69 else "VX:1", {"LAST", "VX:1"}),
    ("many codes", lambda at: f"VX:{at % 23}", {f"VX:{at}" for at in range(23)}),
]


@pytest.mark.parametrize(("_name", "codes", "found"), LATE, ids=[one[0] for one in LATE])
def test_a_vendor_s_words_are_found_wherever_they_are(
    world: World, _name: str, codes: Callable[[int], str], found: set[str]
) -> None:
    """For every code that is shown, however late it came."""
    world.vendor.size = 1
    world.vendor.answer = refusing(codes)
    send(world, numbers(70), task="t1")
    send(world, numbers(3, 900), task="other", out_id="other")
    world.hand_over()
    seen = Seeing(world.ledger).whole([NAME], "t1")
    assert {one.code: one.sentence for one in seen.failures} == {code: f"Words of {code}." for code in found}


def test_words_of_another_campaign_are_not_taken(world: World) -> None:
    """Also where it was sent at the same time."""
    code = world.template()
    world.vendor.answer = lambda batch: [
        rejected("VX:9", "Of one." if message.phone.national < "13800000500" else "")
        for message in batch.messages
    ]
    for index in range(3):
        send(world, numbers(2, 10 * index), task="one", out_id=f"one-{index}", code=code)
        send(world, numbers(2, 600 + 10 * index), task="two", out_id=f"two-{index}", code=code)
    world.hand_over()
    [one] = Seeing(world.ledger).whole([NAME], "one").failures
    [two] = Seeing(world.ledger).whole([NAME], "two").failures
    assert one.sentence == "Of one."
    assert "Of one." not in two.sentence


def test_words_are_found_along_the_index_of_what_failed(world: World) -> None:
    """Not among all messages."""
    world.vendor.answer = refusing(lambda at: "VX:1")
    send(world, numbers(3), task="t1")
    world.hand_over()
    campaign, ledger = Seeing(world.ledger).find([NAME], "t1").id, world.ledger
    told: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        told.append((statement, values))

    event.listen(ledger.database.engine, "before_cursor_execute", note)
    assert ledger.campaigns.words(campaign, 33, "VX:1") == "Words of VX:1."
    event.remove(ledger.database.engine, "before_cursor_execute", note)
    statement, values = next(one for one in told if "FROM message" in one[0])
    assert "ix_message_failed" in plan(ledger, statement, values)


DAY_S = 86_400
# The span in days, and the campaigns that reach into it: "long" was sent on days 0 and 4, "short" on day 2.
SPANS: list[tuple[float, float, list[str]]] = [
    (0, 1, ["long"]),
    (1, 2, ["long"]),
    (2, 3, ["short", "long"]),
    (4, 5, ["long"]),
    (3, 4, ["long"]),
    (2.5, 99, ["long"]),
    (4.5, 99, []),
    (0, 0, []),
    (-1, 0, []),
]


@pytest.mark.parametrize(("since", "until", "names"), SPANS)
def test_a_span_has_the_campaigns_that_reach_into_it(
    world: World, since: float, until: float, names: list[str]
) -> None:
    """Also those that began before it; the latest first; what began at its end is not of it."""
    code, start = world.template(), world.now
    for day, task in ((0, "long"), (2, "short"), (4, "long")):
        world.now = start + day * DAY_S
        world.services.templates.refresh_pending()
        send(world, numbers(1, day), task=task, out_id=f"{task}-{day}", code=code)
    rows = Excerpt(millis(lambda: start + since * DAY_S), millis(lambda: start + until * DAY_S))
    found = Seeing(world.ledger).search([NAME], rows=rows)
    assert [one.name for one in found] == names
    pages = [
        one.name
        for beyond in (None, *(((from_ref(one.id) or 0),) for one in found))
        for one in Seeing(world.ledger).search([NAME], rows=rows._replace(limit=1, beyond=beyond))
    ]
    assert pages == names


def test_every_template_of_a_campaign_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its recipients, those with the most first; more than are shown are counted."""
    one, two = world.template("Dear ${name}"), world.template("Hello ${name}")
    send(world, numbers(2), task="t1", out_id="a", code=one)
    send(world, numbers(5, 10), task="t1", out_id="b", code=two)
    send(world, numbers(1, 20), task="t1", out_id="c", code=one)
    seen = Seeing(world.ledger).whole([NAME], "t1")
    found = [(sent.code, sent.text, sent.sign, sent.sends, sent.recipients) for sent in seen.templates]
    assert found == [(two, "Hello ${name}", "Acme", 1, 5), (one, "Dear ${name}", "Acme", 2, 3)]
    assert seen.further == 0
    monkeypatch.setattr(seeing, "_TEMPLATES", 1)
    seen = Seeing(world.ledger).whole([NAME], "t1")
    assert ([sent.code for sent in seen.templates], seen.further) == ([two], 1)


def test_a_digital_text_is_shown(world: World) -> None:
    """As the page of templates shows it."""
    world.vendor.digital_review = DigitalTemplateReview(
        dict.fromkeys(Carrier, CarrierReview(ReviewStatus.APPROVED))
    )
    code = world.digital()
    world.services.templates.refresh_pending()
    world.send(["13800000000"], code=code, kind=Kind.DIGITAL)
    seen = Seeing(world.ledger).whole([NAME], "task-1")
    [listed] = Looking(world.settings, world.ledger, lambda: world.now).templates(NAME, None)
    assert listed.content
    assert seen.templates[0].text == seen.template_text == listed.content
