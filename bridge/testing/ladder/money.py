"""Bronze, where money is lost: what follows a lost send, full batches, and who an account is."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bridge.plugin import Event, EventName, Outcome, SubmitResult, TextTemplate, from_vendor

from ..play.breaking import Breaks, no_breakage
from ..play.campaign import Taken
from ..play.doubling import BEGINNINGS, crowd_of, international
from ..play.row import play
from ..play.stage import Stage
from ..play.wires import Wire, answered
from ..table.cases import Reconcile, Send
from ..table.declared import VendorFacts
from ..table.exchanges import Lost, Reply, Seen
from ..table.samples import NOW
from .accounts import identity_faults
from .bronze import Bronze
from .climbing import rule
from .vendor_table import told

_MAY_BE = {str(Outcome.UNKNOWN), str(Outcome.ACCEPTED)}
_MOST = 500
"""Messages of the largest batch that is tried: more would only take longer."""


class Money(Bronze):
    """Rules of the lowest rung over more than one call."""

    @rule("bronze")
    def test_an_account_keeps_its_identity(self) -> None:
        """`identity()` is the same whenever it is asked of one account, and another for another account."""
        faults = identity_faults(self)
        assert not faults, told(faults)

    @rule("bronze")
    def test_nothing_that_follows_repeats_a_lost_send(self, remote_send: Send) -> None:
        """A look-up of the batch and the event that it is unknown send no message."""
        requests = self._requests(remote_send)
        if not requests:
            return
        rows = [remote_send, *[Send("again", remote_send.exchanges, batch=remote_send.batch)]]
        with (
            self.wire(rows, lambda count: Lost.RESET if count == requests else None) as wire,
            self.stage(wire, remote_send) as stage,
        ):
            self.played(stage, wire, remote_send)
            for what in self._following(stage, wire, remote_send):
                assert not self._sent_again(wire, remote_send, requests), (
                    f"{what} sent a batch again whose answer was lost: only proof that the vendor has not "
                    "got it lets the bridge do that"
                )

    @staticmethod
    def _following(stage: Stage, wire: Wire, row: Send) -> Iterator[str]:
        stage.tell(
            Event(
                stage.channel.name,
                EventName.BATCH_UNKNOWN,
                NOW,
                {"accepted": 0, "rejected": 0, "not_sent": 0, "unknown": len(row.batch.messages)},
            )
        )
        yield "on_event"
        if "reconcile_batch" in stage.operations:
            play(stage, wire, Reconcile("look-up", batch=row.batch), as_bridge=True)
            yield "reconcile_batch"

    def _sent_again(self, wire: Wire, row: Send, requests: int) -> bool:
        if wire.emulator is not None:
            return max(Counter(getattr(wire.emulator, "delivered", ())).values(), default=0) > 1
        looking = [each for other in self.cases if isinstance(other, Reconcile) for each in other.exchanges]
        return any(
            row.exchanges[-1].addresses(seen)
            and not row.exchanges[-1].differences(seen)
            and not any(each.addresses(seen) and not each.differences(seen) for each in looking)
            for seen in wire.seen[requests:]
        )

    @rule("bronze")
    def test_a_full_batch_reaches_each_number_once(self, remote_send: Send) -> None:
        """As many messages as `limits` lets a call carry: none is left out and none is sent twice."""
        with self._taking(remote_send) as found:
            if found is None:
                self.not_proven(f"a full batch reaches each number once: {self._untold(remote_send)}")
                return
            wire, taken = found
            with self.stage(wire, remote_send) as stage:
                results = _sent_to_all(stage, wire, remote_send)
            counted = Counter(taken())  # while the emulator runs: it may be asked by HTTP
        most = len(results)
        taken_for = {result.outcome for result in results}
        if not counted and taken_for <= {Outcome.REJECTED, Outcome.NOT_SENT}:
            self.not_proven(f"a full batch reaches each number once: the emulator refuses {remote_send.id!r}")
            return
        twice = [number for number, count in counted.items() if count > 1]
        assert not twice, f"of {most} messages in full batches {len(twice)} were sent more than once"
        assert len(counted) == most, f"of {most} messages in full batches {len(counted)} reached the vendor"

    @rule("bronze")
    def test_whoever_is_accepted_in_another_country_reached_the_vendor(self, remote_send: Send) -> None:
        """A number of whatever country goes out or is refused: none is dropped and called accepted."""
        if not isinstance(remote_send.batch.template, TextTemplate):
            return
        with self._taking(remote_send) as found:
            if found is None:
                return  # the rule above says so
            wire, taken = found
            with self.stage(wire, remote_send) as stage:
                results = [
                    each
                    for part in _parts(stage, international(remote_send))
                    for each in play(stage, wire, part, quiet=True, as_bridge=True).results
                ]
            reached = len(set(taken()))
        said = [each for each in results if each.outcome is Outcome.ACCEPTED]
        assert len(said) <= reached, (
            f"of {len(results)} numbers of other countries {len(said)} were called accepted, but {reached} "
            "reached the vendor: refuse those that you do not send"
        )

    @rule("bronze")
    def test_a_full_batch_whose_answers_are_lost_is_unknown(self, remote_send: Send) -> None:
        """However many calls a batch takes, none is repeated, and none that was taken is called not sent."""
        with self._taking(remote_send, Lost.RESET) as found:
            if found is None or not self.emulates_http():
                return  # the rule above says so
            wire, taken = found
            with self.stage(wire, remote_send) as stage:
                most = min(_MOST, stage.vendor.limits.for_call(remote_send.batch.uniform))
                crowd = crowd_of(remote_send, most)
                results = play(stage, wire, crowd, as_bridge=True).results
            counted = Counter(from_vendor(str(number)).national for number in taken())
        twice = [number for number, count in counted.items() if count > 1]
        assert not twice, f"of {most} messages whose answers were lost {len(twice)} were sent again"
        messages = zip(crowd.batch.messages, results, strict=True)
        wrong = {str(result.outcome) for m, result in messages if counted[m.phone.national]} - _MAY_BE
        assert not wrong, f"of {most} messages that were taken some are called {', '.join(sorted(wrong))}"

    def _untold(self, row: Send) -> str:
        """Return what is missing to count the messages that the vendor took."""
        if type(self).emulator is not None:
            return "the emulator has no list `delivered` of the numbers that it took"
        if type(self).campaign_answer is VendorFacts.campaign_answer:
            return "the table has no `campaign_answer`"
        return "the table's addresses cannot be served: give paths, and {url} in the settings"

    @contextmanager
    def _taking(self, row: Send, lost: Lost | None = None) -> Iterator[tuple[Wire, Taken] | None]:
        """Open a wire at whose end any batch is taken, and what tells the numbers taken there.

        With `lost` no answer comes back.
        """
        if type(self).emulator is not None:
            breakage = Breaks(lost) if lost else no_breakage
            # Its own exchanges take no other batch.
            with self.wire([replace(row, exchanges=())], breakage) as wire:
                known = hasattr(wire.emulator, "delivered")
                yield (wire, lambda: wire.emulator.delivered) if known else None
            return
        if type(self).campaign_answer is VendorFacts.campaign_answer or not self.over_http([row]):
            yield None
            return
        numbers: list[str] = []

        def answer(seen: Seen) -> Reply | Lost:
            reply, took = self.campaign_answer(seen)
            numbers.extend(took)
            return lost if lost and took else reply

        with answered(answer) as wire:
            yield wire, lambda: numbers


def _sent_to_all(stage: Stage, wire: Wire, row: Send) -> list[SubmitResult]:
    """Send full batches, at least one, until there was a number of each beginning."""
    most = min(_MOST, stage.vendor.limits.for_call(row.batch.uniform))
    results = play(stage, wire, crowd_of(row, most), as_bridge=True).results
    while len(results) < len(BEGINNINGS):
        # Nobody watches these: the first was watched.
        crowd = crowd_of(row, most, since=len(results))
        results += play(stage, wire, crowd, quiet=True, as_bridge=True).results
    return results


def _parts(stage: Stage, row: Send) -> Iterator[Send]:
    """Cut a send into batches that a call carries."""
    most, messages = stage.vendor.limits.for_call(row.batch.uniform), row.batch.messages
    for start in range(0, len(messages), most):
        ref = f"{row.batch.ref}{start or ''}"
        yield replace(row, batch=replace(row.batch, ref=ref, messages=messages[start : start + most]))
