"""Quick Audience's end of the callbacks over real connections: answers, records, faults and files."""

import json

import pytest
import requests

from bridge.simulator import CallbackServer, FaultMode, Rules

from .pushing import KEY, REPLIES, push, receipt, receipts_body, replies_body, reply, signed


def test_receipts_and_replies_are_answered_and_recorded(
    callbacks: CallbackServer, session: requests.Session
) -> None:
    answer = push(session, callbacks.url, receipts_body(receipt("15400000001"), receipt("15400000002")))
    assert (answer.status_code, answer.json()) == (200, {"code": "200", "message": "OK"})
    assert push(session, callbacks.url, replies_body(reply()), path=REPLIES).ok
    assert set(callbacks.inbox.receipts["task-1"]) == {"15400000001", "15400000002"}
    assert [entry.content for entry in callbacks.inbox.replies] == ["好的"]
    assert callbacks.inbox.pushes == 2


def test_repeats_are_told_from_contradictions(callbacks: CallbackServer, session: requests.Session) -> None:
    failed = receipt(sendStatus="1", errCode="MK:0001", message="No such number.")
    for entry in (receipt(), receipt(), failed):
        push(session, callbacks.url, receipts_body(entry))
    for _ in range(2):
        push(session, callbacks.url, replies_body(reply()), path=REPLIES)
    inbox = callbacks.inbox
    assert (inbox.receipt_repeats, len(inbox.contradictions)) == (1, 1)
    assert inbox.receipts["task-1"]["15400000001"].delivered, "the first receipt stands"
    assert (len(inbox.replies), inbox.reply_repeats) == (1, 1)


@pytest.mark.parametrize(
    ("path", "body", "key", "status"),
    [
        ("/restapi/marketing2/third/sms/callback/send/detail", receipts_body(receipt()), KEY, 404),
        (REPLIES, receipts_body(receipt()), KEY, 400),
        (REPLIES, replies_body(reply()), "another key", 401),
    ],
)
def test_a_refusal_is_answered_and_recorded(
    callbacks: CallbackServer, session: requests.Session, path: str, body: bytes, key: str, status: int
) -> None:
    answer = push(session, callbacks.url, body, path=path, key=key)
    assert (answer.status_code, answer.json()["code"]) == (status, str(status))
    assert [refusal.status for refusal in callbacks.inbox.refusals] == [status]
    assert not callbacks.inbox.receipts
    assert not callbacks.inbox.replies


def test_a_signature_works_once(callbacks: CallbackServer, session: requests.Session) -> None:
    proof = signed()
    statuses = [
        push(session, callbacks.url, receipts_body(receipt()), proof=proof).status_code for _ in range(2)
    ]
    assert statuses == [200, 403]


def test_failing_authentication_again_and_again_blocks_the_address(session: requests.Session) -> None:
    with CallbackServer(Rules(KEY), block_after=2) as server:
        keys = ["wrong", KEY, "wrong", "wrong", KEY]
        statuses = [push(session, server.url, receipts_body(receipt()), key=key).status_code for key in keys]
        assert statuses == [401, 200, 401, 401, 403]
        server.unblock()
        assert push(session, server.url, receipts_body(receipt())).ok


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize(
    ("mode", "status", "start"),
    [
        (FaultMode.ERROR_500, 500, '{"code":"500"'),
        (FaultMode.UNAUTHORIZED, 401, '{"code":"401"'),
        (FaultMode.BODY_401, 200, '{"code":"401"'),
        (FaultMode.HTML, 200, "<html>"),
        (FaultMode.RESET, None, ""),
        (FaultMode.TIMEOUT, None, ""),
    ],
)
def test_faults(
    callbacks: CallbackServer,
    session: requests.Session,
    mode: FaultMode,
    status: int | None,
    start: str,
    taken: bool,
) -> None:
    callbacks.faults.set(mode, count=1, taken=taken)
    if status is None:
        error = requests.ReadTimeout if mode is FaultMode.TIMEOUT else requests.ConnectionError
        with pytest.raises(error):
            push(session, callbacks.url, receipts_body(receipt()), timeout=0.3)
    else:
        answer = push(session, callbacks.url, receipts_body(receipt()))
        assert (answer.status_code, answer.text[: len(start)]) == (status, start)
    assert callbacks.inbox.received("task-1") == int(taken)
    assert callbacks.inbox.faulted == 1
    assert push(session, callbacks.url, receipts_body(receipt())).ok, "one fault, then all is well"


