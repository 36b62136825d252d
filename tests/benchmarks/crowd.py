"""A ledger that has worked for a month: campaigns, large and small, with all that is kept of them."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from zlib import crc32

from sqlalchemy import Connection, insert, text

from bridge.clock import DAY_MS, MINUTE_MS
from bridge.ledger import Act, Ledger, MessageRow, Recipients
from bridge.ledger.blobs import encode
from bridge.ledger.database import tables
from bridge.ledger.refs import new_id
from bridge.ledger.tally import COUNTED, GROUPED
from bridge.plugin import MessageStatus

from .databases import open_raw
from .stage import CHANNEL, SIGN

LARGE, NARROW = "the large one", "in twenties"
A_BATCH = 1_000
_A_SMALL_BATCH = 20
_A_CALLBACK = 500
_PEOPLE = 200_000
_DAYS = 30
_IDENTITY = "6f1ed002"
_FAILURES = ("MK:0001", "DB:0142", "MI:0024", "MK:0014", "SC:0016", "CA:0053", "NP:1243", "UNDELIV")
_WORDS = "The number does not exist or cannot be reached at this time, says the carrier."
_RARE = MessageStatus.REJECTED, "RARE", "Nobody but the last of a send is told this."
_TALLY = f"""
    INSERT INTO tally (send_id, slot, status, code, account, segments, bucket, rate, count, ms)
    SELECT c.send_id, 0, c.status, c.code, c.account, c.segments, c.bucket, c.rate, c.number, c.ms
    FROM ({COUNTED} {GROUPED}) AS c
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How much there is: a fifth of the messages are of one campaign, and a twenty-fifth of one whose only
    send went out in batches of 20; the others are of campaigns of 2,000.
    """

    messages: int
    beside: int
    """Rows of each other table: replies, suppressions, acts, callbacks that were given up."""


@dataclass(frozen=True, slots=True)
class _Send:
    id: int
    campaign: int
    out_id: str
    at: int
    batches: Sequence[int]
    size: int = A_BATCH
    """How many messages each batch has."""


def fill(ledger: Ledger, url: str, crowd: Crowd, code: str, now: int) -> None:
    """Write it all, as fast as the database takes it; `code` is the template's."""
    sends = list(_sends(crowd.messages, now))
    ledger.write(lambda connection: _write_sends(connection, sends, code))
    with closing(open_raw(url)) as raw:
        for send in sends:
            raw.insert_messages(_messages(send, now))
    ledger.write(lambda connection: connection.execute(text(_TALLY)))
    ledger.write(lambda connection: _write_waiting(connection, code, now))
    ledger.write(lambda connection: _write_beside(connection, crowd.beside, now))
    with closing(open_raw(url)) as raw:
        raw.execute("ANALYZE")


def number(index: int) -> str:
    """Return one of the people."""
    return f"138{index % _PEOPLE:08d}"


