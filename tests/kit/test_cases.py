"""A row, and a table's words about the campaign, that cannot be: told in a sentence, where it is written."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.plugin import MoMessage, from_vendor
from bridge.testing import Exchange, Query, Send, Webhook, request
from bridge.testing.play.campaign import counted

EXCHANGE: Any = Exchange("POST", "/send")
REPLY: Any = MoMessage(from_vendor("8613800138000"), "Hours?")
WRONG: list[tuple[str, Callable[[], object], str]] = [
    ("one exchange", lambda: Send("x", EXCHANGE), "the row 'x': `exchanges` must be a list of Exchange"),
    ("a list in a list", lambda: Send("x", [[EXCHANGE]]), "`exchanges` must be a list of Exchange"),  # type: ignore[list-item]
    ("no list at all", lambda: Send("x", 1), "`exchanges` must be a list of Exchange"),  # type: ignore[arg-type]
    ("one reply", lambda: Webhook("y", request(), replies=REPLY), "the row 'y': `replies` must be a list of"),
    ("a slip", lambda: Query("z", "check_chanel"), "'check_chanel'. Did you mean check_channel?"),
]


@pytest.mark.parametrize(("make", "says"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_a_row_that_cannot_be_is_told(make: Callable[[], object], says: str) -> None:
    """When it is made, so that the traceback ends at the author's line."""
    with pytest.raises((TypeError, ValueError)) as raised:
        make()
    assert says in str(raised.value)


@pytest.mark.parametrize("text", ["+8613800000001", "8613800000001", "13800000001"])
def test_taken_numbers_are_read_however_the_vendor_writes_them(text: str) -> None:
    """With or without plus and country code."""
    counts, strange = counted([text, text], ["13800000001"])
    assert (counts["13800000001"], strange) == (2, [])


def test_numbers_nobody_sent_to_are_told() -> None:
    """An author who tells ids instead of numbers is told so, not that messages were lost."""
    _, strange = counted(["v1", "13900000009", "13800000001"], ["13800000001"])
    assert strange == [
        "2 of 3 numbers that were told as taken are none of the campaign's: "
        "tell the number of each message, as it stands in the request"
    ]
