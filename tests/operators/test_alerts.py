"""The alerts, read and played by promtool."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .tools import CONFIG, run, tool

FOLDER = CONFIG / "prometheus"
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.test.yml").read_text())["tests"]

# Where the guide says that the repository is installed, as the units have it.
GUIDE = "file:///opt/sms-bridge/config/README.md"


def fired(case: dict[str, Any]) -> set[str]:
    """Return the alerts that a case expects."""
    [test] = case["promql_expr_test"]
    return {
        word for sample in test["exp_samples"] for word in re.findall(r'alertname="(\w+)"', sample["labels"])
    }


def test_promtool_reads_them() -> None:
    """Expressions and templates are in its language."""
    assert f"{len(RULES)} rules found" in run(tool("promtool"), "check", "rules", FOLDER / "alerts.yml")


def test_every_job_is_scraped() -> None:
    """The example has each job that an alert names, and promtool takes it."""
    scraped = yaml.safe_load((FOLDER / "scrape.yml").read_text())["scrape_configs"]
    named = {job for rule in RULES for job in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert named == {one["job_name"] for one in scraped}
    run(tool("promtool"), "check", "config", FOLDER / "scrape.yml")


def test_each_outage_fires_what_it_should() -> None:
    """And nothing else fires."""
    run(tool("promtool"), "test", "rules", FOLDER / "alerts.test.yml")


# A threshold that never lets an alert fire, and one that always does: in one run, for each takes a while.
WRONG = {
    "SmsBridgeQueueStands": ("_overdue_seconds) > 600", "_overdue_seconds) > 600000"),
    "SmsBridgeNoWorker": ("live_workers == 0", "live_workers < 9"),
}


def test_a_wrong_threshold_is_found(tmp_path: Path) -> None:
    """One that never fires, and one that always does; as it stands the same cases are well."""
    rules, played = (
        (FOLDER / "alerts.yml").read_text(),
        yaml.safe_load((FOLDER / "alerts.test.yml").read_text()),
    )
    files = []
    for alert, (old, new) in {"SmsBridgeWebDown": ("up", "up"), **WRONG}.items():
        assert old in rules
        folder = tmp_path / alert
        folder.mkdir()
        (folder / "alerts.yml").write_text(rules.replace(old, new))
        files.append(folder / "alerts.test.yml")
        files[-1].write_text(yaml.safe_dump({**played, "tests": _few(alert)}))
    told = run(tool("promtool"), "test", "rules", *files, status=1)
    verdicts = re.findall(r"(SUCCESS|FAILED)", told)
    assert verdicts == ["SUCCESS", "FAILED", "FAILED"], told


def _few(alert: str) -> list[dict[str, Any]]:
    """Cases in which an alert fires, and one where its metric is there and it is silent."""
    metric = {"SmsBridgeNoWorker": "live_workers"}.get(alert, "sms_bridge_")
    loud = [case for case in CASES if alert in fired(case)][:1]
    silent = [
        case
        for case in CASES
        if alert not in fired(case) and any(metric in one["series"] for one in case["input_series"])
    ]
    return [*loud, *silent[:1]]


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_is_played(rule: dict[str, Any]) -> None:
    """It fires in one case; in another its metrics are there and it is silent."""
    assert [case["name"] for case in CASES if rule["alert"] in fired(case)]
    metric = re.search(r"\b((?:sms_bridge|node|probe|pg|up)\w*)\{?", rule["expr"])
    assert metric
    silent = [case for case in CASES if rule["alert"] not in fired(case)]
    assert [case for case in silent if any(metric[1] in one["series"] for one in case["input_series"])]


def test_the_base_of_all_links_is_changed_at_once() -> None:
    """By the guide's own command."""
    [(old, new)] = re.findall(r"sed -i 's#(\S+)#(\S+)#' alerts\.yml", (CONFIG / "README.md").read_text())
    links = [rule["annotations"]["runbook_url"] for rule in RULES]
    assert old == GUIDE and all(link.replace(old, new).startswith(f"{new}#") for link in links)
    unit = (CONFIG / "systemd" / "sms-bridge.service").read_text()
    assert f"Documentation={GUIDE}\n" in unit


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_leads_to_what_to_do(rule: dict[str, Any]) -> None:
    """By a link to a paragraph of the guide; it names the channel or machine, and how urgent it is."""
    headings = re.findall(r"^### (.+)$", (CONFIG / "README.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    base, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert base == GUIDE
    assert anchor in anchors
    assert f'<a id="{anchor}"></a>\n\n### ' in (CONFIG / "README.zh-CN.md").read_text()
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert "{{" in rule["annotations"]["summary"] or rule["alert"] == "SmsBridgeNoWorker"
