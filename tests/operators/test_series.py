"""The alerts ask for what a bridge tells: each metric, label and value is one that it can make.

An alert that names a value which never occurs is silent in every outage, and a case that plays such a series
proves nothing.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.utils import floatToGoString

from bridge import metrics
from bridge.channels import PluginFault
from bridge.channels.calls import ASKING
from bridge.channels.hooks import SENDING
from bridge.contract.callbacks import CallbackAnswer, CallbackKind
from bridge.contract.operations import OPERATIONS
from bridge.plugin import BridgeError, MessageStatus
from bridge.settings import BridgeSettings
from bridge.web.answers import INTERNAL_ERROR
from bridge.web.gauges import LedgerGauges
from tests.web.world import World

from .test_alerts import CASES, RULES

ROOT = Path(metrics.__file__).parent
NAMED_BY_PEOPLE = {"channel", "account", "instance"}
OWN_CODE = "E000503"
"""Stands for the codes that vendors have themselves, which no list holds."""

# A series as rules and cases write it: its name, and its labels in braces where it has any.
SERIES = re.compile(r"\b(sms_bridge_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def errors(kind: type[BridgeError] = BridgeError) -> Iterator[str]:
    """Yield the code of each error that a plugin may raise."""
    yield kind.default_code
    for one in kind.__subclasses__():
        yield from errors(one)


def refusals() -> Iterator[str]:
    """Yield the codes with which the bridge itself refuses requests, as its source has them."""
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="Refusal"), args=[ast.Constant(value=str(code)), *_]):
                    yield code


def named_errors() -> Iterator[str]:
    """Yield the codes that what all plugins share gives its errors, such as that of a refused connection."""
    for file in (ROOT / "plugin").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                    yield code


HOOKS = {*ASKING, *SENDING.values()}
ERRORS = {*errors(), *named_errors(), PluginFault.default_code} - {""}
SUCCESS = BridgeSettings.model_fields["success_code"].default
COUNTED: dict[tuple[str, str], set[str]] = {
    ("sms_bridge_vendor_errors_total", "hook"): HOOKS,
    ("sms_bridge_vendor_errors_total", "code"): {*ERRORS, OWN_CODE},
    ("sms_bridge_vendor_call_seconds", "hook"): HOOKS,
    ("sms_bridge_requests_total", "operation"): {one.name for one in OPERATIONS},
    ("sms_bridge_requests_total", "code"): {SUCCESS, INTERNAL_ERROR, "REPEATED", *refusals(), *ERRORS},
    ("sms_bridge_webhooks_total", "status"): {"200", *map(str, range(400, 600))},
    ("sms_bridge_push_calls_total", "kind"): set(get_args(CallbackKind)),
    ("sms_bridge_push_calls_total", "outcome"): set(get_args(get_type_hints(CallbackAnswer)["outcome"])),
    ("sms_bridge_finished_total", "status"): {one.name.lower() for one in MessageStatus},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[str]]]:
    """Return what a bridge can make: the values of each label of each series; none where people name them."""
    found: dict[str, dict[str, set[str]]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            found |= counted(metric)
    world = World(tmp_path_factory.mktemp("series"), bridge={}, channels={})
    for family in LedgerGauges(("promo",), world.ledger, lambda: world.now).collect():
        found[family.name] = {label: set() for label in family._labelnames}
        for sample in family.samples:
            for label, value in sample.labels.items():
                found[family.name][label].add(str(value))
    return found


def counted(metric: MetricWrapperBase) -> dict[str, dict[str, set[str]]]:
    """Return the series of one metric that processes count."""
    [family] = metric.describe()
    if isinstance(metric, Counter):
        name = f"{family.name}_total"
        return {name: {label: COUNTED.get((name, label), set()) for label in metric._labelnames}}
    labels = {label: COUNTED.get((family.name, label), set()) for label in metric._labelnames}
    if isinstance(metric, Histogram):
        bounds = {floatToGoString(bound) for bound in metric._upper_bounds}  # type: ignore[no-untyped-call]
        parts = {"_count": labels, "_sum": labels, "_bucket": {**labels, "le": bounds}}
        return {family.name + part: these for part, these in parts.items()}
    return {family.name: labels}


def asked(expression: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yield the series of an expression, each with its matchers: label, operator, value."""
    for name, labels in SERIES.findall(expression):
        yield name, MATCHER.findall(labels)


def strange(expression: str, made: dict[str, dict[str, set[str]]]) -> list[str]:
    """Return what an expression names that no bridge makes."""
    found = []
    for name, matchers in asked(expression):
        if name not in made:
            found.append(name)
            continue
        for label, operator, value in matchers:
            if label in NAMED_BY_PEOPLE:
                continue
            wanted = value.split("|") if "~" in operator else [re.escape(value)]
            known = made[name].get(label, set())
            found += [
                f"{name}: {label}={one}"
                for one in wanted
                if not any(re.fullmatch(one, each) for each in known)
            ]
    return found


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_asks_for_what_occurs(rule: dict[str, str], made: dict[str, dict[str, set[str]]]) -> None:
    """Each alternative of a pattern, too."""
    assert strange(rule["expr"], made) == []


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_groups_by_labels_that_are_there(
    rule: dict[str, str], made: dict[str, dict[str, set[str]]]
) -> None:
    """And its summary tells no label that is not."""
    names = [name for name, _ in asked(rule["expr"])]
    grouped = {
        label.strip()
        for labels in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", rule["expr"])
        for label in labels.split(",")
    }
    told = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    if names:
        assert (grouped | told) - {"instance"} <= {label for name in names for label in made[name]}
    assert "by (" not in rule["expr"] or told - {"instance"} <= grouped


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case_plays_what_occurs(
    case: dict[str, list[dict[str, str]]], made: dict[str, dict[str, set[str]]]
) -> None:
    """With every label that the bridge gives a series."""
    for one in case["input_series"]:
        assert strange(one["series"], made) == []
        for name, matchers in asked(one["series"]):
            assert {label for label, _, _ in matchers} - {"instance"} == set(made[name])


def test_values_that_never_occur_are_found(made: dict[str, dict[str, set[str]]]) -> None:
    """As they were once asked for."""
    assert strange('sms_bridge_requests_total{code=~"5.."}', made)
    assert strange('sms_bridge_vendor_call_seconds_count{hook=~"send.*|parse_webhook"}', made)
    assert strange("sms_bridge_requests{}", made) == ["sms_bridge_requests"]
    assert not strange('sms_bridge_requests_total{code=~"401|INTERNAL_ERROR",channel="x"}', made)
