"""What may be risked at a vendor account: it starts slowly, and rests after failures."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection

from bridge.ledger import Ledger
from bridge.ledger.sending.account import FREE, FREE_CALLS, Account, AccountKey, Room, Shown

from .making import CHANNEL, NOW, accept, claim, phones, send

KEY = AccountKey(CHANNEL, "main")
MINUTE = 60_000

# Each letter is a call, a second after the one before: s(uccess), or a failure (USED); numbers wait so long.
# Then: calls at a time, messages a call, seconds of rest.
STORIES: dict[str, tuple[str, int, int, int]] = {
    "nothing yet": ("", 1, 100, 0),
    "a success doubles both": ("s", 2, 200, 0),
    "the second round needs two": ("ss", 2, 200, 0),
    "and doubles both again": ("sss", 4, 400, 0),
    "a failure halves both": ("sssf", 2, 200, 0),
    "never below one": ("ff", 1, 25, 0),
    "three failures in a row": ("fff", 0, 0, 5),
    "not in a row": ("ffsff", 1, 12, 0),
    "at the end of the rest one message tries": ("fff 6", 1, 1, 0),
    "a success closes, and it starts slowly": ("fff 6 s", 1, 100, 0),
    "a failure rests twice as long": ("fff 6 f", 0, 0, 10),
    "and again": ("fff 6 f 11 f", 0, 0, 20),
    "at most five minutes": ("fff 6 f 12 f 23 f 45 f 89 f 177 f 331 f", 0, 0, 300),
    "what began before it opened does not open it further": ("fffff", 0, 0, 3),
    "what began before may close it": ("fffs", 1, 100, 0),
    "without a success for a minute": ("sssssss 61", 1, 100, 0),
    "a success after that": ("sssssss 61 s", 2, 200, 0),
    "small after failures, even later": ("ff 61", 1, 25, 0),
    "a rest set by a clock that ran ahead": ("fff -9000", 1, 1, 0),
    "free": ("s" * 63, FREE_CALLS, 1 << 30, 0),
    "free, and one fails": ("s" * 63 + "f", 32, 3200, 0),
    "of eight calls of a thousand, one fails": ("s" * 63 + "F", 4, 500, 0),
    "then another": ("s" * 63 + "FF", 2, 250, 0),
    "a small one fails": ("s" * 63 + "o", 4, 50, 0),
}


USED: dict[str, Room | None] = {"s": None, "f": FREE, "F": Room(8, 1000), "o": Room(8, 1)}
"""A success, or what was in use when a call failed."""


@pytest.mark.parametrize(("story", "calls", "messages", "rest"), STORIES.values(), ids=STORIES)
def test_an_account_moves_by_what_its_calls_show(
    story: str, calls: int, messages: int, rest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without jitter, each step by itself."""
    monkeypatch.setattr("random.uniform", lambda low, high: 1.0)
    account, now = Account(*KEY), NOW
    for word in story.replace(" ", "|").split("|"):
        if word.lstrip("-").isdigit():
            now += int(word) * 1000
            continue
        for letter in word:
            now += 1000
            used = USED[letter]
            account = account.after_failure(now, "HTTP 503", used) if used else account.after_success(now)
    assert account.allowed(now) == Room(calls, messages)
    assert (account.open_until - now if account.rests(now) else 0) == rest * 1000
    assert bool(account.reason) is (account.failures > 0)


@pytest.mark.parametrize(
    ("called", "opens"),
    [(NOW - 20_000, 1), (NOW, 1), (NOW + 6000, 2), (None, 2)],
    ids=["before it opened", "just then", "the trial", "nobody knows when"],
)
def test_only_a_call_made_since_is_the_trial(called: int | None, opens: int) -> None:
    """Long calls end one after another when the first rest is over: they show nothing new."""
    account = Account(*KEY)
    for _ in range(3):
        account = account.after_failure(NOW, "down")
    account = account.after_failure(NOW + 7000, "timed out", called=called)
    assert (account.opens, account.reason) == (opens, "timed out")


