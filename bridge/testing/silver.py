"""Silver: receipts and replies come back, forgeries do not, and threads may share a channel."""

import threading

import pytest

from bridge.plugin import MessageStatus, WebhookRejected

from .cases import Poll, Query, Send, Webhook
from .forging import forgeries
from .guards import watching
from .ladder import rule
from .play import Played, play
from .vendor_table import VendorTable, told


class Silver(VendorTable):
    """The rules of the middle rung."""

    @rule("silver")
    def test_receipts_arrive(self) -> None:
        """A row shows a delivery receipt, pushed or polled."""
        self._arrive("receipts")

    @rule("silver")
    def test_replies_arrive(self) -> None:
        """A row shows a reply (MO), pushed or polled."""
        self._arrive("replies")

    def _arrive(self, what: str) -> None:
        pushed = [getattr(row, what) for row in self.cases if isinstance(row, Webhook)]
        polled = [getattr(row.expect, what, None) for row in self.cases if isinstance(row, Poll)]
        if not any(pushed) and not any(polled):
            pytest.skip(f"no row brings {what}")

    @rule("silver")
    def test_webhook(self, webhook_row: Webhook) -> None:
        """The webhook says what the row says, without a call to the vendor."""
        played = self.check(webhook_row)
        assert not played.watch.requests, "parse_webhook must not call the vendor"

    @rule("silver")
    def test_a_forged_webhook_is_refused(self, genuine_row: Webhook) -> None:
        """Unsigned, tampered with, or in a form the vendor does not use."""
        for what, forged in forgeries(self, genuine_row):
            played = self.play(genuine_row, request=forged)
            came = played.error or played.answer
            assert isinstance(played.error, WebhookRejected), f"{what}: came to {came!r}"
            assert not played.conduct, told([what, *played.conduct])

    @rule("silver")
    def test_poll(self, poll_row: Poll) -> None:
        """The page is what the row says."""
        self.check(poll_row)

    @rule("silver")
    def test_the_channel_can_be_checked(self) -> None:
        """`check_channel` has rows."""
        if not any(row.operation == "check_channel" for row in self.cases):
            pytest.skip("check_channel has no row")

    @rule("silver")
    def test_check_channel(self, check_row: Query) -> None:
        """Health, or the error a person can act on."""
        self.check(check_row)

    @rule("silver")
    def test_the_vendors_statuses_are_listed(self) -> None:
        """`statuses` holds the vendor's words for delivered and for failed."""
        final = {status for status in self.statuses.values() if status is not None and status.final}
        if MessageStatus.DELIVERED not in final or len(final) < 2:
            pytest.skip("`statuses` lists no delivered or no failed status")

    @rule("silver")
    def test_status(self, status: str) -> None:
        """Each of the vendor's statuses becomes ours; one it does not have becomes unknown."""
        played = self.play(self.status_row(status))
        assert not played.faults, told(played.faults)
        assert played.error is None, f"{status}: {played.error!r}"
        shown = [receipt.status for receipt in played.answer.receipts]
        if status not in self.statuses:
            allowed = (MessageStatus.ACCEPTED, MessageStatus.UNKNOWN)
            assert all(each in allowed for each in shown), f"a status the vendor does not have became {shown}"
        elif self.statuses[status] is None:
            assert not any(each.final for each in shown), f"{status} became {shown}"
        else:
            assert shown == [self.statuses[status]], f"{status} became {shown}"

    @rule("silver")
    def test_two_threads_at_once(self, parallel_rows: tuple[Send, Send]) -> None:
        """Two batches at the same moment on one channel do not disturb each other."""
        meeting = threading.Barrier(2)

        def meet(_: int) -> None:
            # A request waits a little for the other thread's, so that both are on their way at once.
            try:
                meeting.wait(0.2)
            except threading.BrokenBarrierError:
                meeting.reset()

        found: dict[int, Played] = {}
        with self.wire(parallel_rows) as wire, self.stage(wire, parallel_rows[0]) as stage:

            def run(number: int) -> None:
                found[number] = play(stage, wire, parallel_rows[number], quiet=True)

            with watching(meet) as watch:
                threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            # Set-up requests are shared by the threads, so rows may be left over.
            faults = [*watch.faults, *wire.faults(unused=False)]
        for number in (0, 1):
            faults += [*found[number].conduct, *found[number].mismatches()]
        assert not faults, told(faults)
