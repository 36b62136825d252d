"""Pages of a campaign's recipients: turned on and back, every recipient stands on one page and no other."""

from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import Connection, event, insert

from bridge.ledger import Ledger, MessageRow, Recipients
from bridge.ledger.blobs import encode
from bridge.ledger.campaigns import turning
from bridge.ledger.campaigns.recipients import Filter, Recipient
from bridge.ledger.campaigns.turning import RecipientPage, Spot, Turn, spot_of
from bridge.ledger.database import tables
from bridge.plugin import MessageStatus

from .making import CHANNEL, NOW

# The batches of each send: how many recipients, and if they wait. Ids are not in order over the sends, as
# where something is sent again.
SENDS = {1: [(20, False)] * 4 + [(7, True)], 2: [(1, False)] * 30, 3: [(150, True), (40, False)], 4: []}
FILTERS = [
    Filter(),
    Filter(ended=False),
    Filter([MessageStatus.DELIVERED], waiting=False),
    Filter([MessageStatus.REJECTED], waiting=False),
    Filter([MessageStatus.REJECTED]),
    Filter(codes=["BAD"]),
    Filter(codes=["NONE"]),
    Filter(waiting=False, since=NOW, until=NOW + 5),
    Filter(waiting=False, until=NOW - 1),
]


def _fill(ledger: Ledger) -> None:
    """Write a campaign; every seventh message failed."""
    rows: dict[str, list[dict[str, object]]] = {"send": [], "batch": [], "message": [], "tally": []}
    for send, batches in SENDS.items():
        size = sum(count for count, _ in batches)
        rows["send"].append(_row("send", id=send, campaign_id=9, count=size, created=NOW, out_id=f"o{send}"))
        rows["tally"] += [
            _row("tally", send_id=send, status=int(status), code=code, count=1)
            for status, code in ((MessageStatus.DELIVERED, "OK"), (MessageStatus.REJECTED, "BAD"))
        ]
        for at, (count, waits) in enumerate(batches):
            batch = 1000 * (5 - send) + at
            blob = encode(Recipients([f"138{seq:08d}" for seq in range(count)], [{}])) if waits else None
            state = tables.READY if waits else tables.DONE
            rows["batch"].append(
                _row("batch", id=batch, send_id=send, count=count, state=state, recipients=blob)
            )
            rows["message"] += [_message(batch, seq)._asdict() for seq in range(0 if waits else count)]
    for table, some in rows.items():
        ledger.write(partial(_insert, table=table, rows=some))


def _insert(connection: Connection, table: str, rows: list[dict[str, object]]) -> None:
    connection.execute(insert(tables.metadata.tables[table]), rows)


def _message(batch: int, seq: int) -> MessageRow:
    failed = (batch + seq) % 7 == 0
    status, code = (MessageStatus.REJECTED, "BAD") if failed else (MessageStatus.DELIVERED, "OK")
    return MessageRow(batch, seq, "13800000000", 1, int(status), "", code, "", 1, NOW + seq, NOW)


def _row(table: str, **values: object) -> dict[str, object]:
    """Return a row in which what is not named is empty."""
    columns = tables.metadata.tables[table].columns
    empty = {
        one.name: "" if one.type.python_type is str else 0
        for one in columns
        if not one.nullable and one.server_default is None
    }
    return empty | ({"channel": CHANNEL} if "channel" in columns else {}) | values


def _all(ledger: Ledger, wanted: Filter) -> list[Recipient]:
    return [one for page in ledger.recipients.pages(9, wanted) for one in page]


def _on(ledger: Ledger, wanted: Filter, limit: int) -> list[RecipientPage]:
    """Return all pages from the first on."""
    found = [ledger.recipient_pages.page(9, wanted, Turn(), limit)]
    while (turn := found[-1].after) is not None:
        found.append(ledger.recipient_pages.page(9, wanted, turn, limit))
        assert len(found) < 400
    return found


def _joined(pages: Sequence[RecipientPage]) -> list[Recipient]:
    return [one for page in pages for one in page.recipients]


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Return a ledger with the campaign."""
    _fill(ledger)
    return ledger


@pytest.mark.parametrize("bound", [50_000, 10])
def test_pages_lead_on_and_back(filled: Ledger, monkeypatch: pytest.MonkeyPatch, bound: int) -> None:
    """Together they are what an export holds, in its order, also when little is looked through for each."""
    monkeypatch.setattr(turning, "_LOOKED_THROUGH", bound)
    monkeypatch.setattr(turning, "_FIRST_AT_ONCE", 5)
    for wanted in FILTERS:
        whole = _all(filled, wanted)
        for limit in (3, 50):
            pages = _on(filled, wanted, limit)
            assert _joined(pages) == whole, wanted
            assert all(len(page.recipients) == limit or page.cut for page in pages[:-1]), wanted
            back = [pages[-1]]
            while (turn := back[-1].before) is not None:
                back.append(filled.recipient_pages.page(9, wanted, turn, limit))
                assert len(back) < 400
            seen = _joined(back[::-1])
            assert [one for at, one in enumerate(seen) if one not in seen[:at]] == whole, wanted
            assert back[-1].recipients == pages[0].recipients, wanted


def test_a_page_reads_little(filled: Ledger) -> None:
    """Not what is before it: as many statements for the last page as for the first."""
    said: list[str] = []
    event.listen(filled.database.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    for turn in (Turn(), Turn(Spot(3, 2000, 140))):
        said.clear()
        assert len(filled.recipient_pages.page(9, Filter(), turn, 3).recipients) == 3
        assert len([one for one in said if one.lstrip().startswith("SELECT")]) <= 5


@pytest.mark.parametrize("text", ["", "1", "1-2", "1-2-x", "1-2-", "A-2-3", "1-2-99999999999", "-2-3"])
def test_what_is_no_spot(text: str) -> None:
    """Nothing that somebody wrote into an address is one by chance."""
    assert spot_of(text) is None
    assert spot_of(str(Spot(77, 1 << 62, 5))) == Spot(77, 1 << 62, 5)
