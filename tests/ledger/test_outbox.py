"""The outbox: grouped by outId, never lost, never held by two, buried only to be replayed."""

import pytest

from bridge.ledger import Ended, Holder, Ledger, PushJob, Scope, Taken
from bridge.ledger.reports.outbox import PutBack, Replied, enqueue_receipts, enqueue_replies

from .making import CHANNEL, NOW

HOUR = 3_600_000


def enqueue(ledger: Ledger, *groups: tuple[str, int], now: int = NOW) -> None:
    """Each group: an outId and how many messages of it ended, in a transaction of its own."""
    for place, (out_id, count) in enumerate(groups):
        ended = [Ended(f"{out_id}-{place}-{index}", 30, NOW, NOW, "DELIVRD", "") for index in range(count)]
        ledger.write(
            lambda c, out_id=out_id, ended=ended: enqueue_receipts(c, Scope(CHANNEL, now), {out_id: ended})  # type: ignore[misc]
        )


def claim(
    ledger: Ledger, owner: str = "a", *, jobs: int = 10, size: int = 500, now: int = NOW
) -> list[PushJob]:
    return ledger.write(
        lambda c: ledger.outbox.claim(c, Scope(CHANNEL, now), Holder(owner, 60_000), jobs=jobs, size=size)
    )


GROUPED = {
    "one of many": ([("t1", 3)], 500, [("t1", 3)]),
    "small ones of one outId are joined": ([("t1", 3), ("t1", 4), ("t1", 5)], 500, [("t1", 12)]),
    "different outIds are never joined": ([("t1", 1), ("t2", 1), ("t1", 1)], 500, [("t1", 2), ("t2", 1)]),
    "not beyond the size": ([("t1", 300), ("t1", 300)], 500, [("t1", 300), ("t1", 300)]),
    "a large one is cut": ([("t1", 1200)], 500, [("t1", 200), ("t1", 500), ("t1", 500)]),
    "none is none": ([("t1", 0)], 500, []),
}


@pytest.mark.parametrize(("given", "size", "expected"), GROUPED.values(), ids=GROUPED)
def test_one_call_holds_one_out_id(
    ledger: Ledger, given: list[tuple[str, int]], size: int, expected: list[tuple[str, int]]
) -> None:
    """Entries of an outId travel together up to the limit; every entry exactly once."""
    enqueue(ledger, *given)
    jobs = claim(ledger, size=size)
    assert sorted((job.out_id, len(job.entries)) for job in jobs) == expected
    entries = [entry[0] for job in jobs for entry in job.entries]
    assert len(entries) == len(set(entries)) == sum(count for _, count in given)


def test_receipts_and_replies_travel_apart(ledger: Ledger) -> None:
    """They have different addresses at Quick Audience."""
    enqueue(ledger, ("t1", 1))
    ledger.write(lambda c: enqueue_replies(c, Scope(CHANNEL, NOW), {"t1": [Replied("138", NOW, "T")]}))
    assert [job.kind for job in claim(ledger)] == [0, 1]


def test_a_push_is_held_by_one_and_returns_when_its_holder_dies(ledger: Ledger) -> None:
    """A lease keeps others away; when it lapses the push is made again."""
    enqueue(ledger, ("t1", 2))
    (job,) = claim(ledger, "a")
    assert claim(ledger, "b") == []
    assert not ledger.outbox.has_due(CHANNEL, NOW)
    (again,) = claim(ledger, "b", now=NOW + 60_001)
    assert (again.attempt, again.entries) == (2, job.entries)


