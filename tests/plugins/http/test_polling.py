"""Polls: one page per call, nothing lost, nothing taken for empty."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import (
    BridgeError,
    CredentialsRejected,
    OutcomeUnknown,
    PendingMessage,
    PollWindow,
    from_vendor,
)
from bridge_http.vendor import HttpVendor

from .making import HEAD, NOW, SEND, Script, answer, vendor_for


def vendor_with(tmp_path: Path, tables: str, *answers: Any) -> HttpVendor:
    """Return the vendor of a recipe with these tables."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND + tables, encoding="utf-8")
    return vendor_for(path, Script(*answers))


POLL = """
[poll.receipt]
accepted = [{ path = "body.ok", in = ["true"] }]
code = "body.code"
cursor = "next"
until = { path = "last", in = ["true"] }
[poll.receipt.request]
path = "/pull"
json = { after = "{{ cursor }}", from = "=since" }
[poll.receipt.items]
path = "list"
id = "id"
status = "state"
[poll.receipt.status]
ok = "delivered"
"""


def window(cursor: str = "", *pending: PendingMessage) -> PollWindow:
    """Return an hour before now."""
    moment = datetime.fromtimestamp(NOW, UTC)
    return PollWindow(datetime.fromtimestamp(NOW - 3600, UTC), moment, cursor, pending)


# (page, cursor, more)
PAGES = [
    ({"ok": True, "list": [{"id": 1, "state": "ok"}], "next": "c2"}, "c2", True),
    ({"ok": True, "list": [{"id": 1, "state": "ok"}], "next": "c2", "last": True}, "c2", False),
    ({"ok": True, "list": [], "next": "c2"}, "c2", False),
    ({"ok": True, "list": [{"id": 1, "state": "ok"}]}, "c1", True),
    ({"ok": True}, "c1", False),
]


@pytest.mark.parametrize(("page", "cursor", "more"), PAGES)
def test_a_page_says_whether_there_is_another(tmp_path: Path, page: Any, cursor: str, more: bool) -> None:
    """One page per call: the bridge stores it before it asks for the next."""
    vendor = vendor_with(tmp_path, POLL, answer(json.dumps(page)))
    got = vendor.poll_receipts(vendor.channel, window("c1"))
    assert (got.cursor, got.more, len(got.receipts)) == (cursor, more, len(page.get("list", [])))
    assert json.loads(vendor._call.built[0].body) == {"after": "c1", "from": NOW - 3600}  # type: ignore[attr-defined]


# (answer, error)
POLL_ERRORS = [
    (answer("", 401), CredentialsRejected),
    (answer("<html>"), OutcomeUnknown),
    (OutcomeUnknown("lost"), OutcomeUnknown),
]


@pytest.mark.parametrize(("given", "error"), POLL_ERRORS)
def test_a_failed_page_is_an_error(tmp_path: Path, given: Any, error: type[Exception]) -> None:
    """It is asked for again later; nothing is taken for an empty page."""
    vendor = vendor_with(tmp_path, POLL, given)
    with pytest.raises(error):
        vendor.poll_receipts(vendor.channel, window())


# (answer, is it kept before it is read)
KEPT = [
    (answer('{"ok": true, "list": [{"id": 1, "state": "ok"}]}'), True),
    (answer('{"ok": false, "code": 7}'), True),
    (answer("<html>"), True),
    (answer("<html>", 502), False),
    (answer("", 401), False),
]


@pytest.mark.parametrize(("given", "kept"), KEPT)
def test_a_page_is_kept_before_it_is_read(tmp_path: Path, given: Any, kept: bool) -> None:
    """What a vendor gives once only is handed over as it came; an error of HTTP holds no reports."""
    pages: list[bytes] = []
    vendor = vendor_with(tmp_path, POLL, given)
    with suppress(BridgeError):
        vendor.poll_receipts(vendor.channel, replace(window(), keep=pages.append))
    assert pages == ([given.content] if kept else [])


def test_a_kept_page_is_read_without_asking(tmp_path: Path) -> None:
    """The vendor would not give it again."""
    vendor = vendor_with(tmp_path, POLL)
    page = b'{"ok": true, "list": [{"id": 1, "state": "ok"}], "next": "c2"}'
    got = vendor.poll_receipts(vendor.channel, replace(window("c1"), page=page))
    assert [receipt.vendor_id for receipt in got.receipts] == ["1"]
    assert vendor._call.built == []  # type: ignore[attr-defined]


EACH = """
[poll.receipt]
each = "pending"
[poll.receipt.request]
method = "GET"
path = "/messages/{{ p.id }}"
[poll.receipt.items]
id = "id"
status = "state"
[poll.receipt.status]
ok = "delivered"
"""


def test_a_vendor_may_be_asked_message_by_message(tmp_path: Path) -> None:
    """One request for every message that waits, and no further page."""
    moment = datetime.fromtimestamp(NOW, UTC)
    waiting = [PendingMessage(f"m{i}", "b1", f"id/{i}", from_vendor("13800138000"), moment) for i in (1, 2)]
    pages = [answer(json.dumps({"id": f"id/{i}", "state": "ok"})) for i in (1, 2)]
    vendor = vendor_with(tmp_path, EACH, *pages)
    got = vendor.poll_receipts(vendor.channel, window("", *waiting))
    assert [receipt.vendor_id for receipt in got.receipts] == ["id/1", "id/2"]
    assert not got.more
    script = vendor._call
    assert [built.url[-14:] for built in script.built] == ["essages/id%2F1", "essages/id%2F2"]  # type: ignore[attr-defined]
