"""Asking the vendor for reports, one page at a time.

Pulls at several vendors give a record once only. The bridge stores each page as it came before it is read,
and what it says before the next is asked for, and runs one poller in the whole installation; here a bad
record is left out, so that it cannot cost its page.
"""

from collections.abc import Callable
from typing import Any

from bridge.plugin import PollWindow, ReceiptPage, ReplyPage, VendorRejected

from .answers import Answer
from .faults import Unsendable
from .naming import Namer
from .paths import as_text
from .recipe import CompiledPoll
from .requesting import Built
from .values import Names


class Poller:
    """Runs the polls of a recipe."""

    def __init__(
        self,
        namer: Namer,
        exchange: Callable[[Built], Answer],
        token: Callable[[Names], Names],
    ) -> None:
        self._namer = namer
        self._exchange = exchange
        self._token = token

    def receipts(self, poll: CompiledPoll, window: PollWindow) -> ReceiptPage:
        """One page of receipts."""
        pages = self._pages(poll, window)
        rows = [row for page in pages for row in poll.records.receipts(page)]
        cursor, more = self._next(poll, pages, window, bool(rows))
        return ReceiptPage(rows, cursor, more)

    def replies(self, poll: CompiledPoll, window: PollWindow) -> ReplyPage:
        """One page of replies."""
        pages = self._pages(poll, window)
        rows = [row for page in pages for row in poll.records.replies(page)]
        cursor, more = self._next(poll, pages, window, bool(rows))
        return ReplyPage(rows, cursor, more)

    def _pages(self, poll: CompiledPoll, window: PollWindow) -> list[Any]:
        if window.page:
            return [poll.judge.document(Answer(200, {}, window.page))["body"]]
        names = self._token(self._namer.for_poll(window))
        if poll.poll.each is None:
            answer = self._answer(poll, names)
            if 200 <= answer.status < 300:
                window.keep(answer.content)
            return [poll.judge.document(answer)["body"]]
        each = [self._answer(poll, {**names, "p": message}) for message in self._namer.pending(window)]
        return [poll.judge.document(answer)["body"] for answer in each]

    def _answer(self, poll: CompiledPoll, names: Names) -> Answer:
        assert poll.plan is not None  # noqa: S101 - a recipe with faults is never run
        try:
            built = poll.plan.build(names)
        except Unsendable as problem:
            raise VendorRejected(str(problem), code="UNSENDABLE_VALUE") from None
        return self._exchange(built)

    @staticmethod
    def _next(poll: CompiledPoll, pages: list[Any], window: PollWindow, any_rows: bool) -> tuple[str, bool]:
        if poll.poll.each is not None or not pages:
            return window.cursor, False
        cursor = as_text(poll.cursor(pages[-1])) or window.cursor
        last = poll.until(pages[-1]) if poll.until is not None else False
        return cursor, any_rows and not last