@pytest.mark.parametrize(
    ("back", "due_at", "attempt"),
    [({"due": NOW + HOUR}, NOW + HOUR, 2), ({"due": NOW, "counted": False}, NOW, 1)],
    ids=["a failure waits", "a refusal of the signature is not counted"],
)
def test_what_was_not_taken_comes_back(
    ledger: Ledger, back: dict[str, object], due_at: int, attempt: int
) -> None:
    """At its time, with its account of attempts."""
    enqueue(ledger, ("t1", 2))
    (job,) = claim(ledger)
    ledger.outbox.finish([], [PutBack(job, error="HTTP 500", **back)], NOW)  # type: ignore[arg-type]
    assert claim(ledger, now=due_at - 1) == []
    assert [again.attempt for again in claim(ledger, now=due_at)] == [attempt]


def test_what_keeps_failing_travels_alone(ledger: Ledger) -> None:
    """After six failures together each row goes by itself: one that is never taken holds up no other."""
    enqueue(ledger, ("t1", 2), ("t1", 1))
    sizes = []
    for _ in range(7):
        jobs = claim(ledger)
        sizes.append(sorted(len(job.entries) for job in jobs))
        ledger.outbox.finish([], [PutBack(job, NOW, "HTTP 500") for job in jobs], NOW)
    assert sizes == [[3]] * 6 + [[1, 2]]


@pytest.mark.parametrize(("refused", "calls"), [(True, [1, 1, 2, 3]), (False, [7])])
def test_an_entry_that_is_refused_costs_only_itself_in_the_end(
    ledger: Ledger, refused: bool, calls: list[int]
) -> None:
    """A row refused for what it holds is halved until the bad entry is alone; one that met a fault is not."""
    enqueue(ledger, ("t1", 7))
    told: list[str] = []
    last: list[int] = []
    for _ in range(12):
        done, back = [], []
        for job in claim(ledger):
            if refused and all(entry[0] != "t1-0-5" for entry in job.entries):
                done.append(Taken(job))
                told += [entry[0] for entry in job.entries]
                last.append(len(job.entries))
            else:
                back.append(PutBack(job, NOW, "HTTP 400", refused=refused))
        ledger.outbox.finish(done, back, NOW)
    last += [len(job.entries) for job in claim(ledger)]
    assert sorted(last) == calls
    assert sorted(told) == ([f"t1-0-{index}" for index in range(7) if index != 5] if refused else [])
    assert ledger.outbox.waiting(CHANNEL) == (1 if refused else 7, NOW)


def test_a_row_that_another_holds_by_now_is_not_parted(ledger: Ledger) -> None:
    """Who was too slow does not double its entries."""
    enqueue(ledger, ("t1", 4))
    for _ in range(6):
        (job,) = claim(ledger)
        ledger.outbox.finish([], [PutBack(job, NOW, "HTTP 400")], NOW)
    (slow,) = claim(ledger, "slow")
    (held,) = claim(ledger, "quick", now=NOW + 60_001)
    ledger.outbox.finish([], [PutBack(slow, NOW, "HTTP 400", refused=True)], NOW)
    ledger.outbox.finish([Taken(held)], [], NOW)
    assert ledger.outbox.waiting(CHANNEL) == (0, None)


def test_a_dead_letter_is_kept_and_can_be_replayed(ledger: Ledger) -> None:
    """Never tried again by itself, never deleted, and whole after a replay."""
    enqueue(ledger, ("t1", 2), ("t2", 1))
    jobs = claim(ledger)
    ledger.outbox.finish([], [PutBack(job, NOW, "HTTP 500", dead=True) for job in jobs], NOW)
    assert claim(ledger, now=NOW + 100 * HOUR) == []
    letters = ledger.outbox.given_up([CHANNEL])
    assert [(letter.out_id, letter.count, letter.error) for letter in letters] == [
        ("t1", 2, "HTTP 500"),
        ("t2", 1, "HTTP 500"),
    ]
    assert ledger.outbox.replay(NOW, ids=[letters[0].id]) == 1
    assert [job.entries for job in claim(ledger)] == [jobs[0].entries]
    assert ledger.outbox.replay(NOW, channel="other") == 0
    assert ledger.outbox.replay(NOW, channel=CHANNEL) == 1