@pytest.mark.parametrize("lapsed", [False, True], ids=["failed", "interrupted"])
@pytest.mark.parametrize("behind_s", [60, 900, 7200])
def test_a_call_is_a_trial_though_the_failure_before_it_seems_to_come(behind_s: int, lapsed: bool) -> None:
    """The clock that wrote it was set back, or is ahead of this worker's: a person let the account go on."""
    account = Account(*KEY)
    for _ in range(3):
        account = account.after_failure(NOW, "down")
    now = NOW - behind_s * 1000
    account = replace(account, open_until=now)
    for opens in (2, 3):
        assert account.allowed(now) == Room(1, 1)
        account = account.after_failure(now + 1000, "down", called=now, lapsed=lapsed)
        assert (account.opens, account.allowed(now + 1000)) == (opens, Room(0, 0))
        now = account.open_until


def test_workers_that_vanish_count_though_the_failure_before_seems_to_come() -> None:
    """Once for each, as by one clock."""
    account = replace(Account(*KEY), failed=NOW + 60 * MINUTE)
    for now in (NOW, NOW + 1, NOW + MINUTE, NOW + MINUTE + 1, NOW + 2 * MINUTE):
        called = now - now % MINUTE - 10
        account = account.after_failure(now, "interrupted", called=called, lapsed=True)
    assert (account.failures, account.opens) == (3, 1)


# When each lapsed call began, by when the lapse before was noted, or a success between: failures, opens.
LAPSES: dict[str, tuple[list[int | str], int, int]] = {
    "a worker was killed in one call": ([-9], 1, 0),
    "in eight calls at a time": ([-9, -8, -7, -6, -5, -4, -3, -2], 1, 0),
    "two workers, one after the other": ([-9, 1], 2, 0),
    "three in a row": ([-9, 1, 1], 3, 1),
    "three in a row, of eight calls each": ([-9, -8, 1, -5, -4, 1, -5, -4], 3, 1),
    "a success between": ([-9, 1, "s", 1], 1, 0),
    "a success between the calls of one worker": ([-9, "s", -8, "s", -7, "s"], 0, 0),
}


@pytest.mark.parametrize(("calls", "failures", "opens"), LAPSES.values(), ids=LAPSES)
def test_calls_in_which_workers_vanish_count_once_for_each_death(
    calls: list[int | str], failures: int, opens: int
) -> None:
    """One restart of a worker lets no healthy account rest; what swallows worker after worker does."""
    account = replace(Account(*KEY), failed=NOW - 10)
    for step, begun in enumerate(calls):
        now = NOW + 1000 * step
        if isinstance(begun, str):
            account = account.after_success(now)
        else:
            called = account.failed + begun if step else NOW
            account = account.after_failure(now, "interrupted", called=called, lapsed=True)
    assert (account.failures, account.opens) == (failures, opens)


def test_an_hour_without_a_vendor_costs_at_most_two_hundred_messages() -> None:
    """Whatever the jitter: every call that is allowed is made at once, and fails."""
    for _ in range(50):
        account, now, lost = Account(*KEY), NOW, 0
        while now < NOW + 60 * MINUTE:
            room = account.allowed(now)
            lost += room.calls * room.messages
            account = account.after_failure(now, "down") if room.calls else account
            now = max(now + 1000, account.open_until)
        assert lost <= 200


def shown(ledger: Ledger, *why: str, now: int = NOW) -> list[tuple[Account, Account]]:
    """Write what calls showed. Returns the account before and after."""
    calls = [Shown(KEY, one) for one in why]
    return list(ledger.write(lambda connection: ledger.accounts.allow(connection, calls, [], now)).moved)


def room(ledger: Ledger, now: int = NOW, apart_ms: int = 0) -> Room:
    """Return what may be begun at the account."""
    allowed = ledger.write(lambda connection: ledger.accounts.allow(connection, [], [KEY], now, apart_ms))
    return allowed.room[KEY]


