"""Rungs computed from test results: bronze, silver, gold. Nobody writes one down."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

RUNGS = ("bronze", "silver", "gold")
PROPERTY = "bridge_rule"
"""The user property by which a test reports its rule."""

UNPROVEN = "bridge_unproven"
"""The user property by which a test reports what it could not look at."""

_Test = TypeVar("_Test", bound=Callable[..., Any])


def rule(rung: str) -> Callable[[_Test], _Test]:
    """Mark a test of the suite as a rule of that rung."""

    def mark(test: _Test) -> _Test:
        setattr(test, PROPERTY, rung)
        return test

    return mark


@dataclass
class TableResults:
    """The results of one table. `wanted` counts the tests of each rule, as collected."""

    title: str
    vendor: str
    wanted: dict[str, int] = field(default_factory=dict)
    rungs: dict[str, str] = field(default_factory=dict)
    passed: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, str] = field(default_factory=dict)
    unproven: list[str] = field(default_factory=list)
    """What passed without being looked at, as sentences."""

    @property
    def rung(self) -> str:
        """The highest rung whose rules, and those of every rung below, all passed; "" for none."""
        reached = ""
        for rung in RUNGS:
            if not self.wanted or self.open_rules(rung):
                break
            reached = rung
        return reached

    def open_rules(self, rung: str) -> list[str]:
        """Return the rules of a rung that are not fulfilled, with the reason where there is one."""
        return [
            f"{name}: {self.lacking[name]}" if name in self.lacking else name
            for name, count in self.wanted.items()
            if self.rungs[name] == rung and self.passed[name] < count
        ]

    @property
    def next_steps(self) -> list[str]:
        """The unfulfilled rules of the next rung."""
        following = RUNGS[RUNGS.index(self.rung) + 1 :] if self.rung else RUNGS
        return self.open_rules(following[0]) if following else []


def climbs(results: Iterable[tuple[Mapping[str, Any], str, str]]) -> list[TableResults]:
    """Add up `(property, outcome, reason)` of every finished test, table by table."""
    found: dict[str, TableResults] = {}
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for told, outcome, reason in results:
        climb = found.setdefault(told["title"], TableResults(told["title"], told["vendor"]))
        if "unproven" in told:
            climb.unproven += [each for each in told["unproven"] if each not in climb.unproven]
        if outcome == "passed":
            climb.passed[told["rule"]] += 1
        elif reason:
            reasons[told["title"], told["rule"]].append(reason)
        if "wanted" in told:
            climb.wanted = {name: count for name, (_, count) in told["wanted"].items()}
            climb.rungs = {name: rung for name, (rung, _) in told["wanted"].items()}
    for (title, name), lines in reasons.items():
        found[title].lacking[name] = lines[0]
    return list(found.values())
