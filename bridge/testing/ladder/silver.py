"""Silver: receipts and replies come back, forgeries do not, and threads may share a channel."""

from contextlib import ExitStack
from unittest.mock import patch

import pytest

from bridge.plugin import DeliveryReceipt, MessageStatus, MoMessage, WebhookRejected
from bridge.plugin.status import UNDECIDED

from ..play.comparing import noticing
from ..play.forging import forgeries
from ..play.row import Played, play
from ..play.wires import stumble
from ..table.cases import Poll, Query, Send, Webhook
from ..table.rows import all_accepted, sends_in
from .accounts import faults_of_two, other_account
from .climbing import rule
from .meanings import meaning_faults
from .threads import faults_together, pairs_of
from .vendor_table import VendorTable, told

_SIGNATURE = 16
"""Letters of a signature; a date or an algorithm beside it may be told."""
_REPORTS = {DeliveryReceipt: "receipts", MoMessage: "replies"}


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
        self.check(webhook_row)

    @rule("silver")
    def test_a_forged_webhook_is_refused(self, genuine_row: Webhook) -> None:
        """Unsigned, tampered with, or in a form the vendor does not use."""
        if self.unsigned_webhooks:
            self.not_proven(f"webhooks are signed: {self.unsigned_webhooks}")
        with self.wire([genuine_row]) as wire:
            for what, forged in forgeries(self, genuine_row):
                # A channel of its own for each: one that has refused may refuse whatever comes next.
                with self.stage(wire, genuine_row) as stage:
                    played = play(stage, wire, genuine_row, request=forged)
                came = played.error or played.answer
                assert isinstance(played.error, WebhookRejected), f"{what}: came to {came!r}"
                assert not played.conduct, told([what, *played.conduct])
                if forged == genuine_row.request:
                    self._keeps_the_signature(genuine_row, played)
        if not self.unsigned_webhooks:
            self._refused_elsewhere(genuine_row)
            self._refused_after_a_genuine_one(genuine_row)
        request, met = noticing(self.sign(genuine_row.request), genuine_row.request)
        self.play(genuine_row, request=request)
        assert not met, (
            f"the signature in {met[0]} is compared with == (or `in`), which tells its beginning by the time "
            "it takes: use hmac.compare_digest"
        )

    def _refused_after_a_genuine_one(self, row: Webhook) -> None:
        """Who has signed once signs again: nobody is believed for what came before from his address."""
        with self.wire([row]) as wire, self.stage(wire, row) as stage:
            play(stage, wire, row, request=self.sign(row.request))
            after = play(stage, wire, row, request=row.request)
        assert isinstance(after.error, WebhookRejected), (
            f"not signed, after a genuine one from the same address: came to {after.error or after.answer!r}"
        )

    def _keeps_the_signature(self, row: Webhook, played: Played) -> None:
        """Nobody who asks without a signature learns the right one, from the answer or the log."""
        signed = self.sign(row.request).headers
        right = [value for name, value in signed.items() if row.request.headers.get(name) != value]
        shown = [repr(played.error), *played.watch.log]
        assert not any(len(each) >= _SIGNATURE and each in text for each in right for text in shown), (
            "the signature that would have been right is told: whoever asks with none can sign with it next"
        )

    def _refused_elsewhere(self, row: Webhook) -> None:
        """Whoever has an account at the vendor, or has read the plugin's source, can sign for no other."""
        settings = other_account(self)
        if self.signed_for_all or settings is None:
            why = self.signed_for_all or "the settings hold no secret"
            self.not_proven(f"a webhook that is signed for another account is refused: {why}")
            return
        with self.wire([row]) as wire, self.stage(wire, row, **settings) as stage:
            played = play(stage, wire, row, request=self.sign(row.request))
        assert isinstance(played.error, WebhookRejected), (
            f"{row.id!r}, signed with the secret of one account, is taken by another: what is checked (a "
            "User-Agent, a header that is there, a constant) depends on no secret of the settings"
        )

    @rule("silver")
    def test_a_bug_in_a_webhook_is_not_acknowledged(self, genuine_row: Webhook) -> None:
        """What could not be read is asked for again: no exception is swallowed."""
        kinds = [kind for kind in _REPORTS if getattr(genuine_row, _REPORTS[kind])]
        with ExitStack() as stack:
            for kind in kinds:
                stack.enter_context(patch.object(kind, "__new__", stumble))
            played = self.play(genuine_row)
        assert not kinds or played.error is not None, (
            f"a bug while {genuine_row.id!r} was read came to {played.answer!r}, which the vendor takes for "
            "received: let the exception out, and the bridge has it sent again"
        )

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
        row = self.status_row(status)
        assert self.brings(row, status), f"status_row({status!r}) makes a row without this status"
        played = self.play(row)
        assert not played.faults, told(played.faults)
        assert played.error is None, f"{status}: {played.error!r}"
        shown = [receipt.status for receipt in played.answer.receipts]
        if status not in self.statuses:
            assert UNDECIDED.issuperset(shown), f"a status the vendor does not have became {shown}"
        elif self.statuses[status] is None:
            assert not any(each.final for each in shown), f"{status} became {shown}"
        else:
            assert shown == [self.statuses[status]], f"{status} became {shown}"

    @rule("silver")
    def test_two_accounts_are_kept_apart(self) -> None:
        """A second account with other secrets beside the first: no request holds anything of the other."""
        settings = other_account(self)
        if settings is None:
            assert not self.has_secrets(), "give `other_account`: the settings of a second account"
            self.not_proven("two accounts: the settings hold no secret")
            return
        faults = faults_of_two(self, settings)
        assert not faults, told(faults)

    @rule("silver")
    def test_meanings_are_written_out(self) -> None:
        """Rows say in words of their own what a delivered, a failed, a refused, a throttled message is."""
        faults, left = meaning_faults(self)
        for each in left:
            self.not_proven(each)
        assert not faults, told(faults)

    @rule("silver")
    def test_two_threads_at_once(self, parallel_send: Send) -> None:
        """Two different batches at the same moment on one channel do not disturb each other."""
        sends = [row for row in sends_in(self.cases) if all_accepted(row) and not row.settings]
        pairs = pairs_of(self, parallel_send, sends)
        faults = [
            fault
            for one, other in pairs
            for each in ((one, other), (other, one))
            for fault in faults_together(self, each)
        ]
        assert not faults, told(["two threads at once:", *faults])
