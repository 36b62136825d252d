"""Schema, retention, files, suppression and replayed signatures."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from bridge.ledger import (
    FIRST_ROWS,
    Busy,
    Differs,
    Ended,
    Fresh,
    Ledger,
    LedgerUnavailable,
    NewFile,
    Progress,
    Recipients,
    Stored,
    TimeSpan,
    open_ledger,
)
from bridge.ledger.database.tables import metadata
from bridge.ledger.refs import _Sequence, from_message_ref, from_ref, message_ref, new_id, to_ref
from bridge.ledger.reports.outbox import enqueue_receipts
from bridge.ledger.scope import Holder, Scope
from bridge.plugin import DeliveryReceipt, MessageStatus

from .making import CHANNEL, DAY, NOW, accept, claim, phones, recorded, send, statuses, terms


def test_migrations_make_the_schema_of_the_models(ledger: Ledger) -> None:
    """Nothing is missing and nothing is left over."""
    with ledger.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "Connection refused. Start the server"),
        ("mysql://x@y/z", "not supported"),
        ("sqlite://", "must be a file"),
    ],
)
def test_a_database_that_cannot_be_used_is_named(url: str, says: str) -> None:
    """Without a trace of the driver's own text."""
    with pytest.raises(LedgerUnavailable, match=says):
        opened = open_ledger(url)
        try:
            opened.check()
        finally:
            opened.close()


def test_personal_data_goes_after_its_time_and_open_work_stays(ledger: Ledger) -> None:
    """Messages, numbers and sends that are old and finished are deleted; the rest is untouched."""
    ended = recorded(ledger, phones(3), out_id="old", digest=b"old")
    awaited = recorded(ledger, phones(3), out_id="awaited", digest=b"awaited")
    for batch, count in ((ended, 3), (awaited, 2)):
        receipts = [
            DeliveryReceipt(MessageStatus.DELIVERED, message_ref=message_ref(batch.id, seq))
            for seq in range(count)
        ]
        ledger.receipts.apply(CHANNEL, receipts, pushes=False, now=NOW)
    open_send = send(phones(2), out_id="open", digest=b"open")
    ledger.sends.accept(open_send, terms())
    assert ledger.retention.purge(NOW - 1, channels=[CHANNEL]) == 0
    assert ledger.retention.purge(NOW + DAY, channels=[CHANNEL]) == 1
    with ledger.database.read() as connection:
        left = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("message", "batch", "send", "answer")
        }
    assert left == {"message": 3, "batch": 2, "send": 2, "answer": 3}
    assert statuses(ledger, "awaited") == dict.fromkeys(phones(2), "DELIVERED")
    ledger.retention.forget_answers(NOW + 1)
    assert not ledger.sends.accept(open_send, terms()).replayed


def test_work_of_a_channel_that_is_gone_goes_after_its_time(ledger: Ledger) -> None:
    """Nobody will do it any more, and it holds numbers: whatever its state."""
    for name in (CHANNEL, "gone"):
        ledger.sends.accept(send(phones(2), channel=name, digest=name.encode()), terms())
    assert ledger.retention.purge(NOW - 1, channels=[CHANNEL]) == 0
    assert ledger.retention.purge(NOW + DAY, channels=[CHANNEL]) == 1
    assert ledger.gauges() == {(CHANNEL, "ready"): 2}


def test_a_file_is_left_to_who_knows_its_channel(ledger: Ledger) -> None:
    """A worker whose configuration is older than the web's does not touch it; its time ends it."""
    ledger.sends.accept(send(), terms(), NewFile("https://host/list.txt"))
    assert ledger.files.claim("other", Holder("a", 1000), now=NOW) is None
    for channels, left in (([CHANNEL], 1), (["other"], 0)):
        ledger.retention.purge(NOW + DAY, channels=channels)
        with ledger.database.read() as connection:
            for table in ("file", "send"):
                assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == left


def test_what_quick_audience_never_took_goes_after_its_time(ledger: Ledger) -> None:
    """Pushes hold numbers too, dead letters and those of channels without a callback above all."""
    ended = [Ended(phone, 30, NOW, NOW, "", "") for phone in phones(3)]
    ledger.write(lambda c: enqueue_receipts(c, Scope("gone", NOW), {"task-1": ended}))
    assert ledger.retention.purge_pushes(NOW) == 0
    assert ledger.retention.purge_pushes(NOW + 1) == 3
    assert ledger.outbox.waiting("gone") == (0, None)


def test_details_show_what_ended_in_the_span_page_by_page(ledger: Ledger) -> None:
    """In order, each once, with the total of all pages."""
    from .making import conclude, rows

    accept(ledger, send(phones(5)))
    (batch,) = claim(ledger)
    conclude(ledger, batch, rows(batch, MessageStatus.REJECTED))
    seen: list[str] = []
    for page in range(3):
        details, total = ledger.history.details(
            CHANNEL, "task-1", TimeSpan(NOW, NOW), limit=2, offset=2 * page
        )
        assert total == 5
        seen += [detail.phone for detail in details]
    assert seen == phones(5)
    for span in (TimeSpan(NOW + 1, NOW + DAY), TimeSpan(NOW - DAY, NOW - 1)):
        assert ledger.history.details(CHANNEL, "task-1", span, limit=9, offset=0) == ([], 0)
    assert statuses(ledger, "other") == {}


