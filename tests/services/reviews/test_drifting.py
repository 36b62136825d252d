"""Templates and signatures as accounts have them: what differs is shown and told, and nothing is repaired."""

from itertools import pairwise

import pytest

from bridge.plugin import (
    BridgeError,
    Kind,
    ListedTemplate,
    NoSuchResource,
    ReviewStatus,
    SignReview,
    TemplateReview,
    VendorUnavailable,
)
from bridge.services.reviews.drifting import Drifting, SeenDrift, seen

from ..conftest import Worlds
from ..world import NAME, World

HOUR_S = 3600
TEXT = "Dear ${name}"


def drifting(world: World) -> Drifting:
    return Drifting(world.services.channel, world.ledger, lambda: world.now)


def approved(world: World) -> str:
    """Return a template that the bridge knows as approved."""
    code = world.template(TEXT)
    world.now += 120
    world.services.templates.refresh_pending()
    return code


def says(world: World, answer: TemplateReview | BridgeError) -> None:
    """Let the vendor answer so from now on."""
    if isinstance(answer, BridgeError):
        world.vendor.review_fails = answer
    else:
        world.vendor.review = answer


def told(found: list[SeenDrift]) -> list[tuple[str, str, str]]:
    return [(one.name, one.what, one.there) for one in found]


# What the vendor says now -> what differs, and what is there.
ANSWERS: list[tuple[str, TemplateReview | BridgeError, str, str]] = [
    ("the same", TemplateReview(ReviewStatus.APPROVED), "", "approved"),
    ("the same text", TemplateReview(ReviewStatus.APPROVED, content=f"{TEXT}\r\n"), "", "approved"),
    ("another text", TemplateReview(ReviewStatus.APPROVED, content="Hi ${name}"), "changed", "Hi ${name}"),
    ("rejected", TemplateReview(ReviewStatus.REJECTED, "Spam."), "state", "rejected Spam."),
    ("gone", NoSuchResource("It was deleted."), "missing", "not there"),
    (
        "no answer",
        VendorUnavailable("Down for 13800000000.", code="E500"),
        "unanswered",
        "E500: Down for 138******00.",
    ),
]


@pytest.mark.parametrize(("_name", "answer", "what", "there"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_a_template_is_compared(
    world: World, _name: str, answer: TemplateReview | BridgeError, what: str, there: str
) -> None:
    """With when it was asked last; the bridge goes on with what it believed."""
    code = approved(world)
    says(world, answer)
    world.now += HOUR_S
    found = drifting(world).ask()
    assert told(found) == [(code, what, there)]
    assert found[0].asked == int(world.now * 1000)
    assert world.services.templates.find(code, Kind.TEXT).status is ReviewStatus.APPROVED
    assert world.ledger.drifts.counts() == {(NAME, "obedient"): int(bool(what))}


def test_a_difference_keeps_its_beginning(world: World) -> None:
    """However often it is asked about; it is told once, and goes when both say the same again."""
    approved(world)
    says(world, TemplateReview(ReviewStatus.REJECTED))
    begun = int(world.now * 1000)
    drifting(world).ask()
    world.now += HOUR_S
    [one] = drifting(world).ask()
    assert (one.since, one.asked - one.since) == (begun, HOUR_S * 1000)
    says(world, TemplateReview(ReviewStatus.APPROVED))
    assert [one.what for one in drifting(world).ask()] == [""]


# What the vendor lists -> what is shown beside the template that both know.
LISTS: list[tuple[str, list[ListedTemplate] | BridgeError, list[tuple[str, str, str]]]] = [
    ("no list", [], []),
    ("our own", [ListedTemplate("vendor-Spring", ReviewStatus.APPROVED)], []),
    (
        "another's",
        [ListedTemplate("V-9", ReviewStatus.PENDING, "By hand", "Call 13800000000")],
        [("V-9", "only there", "pending By hand: Call 138******00")],
    ),
    ("no answer", VendorUnavailable("Down.", code="E500"), [("*", "no list", "E500: Down.")]),
]


@pytest.mark.parametrize(("_name", "listed", "shown"), LISTS, ids=[row[0] for row in LISTS])
def test_what_only_the_vendor_has_is_shown(
    world: World,
    _name: str,
    listed: list[ListedTemplate] | BridgeError,
    shown: list[tuple[str, str, str]],
) -> None:
    """And neither counted nor told: others may use the account, too."""
    code = approved(world)
    if isinstance(listed, BridgeError):
        world.vendor.list_fails = listed
    else:
        world.vendor.listed = listed
    found = drifting(world).ask()
    assert sorted(told(found)) == sorted([(code, "", "approved"), *shown])
    assert not any(one.differs for one in found)
    assert world.ledger.drifts.counts() == {(NAME, "obedient"): 0}


def test_what_was_filed_at_another_account_is_known_there(worlds: Worlds) -> None:
    """By its code there."""
    world = worlds(accounts={"main": {"vendor": "obedient"}, "spare": {"vendor": "obedient"}})
    approved(world)
    world.now += 120
    world.services.templates.refresh_pending()
    codes = ("vendor-Spring", "V-9")
    world.vendors["spare"].listed = [ListedTemplate(code, ReviewStatus.APPROVED) for code in codes]
    found = drifting(world).ask()
    assert [(one.account, one.name) for one in found if one.what] == [("spare", "V-9")]


SIGNS = [
    (ReviewStatus.APPROVED, "", "approved"),
    (ReviewStatus.REJECTED, "state", "rejected"),
    (None, "missing", "not there"),
]


@pytest.mark.parametrize(("status", "what", "there"), SIGNS)
def test_a_signature_is_compared(world: World, status: ReviewStatus | None, what: str, there: str) -> None:
    """Signatures that were sent with."""
    world.services.signs.remember("Acme", SignReview(ReviewStatus.APPROVED))
    if status is None:
        del world.vendor.signs["Acme"]
    else:
        world.vendor.signs["Acme"] = status
    assert told(drifting(world).ask()) == [("Acme", what, there)]


def test_every_account_is_asked_for_its_own(worlds: Worlds) -> None:
    """What it was filed with there; one that has nothing yet is not asked."""
    world = worlds(accounts={"main": {"vendor": "obedient"}, "spare": {"vendor": "obedient"}})
    code = approved(world)
    world.now += 120
    world.services.templates.refresh_pending()
    world.vendors["spare"].review_fails = NoSuchResource("Gone.")
    found = drifting(world).ask()
    assert [(one.account, one.name, one.what) for one in found] == [
        ("spare", code, "missing"),
        ("main", code, ""),
    ]
    assert seen(world.ledger, NAME) == found


def test_it_is_asked_once_a_night(world: World) -> None:
    """By one worker; a new bridge waits for its first night."""
    approved(world)
    asked = []
    for _ in range(50):
        asked.append(drifting(world).nightly())
        world.now += HOUR_S
    assert asked[0] is False
    nights = [hour for hour, was in enumerate(asked) if was]
    assert len(nights) >= 2
    # Within an hour that is drawn by lot, and looked at once an hour.
    assert all(22 <= later - night <= 26 for night, later in pairwise(nights))
    assert seen(world.ledger, NAME) != []


def test_a_template_that_was_deleted_is_not_asked_about(world: World) -> None:
    """Nor one that the vendor never got."""
    code = approved(world)
    world.services.templates.delete(code, Kind.TEXT)
    assert drifting(world).ask() == []