def test_all_workers_share_an_account(ledger: Ledger) -> None:
    """Calls of all workers count while they hold their lease, and an open breaker is everybody's."""
    assert room(ledger) == Room(1, 100)
    accept(ledger, send(phones(2), phones(2, 10)))
    ledger.coordination.beat("one", started=NOW, now=NOW)
    claim(ledger, "one", limit=1)
    assert room(ledger) == Room(0, 100)
    assert room(ledger, NOW + 31_000) == Room(1, 100)
    ledger.coordination.beat("one", started=NOW, now=NOW + 61_000)
    assert room(ledger, NOW + 61_000) == Room(1, 100)
    shown(ledger, "")
    assert room(ledger) == Room(1, 200)
    ((before, after),) = shown(ledger, *["HTTP 503 \0"] * 3)
    assert (before.opens, after.opens) == (0, 1)
    assert room(ledger) == Room(0, 0)
    (account,) = ledger.accounts.of(CHANNEL).values()
    assert (account.opens, account.reason) == (1, "HTTP 503 \ufffd")


# How far a worker's clock is behind the one that counts, how long it was silent by its own: calls left.
BEHIND = [(-60, 0, 0), (0, 30, 0), (31, 0, 0), (60, 0, 0), (60, 30, 0), (60, 31, 1), (0, 91, 1)]


@pytest.mark.parametrize(("behind_s", "silent_s", "left"), BEHIND)
def test_calls_of_a_worker_whose_clock_is_a_minute_off_count(
    ledger: Ledger, behind_s: int, silent_s: int, left: int
) -> None:
    """It is not silent, and neither is its lease over before it is so by its own clock."""
    accept(ledger, send(phones(2), phones(2, 10)))
    ledger.coordination.beat("one", started=NOW, now=NOW)
    claim(ledger, "one", limit=1)
    assert room(ledger, NOW + 1000 * (behind_s + silent_s), apart_ms=MINUTE) == Room(left, 100)


def test_an_account_that_runs_freely_is_hardly_written(ledger: Ledger) -> None:
    """Nothing is locked for it, and a success is noted every fifteen seconds."""
    shown(ledger, *[""] * 63)
    assert shown(ledger, "", now=NOW + 1000) == []
    accept(ledger, send(phones(2)))
    claim(ledger)
    assert room(ledger).calls == FREE_CALLS
    (free,) = ledger.accounts.of(CHANNEL).values()
    assert free.after_success(NOW + 14_000) is free
    assert free.after_success(NOW + 15_000).succeeded == NOW + 15_000


CUTS: dict[str, tuple[int, list[int]]] = {
    "larger": (2, [2, 2, 1]),
    "as large": (5, [5]),
    "smaller": (9, [5]),
    "one by one": (1, [1] * 5),
}


@pytest.mark.parametrize(("most", "sizes"), CUTS.values(), ids=CUTS)
def test_a_batch_is_cut_to_what_a_call_may_hold(ledger: Ledger, most: int, sizes: list[int]) -> None:
    """Before it is called; the rest waits as a batch of its own, and nobody is lost or named twice."""
    accept(ledger, send(phones(5)))
    called = []
    for _ in sizes:
        (batch,) = claim(ledger, limit=1, most=most)
        assert batch.count == len(batch.recipients.phones)
        called.append(batch)
    assert [batch.count for batch in called] == sizes
    assert claim(ledger) == []
    assert sorted(phone for batch in called for phone in batch.recipients.phones) == phones(5)
    values = {
        phone: batch.recipients.params_of(seq)
        for batch in called
        for seq, phone in enumerate(batch.recipients.phones)
    }
    assert values == {phone: {"name": f"n{phone}"} for phone in phones(5)}
    assert ledger.write(partial(_pending, ledger)) == 5


def _pending(ledger: Ledger, connection: Connection) -> int:
    return sum(ledger.gauges().values())