def test_a_file_is_read_by_one_and_goes_on_where_it_stopped(ledger: Ledger) -> None:
    """Batches and position are stored together, and only by whoever holds the file."""
    ledger.sends.accept(send(), terms(), NewFile("https://host/list.txt", 10))
    job = ledger.files.claim(CHANNEL, Holder("a", 1000), now=NOW)
    assert job is not None and (job.position, job.recipients_limit) == (0, 10)
    assert ledger.files.claim(CHANNEL, Holder("b", 1000), now=NOW) is None
    progress = Progress("tag", 100, 3, 3)
    assert ledger.files.advance(
        job, progress, [Recipients(phones(3))], now=NOW, lease_ms=1000, deadline=NOW + DAY
    )
    taken_over = ledger.files.claim(CHANNEL, Holder("b", 1000), now=NOW + 1001)
    assert taken_over is not None and (taken_over.position, taken_over.etag, taken_over.taken) == (
        100,
        "tag",
        3,
    )
    assert not ledger.files.advance(
        job, progress, [Recipients(phones(3))], now=NOW, lease_ms=1000, deadline=NOW
    )
    done = Progress("tag", 200, 5, 5, finished=True)
    assert ledger.files.advance(taken_over, done, [], now=NOW, lease_ms=1000, deadline=NOW)
    assert ledger.files.claim(CHANNEL, Holder("c", 1000), now=NOW + DAY) is None
    assert [batch.count for batch in claim(ledger)] == [3]


def test_suppression_is_by_signature_or_for_all(ledger: Ledger) -> None:
    """An entry without a signature counts under each; removing one leaves the others."""
    ledger.suppressions.add(Scope(CHANNEL, NOW), "Acme", ["861"], "test")
    ledger.suppressions.add(Scope(CHANNEL, NOW), "", ["862", "862"], "test")
    ledger.suppressions.add(Scope("other", NOW), "", ["863"], "test")

    def among(sign_name: str) -> set[str]:
        return ledger.suppressions.among(CHANNEL, sign_name, ["861", "862", "863"])

    assert (among("Acme"), among("Beta")) == ({"861", "862"}, {"862"})
    assert ledger.suppressions.remove(CHANNEL, "Acme", ["861", "862"]) == 1
    assert ledger.suppressions.remove(CHANNEL, None, ["862"]) == 1
    assert ledger.suppressions.list(CHANNEL, FIRST_ROWS) == []


def test_a_signature_serves_one_request(ledger: Ledger) -> None:
    """The same request gets the stored answer, another one is told apart, and time clears the slate."""
    signatures = ledger.signatures
    assert signatures.claim("s", b"request", NOW) == Fresh()
    assert signatures.claim("s", b"request", NOW) == Busy(), "its answer is not known yet"
    signatures.store("s", 200, b"{}", "application/json")
    assert signatures.claim("s", b"request", NOW) == Stored(200, b"{}", "application/json")
    assert signatures.claim("s", b"another", NOW) == Differs()
    assert signatures.claim("t", b"another", NOW) == Fresh()
    assert signatures.forget(NOW + 1) == 2


@pytest.mark.parametrize(
    ("released", "later"), [(True, 0), (False, 60_000)], ids=["the bridge failed", "died"]
)
def test_a_request_without_an_answer_is_served_again_by_one(
    ledger: Ledger, released: bool, later: int
) -> None:
    """When its server said that it failed, or was not heard of for a minute; never for another request."""
    signatures = ledger.signatures
    signatures.claim("s", b"request", NOW)
    if released:
        signatures.release("s")
    else:
        assert signatures.claim("s", b"request", NOW + later - 1) == Busy()
    now = NOW + later
    assert signatures.claim("s", b"another", now) == Differs()
    assert [signatures.claim("s", b"request", now) for _ in range(2)] == [Fresh(), Busy()]


@pytest.mark.parametrize("text_", ["", "A", "é", "1-2", "0" * 14, "zzzzzzzzzzzzz", "SM123456", "a b"])
def test_only_our_references_are_read(text_: str) -> None:
    """A vendor may echo anything; what is not ours is no reference."""
    assert from_ref(text_) is None
    assert from_message_ref(text_ + "-1") is None
    assert from_message_ref("abc-" + text_) is None or text_.isdigit()


def test_references_are_short_and_come_back() -> None:
    """Fourteen characters at most for a batch, twenty for a message, as the plugin API promises."""
    number = new_id(NOW)
    assert from_ref(to_ref(number)) == number
    assert len(to_ref(number)) <= 14
    assert from_message_ref(f"{to_ref(number)}-999") == (number, 999)


def test_ids_do_not_repeat_within_a_millisecond() -> None:
    """A request of ten thousand batches takes ten thousand ids at one moment, in growing order."""
    of_process = _Sequence()
    ids = [of_process.take(NOW) for _ in range(20_000)]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert from_ref(to_ref(ids[-1])) == ids[-1]


def test_ids_do_not_repeat_when_threads_name_different_moments() -> None:
    """One thread's now is another's past, and what is put off until morning is put off by all."""
    of_process = _Sequence()
    ids = [of_process.take(NOW + index % 3) for index in range(20_000)]
    assert len(set(ids)) == len(ids)
    assert of_process.take(NOW - DAY) < ids[0], "a clock that was set back is believed"


def test_an_id_that_another_process_drew_too_is_drawn_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight bits tell processes apart: now and then two have the same."""
    from bridge.ledger.sending import sends

    first = accept(ledger, send(phones(1), digest=b"1"))
    with ledger.database.read() as connection:
        taken = connection.execute(text("SELECT id FROM batch")).scalar_one()
    drawn = iter([first + 1, taken])
    monkeypatch.setattr(sends, "new_id", lambda now: next(drawn, None) or new_id(now))
    accept(ledger, send(phones(1), digest=b"2"))
    assert sum(batch.count for batch in claim(ledger)) == 2
