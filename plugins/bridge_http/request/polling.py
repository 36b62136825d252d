"""Asking the vendor for reports, one page at a time.

Pulls at several vendors give a report once only. The bridge stores each page as it came before it is read,
and what it says before the next is asked for, and runs one poller in the whole installation; here a bad
report is left out, so that it cannot cost its page.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from bridge.plugin import OutcomeUnknown, PollWindow, ReceiptPage, ReplyPage, VendorRejected

from ..answer.errors import VendorAnswer
from ..faults import Unsendable
from ..language.paths import UnreadableAnswer, as_text
from ..language.values import Names, PendingValues
from .building import Built
from .naming import Namer
from .operations import CompiledPoll

_Row = TypeVar("_Row")


class Poller:
    """Runs the polls of a recipe."""

    def __init__(
        self,
        namer: Namer,
        exchange: Callable[[Built], VendorAnswer],
        token: Callable[[Names], Names],
    ) -> None:
        self._namer = namer
        self._exchange = exchange
        self._token = token

    def receipts(self, poll: CompiledPoll, window: PollWindow) -> ReceiptPage:
        """Return one page of receipts."""
        pages = self._pages(poll, window)
        rows = _read(poll.reports.receipts, pages)
        cursor, more = self._next(poll, pages, window, bool(rows))
        return ReceiptPage(rows, cursor, more)

    def replies(self, poll: CompiledPoll, window: PollWindow) -> ReplyPage:
        """Return one page of replies."""
        pages = self._pages(poll, window)
        rows = _read(poll.reports.replies, pages)
        cursor, more = self._next(poll, pages, window, bool(rows))
        return ReplyPage(rows, cursor, more)

    def _pages(self, poll: CompiledPoll, window: PollWindow) -> list[Any]:
        if window.page:
            return [poll.judge.document(VendorAnswer(200, {}, window.page))["body"]]
        names = self._token(self._namer.for_poll(window))
        if poll.poll.each is None:
            answer = self._exchange(self._built(poll, names))
            if 200 <= answer.status < 300:
                window.keep(answer.content)
            return [poll.judge.document(answer)["body"]]
        return self._each(poll, names, window)

    def _each(self, poll: CompiledPoll, names: Names, window: PollWindow) -> list[Any]:
        """Ask about every message that waits; one question about several is asked once."""
        asked: dict[tuple[str, bytes], Any] = {}
        for message in self._namer.pending(window):
            built = self._built(poll, {**names, "p": message})
            if (built.url, built.body) not in asked:
                asked[built.url, built.body] = self._asked(poll, built, message)
        return list(asked.values())

    def _asked(self, poll: CompiledPoll, built: Built, message: PendingValues) -> Any:
        """Return the answer about one message; a table tells by `asked` which, for vendors that do not."""
        body = poll.judge.document(self._exchange(built))["body"]
        asked = {"id": message.id, "ref": message.ref, "batch_ref": message.batch_ref}
        return {"asked": asked, **body} if isinstance(body, dict) else body

    def _built(self, poll: CompiledPoll, names: Names) -> Built:
        assert poll.plan is not None  # noqa: S101 - a recipe with faults is never run
        try:
            return poll.plan.build(names)
        except Unsendable as problem:
            raise VendorRejected(str(problem), code="UNSENDABLE_VALUE") from None

    @staticmethod
    def _next(poll: CompiledPoll, pages: list[Any], window: PollWindow, any_rows: bool) -> tuple[str, bool]:
        if poll.poll.each is not None or not pages:
            return window.cursor, False
        cursor = as_text(poll.cursor(pages[-1])) or window.cursor
        last = poll.until(pages[-1]) if poll.until is not None else False
        return cursor, any_rows and not last


def _read(read: Callable[[Any], list[_Row]], pages: list[Any]) -> list[_Row]:
    try:
        return [row for page in pages for row in read(page)]
    except UnreadableAnswer as problem:
        raise OutcomeUnknown(f"The page {problem}.", code="UNREADABLE_ANSWER") from None
