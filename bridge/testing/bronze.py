"""Bronze: it sends, every error has its consequence, and an operator can configure it."""

from bridge.plugin import Outcome

from . import static
from .cases import Case, Send
from .exchanges import Lost
from .guards import Broken, watching
from .ladder import rule
from .rows import expected_lost, missing_rows, role_faults, shows_loss, table_faults
from .stage import with_url
from .vendor_table import VendorTable, told
from .wires import MOCKED_URL


class Bronze(VendorTable):
    """The rules of the lowest rung."""

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
    def test_wrong_settings_are_refused(self) -> None:
        """Unknown and missing keys are told, without showing a secret."""
        faults = static.settings_faults(self.vendor_class(), with_url(self.settings, MOCKED_URL))
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
    def test_a_broken_answer_to_a_send_is_unknown(self, broken_send: tuple[Send, Broken]) -> None:
        """The vendor took the messages and its answer broke: not resent, not called failed."""
        row, how = broken_send
        requests = self._requests(row)
        if not requests:
            return
        played = self.play(row, breakage=lambda count: how if count >= requests else None)
        assert played.watch.requests == requests, "the request was repeated blindly"
        outcomes = {result.outcome for result in played.results}
        allowed = {Outcome.UNKNOWN} if requests == 1 else {Outcome.UNKNOWN, Outcome.ACCEPTED}
        assert Outcome.UNKNOWN in outcomes, f"{how.value}: {outcomes}"
        assert outcomes <= allowed, f"{how.value}: {outcomes}"
        assert not played.conduct, told(played.conduct)

    @rule("bronze")
    def test_a_bug_in_a_send_is_unknown(self, remote_send: Send) -> None:
        """An exception of the plugin's own after the request left: the bridge takes nothing for failed."""
        requests = self._requests(remote_send)
        with (
            self.wire([remote_send]) as wire,
            self.stage(wire, remote_send) as stage,
            watching(lambda count: Broken.BUG if count >= requests else None) as watch,
        ):
            outcomes = {result.outcome for result in stage.send(remote_send.batch)}
        assert watch.requests == requests
        wanted = {Outcome.UNKNOWN} if requests else {Outcome.ACCEPTED}
        assert outcomes - {Outcome.ACCEPTED} == wanted - {Outcome.ACCEPTED}, f"a bug gives {outcomes}"

    @rule("bronze")
    def test_a_refused_connection_is_not_sent(self, remote_send: Send) -> None:
        """Nothing reached the vendor: the messages may be sent again."""
        if not self._requests(remote_send):
            return
        played = self.play(remote_send, breakage=lambda _: Lost.REFUSED)
        outcomes = {result.outcome for result in played.results}
        assert outcomes == {Outcome.NOT_SENT}, f"a refused connection gives {outcomes}"
        assert not played.conduct, told(played.conduct)

    @rule("bronze")
    def test_a_lost_answer_is_an_error(self, broken_call: tuple[Case, Broken | Lost]) -> None:
        """Any other operation tells a lost answer by an error of bridge.plugin, not by a false answer."""
        row, how = broken_call
        if not self._requests(row):
            return
        played = self.play(row, breakage=lambda _: how)
        problem = expected_lost(row, played)
        assert not problem, f"{how.value}: {problem}"
        assert not played.conduct, told(played.conduct)

    def _requests(self, row: Case) -> int:
        """How many requests the row makes undisturbed; none only if the table shows the loss itself."""
        requests = self.check(row).watch.requests
        assert requests or shows_loss(self, row.operation), (
            f"{row.operation} makes no request through `requests`: show its lost answer in a row with "
            "lost=True, or name it in `local` if it asks nobody"
        )
        return requests