def test_faults_come_by_share_and_end(callbacks: CallbackServer, session: requests.Session) -> None:
    callbacks.faults.set(FaultMode.ERROR_500, FaultMode.HTML, share=0.5, taken=None)
    answers = [push(session, callbacks.url, receipts_body(receipt())) for _ in range(60)]
    kinds = {(answer.status_code, answer.headers["content-type"]) for answer in answers}
    assert kinds == {(200, "application/json"), (500, "application/json"), (200, "text/html")}
    assert 15 < callbacks.inbox.faulted < 45
    callbacks.faults.clear()
    assert all(push(session, callbacks.url, receipts_body(receipt())).ok for _ in range(10))


def test_the_inspector_shows_counts_and_masks_numbers(
    callbacks: CallbackServer, session: requests.Session
) -> None:
    push(session, callbacks.url, receipts_body(receipt("15400001234")))
    push(session, callbacks.url, replies_body(reply("15400001234")), path=REPLIES)
    page = session.get(f"{callbacks.url}/inspector")
    assert "15400001234" not in page.text
    shown = json.loads(page.text)
    assert (shown["receipts"], shown["replies"]) == ({"task-1": 1}, 1)
    assert shown["last_replies"] == [{"outId": "task-1", "phoneNum": "154******34", "content": "好的"}]


CONTENT = b"0123456789"


@pytest.mark.parametrize(
    ("headers", "status", "body", "content_range"),
    [
        ({}, 200, CONTENT, None),
        ({"Range": "bytes=4-"}, 206, b"456789", "bytes 4-9/10"),
        ({"Range": "bytes=4-5"}, 206, b"45", "bytes 4-5/10"),
        ({"Range": "bytes=8-99"}, 206, b"89", "bytes 8-9/10"),
        ({"Range": "bytes=-3"}, 206, b"789", "bytes 7-9/10"),
        ({"Range": "bytes=10-"}, 416, b"", "bytes */10"),
        ({"Range": "bytes=4-", "If-Range": '"stale"'}, 200, CONTENT, None),
        ({"Range": "lines=4-"}, 200, CONTENT, None),
    ],
)
def test_files_are_served_in_ranges(
    callbacks: CallbackServer,
    session: requests.Session,
    headers: dict[str, str],
    status: int,
    body: bytes,
    content_range: str | None,
) -> None:
    callbacks.shelf.put("people.txt", CONTENT)
    answer = session.get(callbacks.file_url("people.txt"), headers=headers)
    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers.get("content-range") == content_range


def test_a_file_is_known_by_its_etag(callbacks: CallbackServer, session: requests.Session) -> None:
    callbacks.shelf.put("people.txt", CONTENT)
    url = callbacks.file_url("people.txt")
    etag = session.get(url).headers["etag"]
    assert session.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert session.get(url, headers={"Range": "bytes=4-", "If-Range": etag}).status_code == 206
    callbacks.shelf.put("people.txt", b"other")
    assert session.get(url, headers={"If-None-Match": etag}).content == b"other"
    assert callbacks.shelf.downloads["people.txt"] == 4
    assert session.get(callbacks.file_url("nobody.txt")).status_code == 404


def test_a_download_can_be_cut_and_resumed(callbacks: CallbackServer, session: requests.Session) -> None:
    callbacks.shelf.put("people.txt", CONTENT)
    callbacks.shelf.cut("people.txt", 6)
    url = callbacks.file_url("people.txt")
    got = b""
    with session.get(url, stream=True) as answer, pytest.raises(requests.exceptions.ChunkedEncodingError):
        for piece in answer.iter_content(1):
            got += piece
    assert got == CONTENT[:6]
    assert got + session.get(url, headers={"Range": "bytes=6-"}).content == CONTENT
