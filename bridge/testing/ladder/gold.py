"""Gold: reviews, settled outcomes, every documented error, and a campaign that survives kill -9."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import BridgeError, Outcome

from ..play.campaign import CampaignVendor, Taken, faults_of_campaign
from ..play.row import Played
from ..play.serving import Answer, forwarding
from ..play.stage import with_url
from ..play.wires import speaks_http
from ..table.cases import Query, Reconcile, Send, mismatch
from ..table.declared import VendorFacts
from ..table.exchanges import Reply, Seen
from .climbing import rule
from .vendor_table import VendorTable, told

_REVIEWED = ("query_sign", "create_template", "update_template", "query_template")


class Gold(VendorTable):
    """The rules of the highest rung."""

    @rule("gold")
    def test_signatures_and_templates_are_reviewed(self) -> None:
        """Signatures and text templates are the vendor's own."""
        lacking = [name for name in _REVIEWED if name not in {row.operation for row in self.cases}]
        if lacking:
            pytest.skip(f"no row for {', '.join(lacking)}")
        if set(_REVIEWED) <= set(self.local):
            pytest.skip("the vendor reviews nothing: implement none of them, and the bridge does")

    @rule("gold")
    def test_query(self, query_row: Query) -> None:
        """The answer is what the row says."""
        self.check(query_row)

    @rule("gold")
    def test_unknown_outcomes_are_settled(self) -> None:
        """`reconcile_batch` has a row that finds the messages and one that does not."""
        outcomes = {outcome for row in self.cases if isinstance(row, Reconcile) for outcome in row.outcomes}
        if Outcome.ACCEPTED not in outcomes or len(outcomes) < 2:
            pytest.skip("no reconcile rows for messages the vendor has and for messages it has not")

    @rule("gold")
    def test_reconcile(self, reconcile_row: Reconcile) -> None:
        """The look-up settles what the row says."""
        self.check(reconcile_row)

    @rule("gold")
    def test_the_vendors_errors_are_listed(self) -> None:
        """`errors` holds the vendor's documented codes."""
        if not self.errors:
            pytest.skip("`errors` lists no code")

    @rule("gold")
    def test_error(self, error: str) -> None:
        """Each documented code has the exchange in which it comes, and its consequence."""
        row = self.error_row(error)
        assert self.brings(row, error), f"error_row({error!r}) makes a row without this code"
        played = self.play(row)
        assert not played.faults, told([*played.faults, *played.story])
        if isinstance(row, Send):
            self._consequences(error, played)
            return
        raised = played.error or getattr(played.answer, "error", None)
        assert isinstance(raised, self.error_kinds().get(error, BridgeError)), f"{error} became {raised!r}"
        assert error not in self.errors or raised.code == error, f"the code {error} became {raised.code}"

    @rule("gold")
    def test_kill_9_loses_and_repeats_nothing(self, tmp_path: Path) -> None:
        """The worker of a whole bridge is killed after the vendor took a call and before it knows."""
        with ExitStack() as stack:
            local = "query_sign" not in self.operations()
            vendor = CampaignVendor(
                self.vendor_name(),
                lambda url: with_url(self.settings, url),
                self.campaign_sign,
                {self.campaign_sign: "approved"} if local else {},
                *self._campaign_vendor(stack),
            )
            faults = faults_of_campaign(tmp_path, vendor)
        assert not faults, told(faults)

    def _campaign_vendor(self, stack: ExitStack) -> tuple[Answer, Taken, Any]:
        emulator = type(self).emulator
        if emulator is not None:
            return self._campaign_emulator(stack.enter_context(emulator()))
        if type(self).campaign_answer is VendorFacts.campaign_answer:
            pytest.skip("there is neither an emulator nor a campaign_answer")
        numbers: list[str] = []

        def answer(seen: Seen) -> Reply:
            reply, took = self.campaign_answer(seen)
            numbers.extend(took)
            return reply

        return answer, lambda: numbers, None

    def _campaign_emulator(self, running: Any) -> tuple[Answer, Taken, Any]:
        if not hasattr(running, "delivered"):
            pytest.skip("the emulator has no `delivered`")
        if speaks_http(running):
            return forwarding(running.url), lambda: running.delivered, None
        if not hasattr(running, "before_answer"):
            pytest.skip(
                "the emulator does not speak HTTP: give it `before_answer`, and call it between taking a "
                "message and answering"
            )
        return forwarding("http://127.0.0.1:9"), lambda: running.delivered, running

    def _consequences(self, error: str, played: Played) -> None:
        refused = [result for result in played.results if result.outcome is not Outcome.ACCEPTED]
        assert refused, f"{error} was taken for a success"
        for result in refused:
            if error in self.errors:
                problem = mismatch(self.error_kinds()[error], result, error)
                assert not problem, f"{error}: {problem}"
            else:
                # A 4xx alone is a refusal by HTTP's own rules; a code of the vendor's may mean anything.
                refusing = {Outcome.REJECTED} if error.startswith("HTTP_") else set()
                assert result.outcome in {Outcome.UNKNOWN} | refusing, (
                    f"a code the vendor does not have became {result.outcome}"
                )
