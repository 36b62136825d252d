"""Bronze: it sends, every error has its consequence, and an operator can configure it."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from bridge.plugin import Outcome

from ..play.breaking import Breaks, LeftOut
from ..play.row import Played
from ..play.stage import with_url
from ..play.wires import MOCKED_URL
from ..table.cases import Case, Send
from ..table.exchanges import Broken, Lost
from . import static
from .climbing import rule
from .complete import expected_lost, missing_rows, role_faults, shows_loss, table_faults
from .source import source_faults
from .traces import trace_faults
from .vendor_table import VendorTable, told

_ANY_MORE = 1000
_AGAIN = 3
"""How often an answer is lost on one channel: a plugin may count, and lose its patience."""
_PATIENCE_S = 2.0
"""Seconds in which a repeat that was put off for a moment comes."""
_KEPT = {"the last message": slice(0, -1), "any message": slice(0, 0)}
"""What an answer tells that leaves messages out."""
_STRANGE = (Broken.LIST, Broken.NULL)
"""Answers of another shape, over which a plugin may stumble: the bridge takes its bug for unknown."""


class Bronze(VendorTable):
    """The rules of the lowest rung."""

    _counted: Mapping[int, int]
    """How many requests a row makes undisturbed, by its identity: the rows are the class's."""

    @rule("bronze")
    def test_the_table_is_complete(self) -> None:
        """Each operation has a success and a refusal; a lost answer is never called a failure."""
        faults = [*table_faults(self), *missing_rows(self), *role_faults(self.cases)]
        assert not faults, told(faults)

    @rule("bronze")
    def test_the_hooks_match_their_specs(self) -> None:
        """Names and arguments are those of hookspecs.py."""
        faults = static.hook_faults(self.vendor_class())
        assert not faults, told(faults)

    @rule("bronze")
    def test_the_plugin_is_registered(self) -> None:
        """An installed entry point leads to the class."""
        faults = static.registration_faults(self.vendor_class())
        assert not faults, told(faults)

    @rule("bronze")
    def test_objects_are_told_apart_by_identity(self) -> None:
        """Two channels with equal settings are two vendors."""
        faults = static.identity_faults(self.vendor_class())
        assert not faults, told(faults)

    @rule("bronze")
    def test_only_the_plugin_api_is_imported(self) -> None:
        """Nothing of the bridge but bridge.plugin."""
        faults = static.import_faults(self.vendor_class())
        assert not faults, told(faults)

    @rule("bronze")
    def test_the_source_trusts_nobody(self) -> None:
        """No certificate waved through, no signature compared with ==, no proxy of the environment."""
        faults = source_faults(self.vendor_class())
        assert not faults, told(faults)

    @rule("bronze")
    def test_wrong_settings_are_refused(self) -> None:
        """Unknown and missing keys are told, without showing a secret."""
        settings = with_url(self.settings, MOCKED_URL)
        faults = static.settings_faults(self.vendor_class(), settings, self.public_settings)
        for name, why in self.public_settings.items():
            self.not_proven(f"the setting {name} is no secret: {why}")
        assert not faults, told(faults)

    @rule("bronze")
    def test_the_readme_names_every_setting(self) -> None:
        """An operator finds each setting explained."""
        faults = static.readme_faults(self.vendor_class())
        assert not faults, told(faults)

    @rule("bronze")
    def test_send(self, send_row: Send) -> None:
        """One result for each message, in order, with a code and a reason where it was not accepted."""
        for result in self.check(send_row).results:
            if result.outcome is not Outcome.ACCEPTED:
                assert result.code and result.reason, f"{result.outcome} needs a code and a reason"

    @rule("bronze")
    def test_the_log_tells_nothing_in_disguise(self, remote_send: Send) -> None:
        """What is logged stays the same when only the numbers, the values or the secrets are others."""
        faults = list(trace_faults(self, remote_send))
        assert not faults, told(faults)

    @rule("bronze")
    def test_a_broken_answer_to_a_send_is_unknown(self, broken_send: tuple[Send, Broken]) -> None:
        """The vendor took the messages and its answer broke: not resent, not called failed."""
        row, how = broken_send
        if not self.emulates_http():
            self._broken_by_the_emulator(row, how)
            return
        requests = self._requests(row)
        if not requests:
            return
        played = self.play(row, breakage=Breaks(how, since=requests), as_bridge=how in _STRANGE)
        assert not played.wire.followed, told(played.wire.followed)
        assert played.wire.requests == requests, f"the request was repeated blindly: {how.value}"
        allowed = {Outcome.UNKNOWN} if requests == 1 else {Outcome.UNKNOWN, Outcome.ACCEPTED}
        if how is Broken.MISSING:
            _unsent(played, how.value)
            return
        _unknown(played, how.value, allowed)

    def _broken_by_the_emulator(self, row: Send, how: Broken) -> None:
        assert shows_loss(self, row.operation), (
            f"the emulator does not speak HTTP: show a lost answer to {row.operation} in a row with lost=True"
        )
        with self.wire([row]) as wire:
            if not hasattr(wire.emulator, "break_answer"):
                self.not_proven("broken answers: the emulator does not speak HTTP and has no `break_answer`")
                return
        try:
            played = self.play(row, breakage=Breaks(how), as_bridge=how in _STRANGE)
        except NotImplementedError:
            return  # no such thing can befall an answer of this vendor
        twice = [number for number, count in Counter(played.wire.emulator.delivered).items() if count > 1]
        assert not twice, f"the request was repeated blindly: {how.value}"
        _unknown(played, how.value, {Outcome.UNKNOWN, Outcome.ACCEPTED})

    @rule("bronze")
    def test_a_message_the_answer_leaves_out_is_unknown(self, remote_send: Send) -> None:
        """The answer tells of one message too few: that one is unknown, and no result is dropped."""
        requests = self._requests(remote_send)
        messages = len(remote_send.batch.messages)
        if not requests or messages < 2:
            return
        for what, kept in _KEPT.items():
            left_out = LeftOut(messages, kept)
            played = self.play(remote_send, breakage=Breaks(left_out, since=requests), as_bridge=True)
            if left_out.applied:
                _unknown(played, f"an answer without {what}", {Outcome.UNKNOWN, Outcome.ACCEPTED})

    @rule("bronze")
    def test_a_lost_answer_over_real_http_is_not_repeated(self, remote_send: Send) -> None:
        """The client itself repeats nothing, whatever it is made of: a real server counts."""
        if not self.emulates_http() or not self.over_http([remote_send]):
            self.not_proven("a lost answer over real HTTP: the table's addresses cannot be served")
            return
        requests = self._requests(remote_send)
        for how in (Lost.RESET, Lost.TIMEOUT):
            first, both = self._lost_then_sent(remote_send, how, requests)
            assert first <= requests, f"{how.value}: {requests} became {first}"
            assert both <= 2 * requests, f"{how.value}: the next call sent the lost request again"
        lost = self._lost_again(remote_send)
        assert lost <= _AGAIN * requests, f"{_AGAIN} lost answers: {_AGAIN * requests} became {lost}"
        second = self._lost_after_one(remote_send)
        assert second <= requests, f"on a connection that was used before, {requests} became {second}"

    def _lost_then_sent(self, row: Send, how: Lost, requests: int) -> tuple[int, int]:
        """Count the requests of a send whose answer is lost, and those with a second send behind it."""

        def fate(count: int) -> Lost | None:
            return how if requests <= count <= before else None

        before, running = requests + _ANY_MORE, set(threading.enumerate())
        with self.wire([row, replace(row, given=None)], fate) as wire, self.stage(wire, row) as stage:
            self.played(stage, wire, row)
            for thread in set(threading.enumerate()) - running:
                if isinstance(thread, threading.Timer):
                    thread.join(_PATIENCE_S)
            before = first = wire.requests
            self.played(stage, wire, row)
            return first, wire.requests

    def _lost_again(self, row: Send) -> int:
        """Count the requests of several sends on one channel whose answers are all lost."""
        rows = [replace(row, given=row.given if number == 0 else None) for number in range(_AGAIN)]
        with self.wire(rows, Breaks(Lost.RESET)) as wire, self.stage(wire, row) as stage:
            for _ in rows:
                self.played(stage, wire, row)
            return wire.requests

    def _lost_after_one(self, row: Send) -> int:
        """Count the requests of a send whose answer is lost when another was answered before."""

        def fate(count: int) -> Lost | None:
            return Lost.RESET if count > before else None

        before = _ANY_MORE
        with self.wire([row, replace(row, given=None)], fate) as wire, self.stage(wire, row) as stage:
            self.played(stage, wire, row)
            before = wire.requests
            self.played(stage, wire, row)
            return wire.requests - before

    @rule("bronze")
    def test_a_bug_in_a_send_is_unknown(self, remote_send: Send) -> None:
        """An exception of the plugin's own after the request left: the bridge takes nothing for failed."""
        requests = self._requests(remote_send)
        if not requests:
            return
        played = self.play(remote_send, breakage=Breaks(Broken.BUG, since=requests), as_bridge=True)
        assert played.wire.requests == requests
        outcomes = {result.outcome for result in played.results}
        assert outcomes - {Outcome.ACCEPTED} == {Outcome.UNKNOWN}, f"a bug gives {outcomes}"
        assert requests > 1 or Outcome.ACCEPTED not in outcomes, f"a bug gives {outcomes}"

    @rule("bronze")
    def test_a_refused_connection_is_not_sent(self, remote_send: Send) -> None:
        """Nothing reached the vendor: the messages may be sent again."""
        if not self._requests(remote_send):
            return
        played = self.play(remote_send, breakage=Breaks(Lost.REFUSED))
        outcomes = {result.outcome for result in played.results}
        assert outcomes == {Outcome.NOT_SENT}, f"a refused connection gives {outcomes}"
        assert not played.conduct, told(played.conduct)

    @rule("bronze")
    def test_a_lost_answer_is_an_error(self, broken_call: tuple[Case, Broken | Lost]) -> None:
        """Any other operation tells a lost answer by an error of bridge.plugin, not by a false answer."""
        row, how = broken_call
        requests = self._requests(row)
        if not requests:
            return
        played = self.play(row, breakage=Breaks(how))
        assert played.wire.requests <= requests, (
            f"{how.value}: {requests} became {played.wire.requests}; leave repeats to the bridge"
        )
        problem = expected_lost(row, played)
        assert not problem, f"{how.value}: {problem}"
        assert not played.conduct, told(played.conduct)

    def _requests(self, row: Case) -> int:
        """Count the requests of the row undisturbed; none only if the table shows the loss itself."""
        if not self.emulates_http():
            return 0
        counted: dict[int, int] = type(self).__dict__.get("_counted", {})
        if id(row) not in counted:
            played = self.check(row, breakage=Breaks(None))
            assert played.wire.requests or shows_loss(self, row.operation), (
                f"{row.operation} makes no request that the kit sees: show its lost answer in a row with "
                "lost=True, or name it in `local` if it asks nobody"
            )
            counted[id(row)] = played.wire.requests
            type(self)._counted = counted
        return counted[id(row)]


def _unsent(played: Played, what: str) -> None:
    # A 404 may be the vendor's own refusal, but the page of a gateway proves nothing to send again on.
    outcomes = {result.outcome for result in played.results}
    assert Outcome.NOT_SENT not in outcomes, f"{what}: {outcomes}"
    assert not played.conduct, told(played.conduct)


def _unknown(played: Played, what: str, allowed: set[Outcome]) -> None:
    outcomes = {result.outcome for result in played.results}
    assert Outcome.UNKNOWN in outcomes, f"{what}: {outcomes}"
    assert outcomes <= allowed, f"{what}: {outcomes}"
    assert not played.conduct, told(played.conduct)
