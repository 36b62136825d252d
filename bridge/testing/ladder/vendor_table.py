"""Plays a row of an author's table, and gives every test of the suite its rows."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bridge.plugin import Vendor

from ..play.breaking import Breakage, Breaks, no_breakage
from ..play.guards import watching
from ..play.leaks import secrets_of
from ..play.row import Played, faults_beside, leaks_of, play
from ..play.stage import Stage, with_url
from ..play.watch import Watch
from ..play.wires import MOCKED_URL, Wire, closed_url, emulated, gated, mocked, served, speaks_http
from ..table.cases import Case, Webhook
from ..table.declared import VendorFacts
from ..table.exchanges import Reply
from ..table.rows import rows_of
from .climbing import PROPERTY, UNPROVEN


class VendorTable(VendorFacts):
    """A vendor's facts, and the means to play a row of them."""

    _kept_in: Path | None = None
    _record: Callable[[str, object], None] | None = None

    @classmethod
    def operations(cls) -> frozenset[str]:
        """Return the hooks a channel with the table's settings has."""
        stage = Stage(cls.vendor_class(), with_url(cls.settings, MOCKED_URL))
        try:
            return stage.operations
        finally:
            stage.close()

    @contextmanager
    def wire(self, rows: Sequence[Case], breakage: Breakage = no_breakage) -> Iterator[Wire]:
        """Open the wire of these rows' requests; answers that break do so at the vendor's end."""
        exchanges = [exchange for row in rows for exchange in row.exchanges]
        emulator = type(self).emulator
        if emulator is None or exchanges:
            real = self.over != "responses" or (breakage is not no_breakage and self.over_http(rows))
            with (served if real else mocked)(exchanges, breakage) as wire:
                yield wire
            return
        with self._emulated(emulator, breakage) as wire:
            for row in rows:
                if row.given is not None:
                    row.given(wire.emulator)
            yield wire

    @contextmanager
    def _emulated(
        self, emulator: Callable[[], AbstractContextManager[Any]], breakage: Breakage
    ) -> Iterator[Wire]:
        if breakage is no_breakage or not self.emulates_http():
            with emulated(emulator) as wire:
                if isinstance(breakage, Breaks):
                    wire.emulator.break_answer(breakage.how)
                yield wire
            return
        with gated(emulator, breakage) as wire:
            yield wire

    @classmethod
    @cache
    def emulates_http(cls) -> bool:
        """Return True when there is no emulator, or one that speaks HTTP."""
        if cls.emulator is None:
            return True
        with cls.emulator() as running:
            return speaks_http(running)

    def over_http(self, rows: Sequence[Case]) -> bool:
        """Return True when these rows can be played by a real server on a free port."""
        urls = [exchange.url for row in rows for exchange in row.exchanges]
        if not all(url.startswith("/") for url in urls) or "{url}" not in repr(self.settings):
            return False
        return self.takes("http")

    @classmethod
    @cache
    def takes(cls, scheme: str) -> bool:
        """Return True when the settings may hold an address of this host with that scheme."""
        url = closed_url().replace("http", scheme, 1)
        try:
            Stage(cls.vendor_class(), with_url(cls.settings, url)).close()
        except Exception:  # noqa: BLE001 - a vendor that takes https only is played by `responses`
            return False
        return True

    @contextmanager
    def stage(
        self, wire: Wire, row: Case, vendor: type[Vendor] | None = None, **settings: Any
    ) -> Iterator[Stage]:
        """Make a fresh channel whose vendor is at the wire's other end."""
        error: Exception | None = None
        given = {**self.settings, **row.settings, **settings}
        with watching(Watch(module=(vendor or self.vendor_class()).__module__.partition(".")[0])) as watch:
            try:
                stage = Stage(vendor or self.vendor_class(), with_url(given, wire.url))
            except Exception as raised:  # noqa: BLE001 - told below, after the worse fault
                error = raised
        asked = watch.requests or watch.connections
        assert not asked, "the constructor must not call the vendor"
        assert not watch.faults, told(watch.faults)
        if error is not None:
            raise error
        said = faults_beside(watch, leaks_of(stage), "in the constructor")
        assert not said, told(said)
        changed = stage.channel.settings.model_dump() != stage.given
        assert not changed, "the constructor changed the settings it was given"
        try:
            yield stage
        finally:
            stage.close()

    def play(self, row: Case, *, breakage: Breakage = no_breakage, **how: Any) -> Played:
        """Play one row on a fresh wire and channel; `how` is passed to `play.play`."""
        with self.wire([row], breakage) as wire, self.stage(wire, row) as stage:
            if isinstance(row, Webhook):
                how.setdefault("request", self.sign(row.request))
            played = play(stage, wire, row, **how)
        if self._kept_in is not None and breakage is no_breakage:
            self._keep(played)
        return played

    @staticmethod
    def played(stage: Stage, wire: Wire, row: Case) -> Played:
        """Play one row on a wire and a channel that are open already."""
        return play(stage, wire, row)

    def _keep(self, played: Played) -> None:
        assert self._kept_in is not None
        folder = self._kept_in / re.sub(r"\W+", "-", self.title or self.vendor_name())
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", f"{played.row.operation} {played.row.id}")
        if exchanges := played.transcript():
            (folder / f"{name}.txt").write_text("\n\n".join(exchanges) + "\n", encoding="utf-8")

    def check(self, row: Case, **how: Any) -> Played:
        """Play one row; everything must be as the table says, and nothing else may happen."""
        played = self.play(row, **how)
        faults = [*played.faults, *played.mismatches()]
        if row.operation in self.local and (played.watch.requests or played.watch.connections):
            faults.append(f"{row.operation} is named in `local` but makes requests")
        if self._secret_in_address(played):
            faults.append(
                "a secret stands in the address of a request, which proxies and servers write into their "
                "logs: put it into a header or the body, or say in `secret_in_address` of the table why not"
            )
        assert not faults, told([*faults, *played.story])
        return played

    def _secret_in_address(self, played: Played) -> bool:
        urls = {seen.url for seen in [*played.wire.seen, *(seen for seen, _, _ in played.watch.exchanges)]}
        found = any(played.leaks.find_secrets(url) for url in urls)
        if found and self.secret_in_address:
            self.not_proven(f"addresses hold no secret: {self.secret_in_address}")
        return found and not self.secret_in_address

    @staticmethod
    def brings(row: Case, word: str) -> bool:
        """Return True when a row's request or answers hold the word; of an emulator nobody can say."""
        if isinstance(row, Webhook):
            return word in f"{row.request.body!r} {row.request.query!r} {row.request.headers}"
        replies = [each.reply for each in row.exchanges]
        bodies = [f"{each.status} {each.body!r}" for each in replies if isinstance(each, Reply)]
        return not row.exchanges or any(word.removeprefix("HTTP_") in body for body in bodies)

    @classmethod
    def has_secrets(cls) -> bool:
        """Return True when the table's settings hold a secret."""
        given = with_url(dict(cls.settings), MOCKED_URL)
        return bool(secrets_of(cls.vendor_class().settings_model.model_validate(given)))

    def not_proven(self, what: str) -> None:
        """Note for the record of the rung what a passed rule could not look at."""
        assert self._record is not None
        self._record(UNPROVEN, what)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give every test of the suite its rows."""
        for name, (values, ids) in rows_of(self).items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values, ids=ids)

    @pytest.fixture(autouse=True)
    def _climb(self, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
        folder = request.config.getoption("--bridge-exchanges")
        self._kept_in = Path(folder) if folder else None
        self._record = record_property
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
    """Write faults as the message of a failed assertion."""
    return "\n".join(["", *faults])
