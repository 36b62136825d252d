"""Bronze, over the whole life of a vendor object: imported, made, asked, told of events, closed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from bridge.plugin import DigitalTemplate, Event, EventName, TextTemplate, Vendor, VendorRejected
from bridge.plugin.events import FIELDS

from ..play.guards import MOST_CALL_S, MOST_SLEEP_S, watching
from ..play.leaks import Leaks
from ..play.row import faults_beside, leaks_of, play
from ..play.stage import Stage, with_url
from ..play.watch import Watch
from ..table.cases import Case, Send, Webhook
from ..table.rows import first_successes
from ..table.samples import NOW, digital_template, text_template
from .bronze import Bronze
from .climbing import rule
from .fresh import fresh
from .references import reference_faults
from .vendor_table import told


class Life(Bronze):
    """Rules of the lowest rung about what happens before, between and after the calls."""

    @rule("bronze")
    def test_nothing_is_told_or_changed_beside_the_calls(self) -> None:
        """Import, constructor, questions, events and close: no leak, no call, no change of the process."""
        faults = [*self._imported(), *self._lived()]
        assert not faults, told(faults)

    def _imported(self) -> list[str]:
        """Import the package anew, on a host with proxies and passwords in its environment."""
        with watching(_watch_of(self.vendor_class())) as watch, fresh(self.vendor_class()):
            pass
        return [*faults_beside(watch, Leaks((), ()), "at import"), *_called(watch, "at import")]

    def _lived(self) -> list[str]:
        """Play one row of each kind on one channel, and look at everything around them."""
        rows = [row for row in self._kinds() if not row.settings and row.given is None]
        if not rows:
            return []
        faults: list[str] = []
        with ExitStack() as stack:
            wire = stack.enter_context(self.wire(rows))
            vendor = stack.enter_context(fresh(self.vendor_class()))
            with watching(_watch_of(vendor)) as made:
                stage = Stage(vendor, with_url(self.settings, wire.url))
            leaks = leaks_of(stage, *rows)
            faults += [
                *faults_beside(made, leaks, "in the constructor"),
                *_called(made, "in the constructor"),
                *_slow(made, "in the constructor"),
            ]
            for row in rows:
                request = self.sign(row.request) if isinstance(row, Webhook) else None
                play(stage, wire, row, request=request, as_bridge=True)
            with _apart(faults, leaks, "while it was asked in passing", stage) as watch:
                _ask(stage)
            faults += _called(watch, "while it was asked in passing")
            with _apart(faults, leaks, "in on_event", stage):
                _tell_events(stage)
            with _apart(faults, leaks, "in close", stage):
                stage.close()
            with _apart(faults, leaks, "when it is forgotten", stage):
                getattr(stage.vendor, "__del__", _nothing)()
        return faults

    def _kinds(self) -> list[Case]:
        firsts = first_successes(self.cases)
        webhooks = [row for row in self.cases if isinstance(row, Webhook) and row.role == "success"]
        sends = [row for name, row in firsts.items() if isinstance(row, Send) and name not in self.local]
        return [*sends, *webhooks]

    @rule("bronze")
    def test_references_are_never_given_twice(self, remote_send: Send) -> None:
        """What tells one send from another is never the same: in two threads, later, in another process."""
        if not self.emulates_http():
            self.not_proven("references: the emulator does not speak HTTP")
            return
        faults = reference_faults(self, remote_send)
        assert not faults, told(faults)


def _nothing() -> None:
    """Do what most objects do when they are forgotten."""


@contextmanager
def _apart(faults: list[str], leaks: Leaks, when: str, stage: Stage) -> Iterator[Watch]:
    with watching(_watch_of(type(stage.vendor))) as watch:
        yield watch
    faults += [*faults_beside(watch, leaks, when), *_slow(watch, when)]


def _watch_of(vendor: type[Vendor]) -> Watch:
    return Watch(module=vendor.__module__.partition(".")[0])


def _slow(watch: Watch, when: str) -> list[str]:
    if watch.slept_s > MOST_SLEEP_S or watch.took_s > MOST_CALL_S:
        return [
            f"{when} it took {max(watch.slept_s, watch.took_s):.0f} s: a thread of the bridge waits with it"
        ]
    return []


def _called(watch: Watch, when: str) -> list[str]:
    return (
        [f"{when} the vendor was called: only operations may"] if watch.requests or watch.connections else []
    )


def _ask(stage: Stage) -> None:
    """Ask what the bridge asks between calls."""
    vendor: Vendor = stage.vendor
    for ask in (vendor.identity, vendor.withheld, vendor.needs_sign, type(vendor).beginnings):
        ask()
    repr((vendor, vendor.limits))
    offered: list[TextTemplate | DigitalTemplate] = [text_template()]
    if "send_digital_batch" in stage.operations:
        offered.append(digital_template())
    for template in offered:
        vendor.lacks_code(template)
        with suppress(VendorRejected):
            vendor.written(template)


def _tell_events(stage: Stage) -> None:
    for name in EventName:
        fields = {field: stage.channel.name if field == "account" else 1 for field in FIELDS[name]}
        stage.tell(Event(stage.channel.name, name, NOW, fields))
