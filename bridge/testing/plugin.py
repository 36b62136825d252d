"""The pytest plugin: it tells which rung each vendor's table has reached.

pytest loads it wherever the bridge is installed, so it imports nothing until a table has run.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from .ladder.climbing import TableResults

_PROPERTY, _UNPROVEN = "bridge_rule", "bridge_unproven"


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Add options for `sms-bridge plugins verify`, and for keeping what went over the wire."""
    group = parser.getgroup("bridge", "Quick Audience SMS bridge, vendor tables")
    group.addoption("--bridge-vendor", metavar="NAME", help="run only the tables of this vendor")
    group.addoption("--bridge-rungs", metavar="FILE", help="write the rungs reached as JSON")
    group.addoption("--bridge-exchanges", metavar="DIR", help="write every exchange, masked, one file a case")


def pytest_configure(config: "pytest.Config") -> None:
    """Watch this run; pytest may run inside pytest, so what was seen belongs to the run."""
    config.pluginmanager.register(_Reports(config), "bridge-reports")


def pytest_collection_modifyitems(config: "pytest.Config", items: list[Any]) -> None:
    """Keep only the tables of `--bridge-vendor`."""
    name = config.getoption("--bridge-vendor")
    if not name:
        return
    chosen = [item for item in items if _vendor_of(item) == name]
    config.hook.pytest_deselected(items=[item for item in items if _vendor_of(item) != name])
    items[:] = chosen


def _vendor_of(item: Any) -> str | None:
    name_of = getattr(getattr(item, "cls", None), "vendor_name", None)
    return name_of() if name_of is not None else None


class _Reports:
    """What became of every rule in one run."""

    def __init__(self, config: "pytest.Config") -> None:
        self._config = config
        self._results: list[tuple[dict[str, Any], str, str]] = []

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        """Note what became of a rule; of a test that failed in its set-up too."""
        if report.when != "call" and report.outcome == "passed":
            return
        told: list[Any] = [each for name, each in report.user_properties if name == _PROPERTY]
        unproven = [each for name, each in report.user_properties if name == _UNPROVEN]
        for each in told:
            self._results.append(({**each, "unproven": unproven}, report.outcome, _reason(report)))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print each table's rung and what the next one lacks."""
        if not self._results:
            return
        from .ladder.climbing import climbs

        found = climbs(self._results)
        terminalreporter.section("vendor tables")
        for climb in found:
            terminalreporter.write_line(f"{climb.title}: {climb.rung or 'no rung yet'}")
            for step in climb.next_steps:
                terminalreporter.write_line(f"    lacks {step}")
            for what in climb.unproven:
                terminalreporter.write_line(f"    not proven: {what}")
        target = self._config.getoption("--bridge-rungs")
        if target:
            Path(target).write_text(json.dumps([_told(climb) for climb in found], indent=2) + "\n")


def _reason(report: "pytest.TestReport") -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(crash.message).splitlines() if crash else []
    return " ".join(line.strip() for line in lines)[:200]


def _told(climb: "TableResults") -> dict[str, Any]:
    return {
        "title": climb.title,
        "vendor": climb.vendor,
        "rung": climb.rung,
        "lacks": climb.next_steps,
        "unproven": climb.unproven,
    }
