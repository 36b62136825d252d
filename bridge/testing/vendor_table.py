"""What an author fills in, and how a row of it is played."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bridge.plugin import BridgeError, MessageStatus, Vendor, WebhookRequest

from .cases import Case, Poll, Webhook
from .exchanges import Reply, Seen
from .guards import watching
from .ladder import PROPERTY
from .play import Played, play
from .rows import rows_of
from .samples import SIGN
from .stage import Stage, find_vendor, with_url
from .wires import MOCKED_URL, Wire, emulated, mocked, served


class VendorTable:
    """The table of one vendor.

    `vendor` is the class or the name under which it is installed. In `settings`, `{url}` stands for the
    vendor's address. `over` says how the exchanges are played: by `responses`, or by a real server on
    "http" for clients that do not use requests. `emulator` makes a stand-in of your own instead.
    """

    vendor: ClassVar[type[Vendor] | str]
    settings: ClassVar[Mapping[str, Any]] = {}
    cases: ClassVar[Sequence[Case]] = ()
    title: ClassVar[str] = ""
    """Tells several tables of one vendor apart."""
    over: ClassVar[str] = "responses"
    emulator: ClassVar[Callable[[], AbstractContextManager[Any]] | None] = None
    statuses: ClassVar[Mapping[str, MessageStatus | None]] = {}
    """The vendor's words for a message's state; None for one that changes nothing."""
    errors: ClassVar[Mapping[str, type[BridgeError]]] = {}
    """The vendor's documented error codes."""
    unmapped: ClassVar[str] = "987654"
    """A code and a status the vendor does not have."""
    local: ClassVar[Collection[str]] = ()
    """Operations answered without a request, from settings or by rule."""
    impossible: ClassVar[Mapping[str, str]] = {}
    """Rows that cannot exist, such as "query_sign refusal", and why the vendor's API makes it so."""
    unsigned_webhooks: ClassVar[str] = ""
    """Why the vendor's webhooks cannot be verified (the bridge's secret path is then their only guard)."""
    signature_covers_body: ClassVar[bool] = True
    _kept_in: Path | None = None
    campaign_sign: ClassVar[str] = SIGN
    """A signature that is approved at the emulator, for the kill -9 campaign."""

    def sign(self, request: WebhookRequest) -> WebhookRequest:
        """The webhook as the vendor would sign it under `settings`."""
        return request

    def status_row(self, status: str) -> Webhook | Poll:
        """A row that brings one receipt with this status: any key of `statuses`, or an unknown one."""
        raise NotImplementedError("define status_row(status)")

    def error_row(self, code: str) -> Case:
        """A row in which the vendor answers with this code: any key of `errors`, or an unknown one."""
        raise NotImplementedError("define error_row(code)")

    def campaign_answer(self, seen: Seen) -> tuple[Reply, Sequence[str]]:
        """Any request of a campaign answered as the vendor would, and the numbers of messages it took.

        For the kill -9 campaign of a table without an emulator: signature and template approved, every
        message taken. An emulator has `delivered` instead.
        """
        raise NotImplementedError("define campaign_answer(seen)")

    @classmethod
    def vendor_class(cls) -> type[Vendor]:
        """The class under test."""
        return find_vendor(cls.vendor) if isinstance(cls.vendor, str) else cls.vendor

    @classmethod
    def vendor_name(cls) -> str:
        """The name the class is registered under."""
        return cls.vendor if isinstance(cls.vendor, str) else cls.vendor.name

    @classmethod
    def operations(cls) -> frozenset[str]:
        """The hooks a channel with the table's settings has."""
        stage = Stage(cls.vendor_class(), with_url(cls.settings, MOCKED_URL))
        try:
            return stage.operations
        finally:
            stage.close()

    @contextmanager
    def wire(self, rows: Sequence[Case]) -> Iterator[Wire]:
        """Where these rows' requests go."""
        exchanges = [exchange for row in rows for exchange in row.exchanges]
        emulator = type(self).emulator
        if emulator is None or exchanges:
            with (mocked if self.over == "responses" else served)(exchanges) as wire:
                yield wire
            return
        with emulated(emulator) as wire:
            for row in rows:
                if row.given is not None:
                    row.given(wire.emulator)
            yield wire

    @contextmanager
    def stage(self, wire: Wire, row: Case) -> Iterator[Stage]:
        """A fresh channel whose vendor is at the wire's other end."""
        error: Exception | None = None
        with watching() as watch:
            try:
                stage = Stage(self.vendor_class(), with_url({**self.settings, **row.settings}, wire.url))
            except Exception as raised:  # noqa: BLE001 - told below, after the worse fault
                error = raised
        assert not watch.requests, "the constructor must not call the vendor"
        assert not watch.faults, told(watch.faults)
        if error is not None:
            raise error
        try:
            yield stage
        finally:
            stage.close()

    def play(self, row: Case, **how: Any) -> Played:
        """Play one row on a fresh wire and channel; `how` is passed to `play.play`."""
        with self.wire([row]) as wire, self.stage(wire, row) as stage:
            if isinstance(row, Webhook):
                how.setdefault("request", self.sign(row.request))
            played = play(stage, wire, row, **how)
        if self._kept_in is not None and "breakage" not in how:
            self._keep(played)
        return played

    def _keep(self, played: Played) -> None:
        assert self._kept_in is not None
        folder = self._kept_in / re.sub(r"\W+", "-", self.title or self.vendor_name())
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", f"{played.row.operation} {played.row.id}")
        if record := played.record():
            (folder / f"{name}.txt").write_text("\n\n".join(record) + "\n", encoding="utf-8")

    def check(self, row: Case) -> Played:
        """Play one row; everything must be as the table says, and nothing else may happen."""
        played = self.play(row)
        faults = [*played.faults, *played.mismatches()]
        if row.operation in self.local and played.watch.requests:
            faults.append(f"{row.operation} is named in `local` but makes requests")
        assert not faults, told([*faults, *played.story])
        return played

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give every test of the suite its rows."""
        for name, (values, ids) in rows_of(self).items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values, ids=ids)

    @pytest.fixture(autouse=True)
    def _climb(self, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
        folder = request.config.getoption("--bridge-exchanges")
        self._kept_in = Path(folder) if folder else None
        test = request.function
        if hasattr(test, PROPERTY):
            vendor = self.vendor_name()
            told = {"title": self.title or vendor, "vendor": vendor, "rule": test.__name__}
            if test.__name__ == "test_the_table_is_complete":
                told["wanted"] = self._wanted()
            record_property(PROPERTY, told)

    def _wanted(self) -> dict[str, tuple[str, int]]:
        rows, wanted = rows_of(self), {}
        for name in dir(type(self)):
            test = getattr(type(self), name)
            if hasattr(test, PROPERTY):
                taken = test.__code__.co_varnames[: test.__code__.co_argcount]
                counts = [len(rows[each][0]) for each in taken if each in rows]
                wanted[name] = (getattr(test, PROPERTY), counts[0] if counts else 1)
        return wanted


def told(faults: Sequence[str]) -> str:
    """Faults as the message of a failed assertion."""
    return "\n".join(["", *faults])