def _sends(messages: int, now: int) -> Iterator[_Send]:
    dice = random.Random(1)
    large, narrow, small = messages // 5, messages // 25, 2 * A_BATCH
    count = max(1, (messages - large - narrow) // small)
    begun = now - (_DAYS - 1) * DAY_MS
    for at in range(count):
        moment = begun + at * ((_DAYS - 1) * DAY_MS - MINUTE_MS) // count
        yield _send(new_id(moment), f"task-{at}-{dice.randrange(10**6)}", moment, small)
    whole, a_send = new_id(now - DAY_MS), max(A_BATCH, large // 10)
    for at in range(max(1, large // a_send)):
        yield _send(whole, LARGE, now - DAY_MS + at * MINUTE_MS, a_send)
    yield _send(new_id(now - DAY_MS), NARROW, now - DAY_MS, narrow, _A_SMALL_BATCH)


def _send(campaign: int, out_id: str, at: int, messages: int, size: int = A_BATCH) -> _Send:
    return _Send(new_id(at), campaign, out_id, at, [new_id(at) for _ in range(messages // size)], size)


def _write_sends(connection: Connection, sends: Sequence[_Send], code: str) -> None:
    named = {send.campaign: send for send in reversed(sends)}
    _put(connection, "campaign", [_campaign(one) for one in named.values()])
    _put(connection, "send", [_send_row(one, code) for one in sends])
    pairs = [(send, batch) for send in sends for batch in send.batches]
    _put(connection, "batch", [_batch_row(batch, send) for send, batch in pairs])
    _put(connection, "attempt", [_attempt_row(batch, send.at) for send, batch in pairs])
    for send in sends:
        _put(connection, "callback", list(_callback_rows(send)))


def _put(connection: Connection, table: str, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        connection.execute(insert(tables.metadata.tables[table]), rows)


def _campaign(send: _Send, state: int = 0) -> dict[str, object]:
    common = {"channel": CHANNEL, "kind": 0, "name": send.out_id, "pending": 0, "reason": ""}
    return {**common, "id": send.campaign, "state": state, "changed": send.at, "created": send.at}


def _send_row(send: _Send, code: str) -> dict[str, object]:
    template = {"kind": "text", "type": 2, "code": code, "name": "Spring", "content": "Dear ${name}"}
    return {
        "id": send.id,
        "channel": CHANNEL,
        "out_id": send.out_id,
        "sign_name": SIGN,
        "template_code": code,
        "template": json.dumps(
            {**template, "sign_name": SIGN, "vendor_code": "V1", "state": "", "remark": ""}
        ),
        "task": json.dumps({"relatedTaskId": send.out_id, "taskCreatorAccount": "anna"}),
        "count": len(send.batches) * send.size,
        "created": send.at,
        "campaign_id": send.campaign,
    }


def _batch_row(batch: int, send: _Send, **changed: object) -> dict[str, object]:
    row: dict[str, object] = {"id": batch, "send_id": send.id, "channel": CHANNEL, "state": tables.DONE}
    row |= {"count": send.size, "due": send.at, "called": send.at, "identity": _IDENTITY}
    row |= {"deadline": send.at + DAY_MS}
    return row | {"recipients": None} | changed


def _attempt_row(batch: int, at: int) -> dict[str, object]:
    row: dict[str, object] = {"batch_id": batch, "called": at, "account": "swift", "identity": _IDENTITY}
    return row | {"answered": at + 80, "outcome": "accepted", "others": "", "code": "", "words": ""}


def _callback_rows(send: _Send) -> Iterator[dict[str, object]]:
    for at, batch in enumerate(send.batches):
        for first in range(0, send.size, _A_CALLBACK):
            told = [number(_person(batch, seq)) for seq in range(first, min(first + _A_CALLBACK, send.size))]
            yield {
                "id": new_id(send.at + 5_000),
                "channel": CHANNEL,
                "kind": tables.RECEIPT,
                "out_id": send.out_id,
                "count": len(told),
                "created": send.at + 4_000,
                "taken": send.at + 5_000 + at,
                "attempts": 1,
                "answer": "code OK",
                "numbers": b"".join(crc32(one.encode()).to_bytes(4, "little") for one in told),
            }


def _person(batch: int, seq: int) -> int:
    return (batch + seq * 7_919) % _PEOPLE


_HASHES: list[int] = []


def _hash(index: int) -> int:
    """The lower bits of a number's key, as `bridge.ledger.refs.phone_key` makes them, each made once."""
    if not _HASHES:
        for person in range(_PEOPLE):
            digest = blake2b(f"{CHANNEL}\086{number(person)}".encode(), digest_size=5)
            _HASHES.append(int.from_bytes(digest.digest(), "big"))
    return _HASHES[index]


def _messages(send: _Send, now: int) -> Iterator[MessageRow]:
    """Nine of ten are delivered; the others failed in many ways, or on the last day have no receipt yet."""
    day, recent = send.at // DAY_MS << 40, now - send.at < DAY_MS
    for at, batch in enumerate(send.batches):
        for seq in range(send.size):
            person = _person(batch, seq)
            last = seq == send.size - 1 and batch == send.batches[-1]
            status, code, words = _RARE if last else _end(at * send.size + seq, recent=recent)
            ended = None if status is MessageStatus.ACCEPTED else send.at + 1_000 + 60 * seq
            key = day | _hash(person)
            vendor_id = f"v{batch}-{seq}"
            yield MessageRow(
                batch, seq, number(person), key, int(status), vendor_id, code, words, 1, send.at, ended
            )


def _end(seq: int, *, recent: bool) -> tuple[MessageStatus, str, str]:
    place = seq % 100
    if place < 90:
        return MessageStatus.DELIVERED, "DELIVRD", ""
    if place < 98:
        return MessageStatus.UNDELIVERABLE, _FAILURES[seq // 100 % len(_FAILURES)], _WORDS
    if place == 98 and recent:
        return MessageStatus.ACCEPTED, "", ""
    return MessageStatus.UNKNOWN, "NO_RECEIPT", "The vendor never reported."


def _write_waiting(connection: Connection, code: str, now: int) -> None:
    """Two campaigns that wait with a tenth of a batch's recipients for each of a hundred batches."""
    for name, state in (("under way", 0), ("held", 1)):
        send = _send(new_id(now), name, now, 100 * A_BATCH)
        _put(connection, "campaign", [_campaign(send, state)])
        _put(connection, "send", [_send_row(send, code)])
        waits: dict[str, object] = {"state": tables.READY, "called": None, "identity": ""}
        if state:
            waits |= {"due": now + DAY_MS, "hold": "campaign", "hold_words": "held: Wrong prices."}
        people = [number(index) for index in range(A_BATCH)]
        blob = encode(Recipients(people, [{"name": f"客户{index}"} for index in range(A_BATCH)]))
        rows = [_batch_row(one, send, **waits) | {"recipients": blob} for one in send.batches]
        _put(connection, "batch", rows)


def _write_beside(connection: Connection, count: int, now: int) -> None:
    moments = [now - DAY_MS + at * DAY_MS // count for at in range(count)]
    _put(connection, "reply", [_reply_row(at, moment) for at, moment in enumerate(moments)])
    listed = {"channel": CHANNEL, "sign_name": "", "source": "reply"}
    _put(
        connection,
        "suppression",
        [{**listed, "msisdn": f"86{number(at)}", "created": one} for at, one in enumerate(moments[:_PEOPLE])],
    )
    _put(connection, "audit", [_act_row(at, moment) for at, moment in enumerate(moments)])
    _put(connection, "push", [_dead_row(at, moment) for at, moment in enumerate(moments[: count // 10])])


def _reply_row(at: int, moment: int) -> dict[str, object]:
    row: dict[str, object] = {"id": new_id(moment), "channel": CHANNEL, "identity": f"reply-{at}"}
    row |= {"out_id": LARGE, "phone": number(at), "content": "谢谢，请问几点开始？" * 3}
    return row | {"received": moment, "created": moment}


def _act_row(at: int, moment: int) -> dict[str, object]:
    act = Act("console:anna", "campaign paused", moment, CHANNEL, f"task-{at}", "Wrong prices.")
    told = {"before": json.dumps({"state": "running"}), "after": json.dumps({"state": "paused"})}
    named = {"who": act.who, "what": act.what, "channel": act.channel, "subject": act.subject, "why": act.why}
    return {"id": new_id(moment), "at": moment, **named, **told}


def _dead_row(at: int, moment: int) -> dict[str, object]:
    row: dict[str, object] = {"id": new_id(moment), "channel": CHANNEL, "kind": tables.RECEIPT, "dead": 1}
    row |= {"out_id": f"task-{at}", "count": 500, "entries": b"", "due": moment, "attempt": 9}
    return row | {"error": "code 500: try again later", "created": moment}
