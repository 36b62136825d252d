"""The dashboard, asked of a real Prometheus that watched a campaign."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.campaign.processes import free_port

from .tools import CONFIG, run, tool

FOLDER = CONFIG / "grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "sms-bridge.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
NOTHING_WRONG = {
    "Failed calls, by code",
    "Webhooks, by answer",
    "Weights of accounts",
}  # a campaign that is polled, without failures, and with one account
DEADLINE_S = 240


def until(found: Callable[[], Any], what: str) -> Any:
    """Ask again and again until there is an answer; return it."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            if answer := found():
                return answer
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise AssertionError(what)


class Watch:
    """A Prometheus that scrapes one address every second."""

    def __init__(self, folder: Path, target: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        scraping = yaml.safe_load((CONFIG / "prometheus" / "scrape.yml").read_text())
        scraping["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        scraping["scrape_configs"][0] |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
        scraping["rule_files"] = [str(CONFIG / "prometheus" / "alerts.yml")]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(scraping))
        command = [
            tool("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
        ]
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
            )

    def ask(self, expression: str) -> list[Any]:
        """Return the result of an expression now; a wrong one fails."""
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=10)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"]["result"])

    def scrapes(self) -> int:
        """Return how often the bridge was scraped in the last five minutes."""
        found = self.ask("count_over_time(sms_bridge_live_workers[5m])")
        return max((int(one["value"][1]) for one in found), default=0)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watch, str]]:
    """Yield a demo that goes on running, and the Prometheus that saw its campaign."""
    tool("prometheus")
    folder = tmp_path_factory.mktemp("dashboard")
    output = folder / "demo.log"
    with ExitStack() as stack:
        with output.open("wb") as file:
            command = [sys.executable, "-m", "bridge.cli", "demo", "--recipients", "800", "--keep"]
            demo = subprocess.Popen(command, stdout=file, stderr=file)
        stack.callback(demo.wait, 60)
        stack.callback(demo.terminate)
        found = until(
            lambda: re.search(r"bridge .*http://(127\.0\.0\.1:\d+)", output.read_text()), "no address"
        )
        watch = Watch(folder, found[1])
        stack.callback(watch.process.wait, 60)
        stack.callback(watch.process.terminate)
        until(lambda: "Everything reconciles" in output.read_text(), "the campaign did not end")
        # A rate needs two samples, also of what began with the campaign's last second.
        until(lambda: watch.scrapes() > 0, "nothing was scraped")
        before = watch.scrapes()
        until(lambda: watch.scrapes() >= before + 4, "nothing was scraped afterwards")
        yield watch, found[1]


@pytest.mark.slow
def test_no_panel_is_empty_that_should_not_be(campaign: tuple[Watch, str]) -> None:
    """Each expression is understood, and finds something."""
    watch, _ = campaign
    empty = set()
    for panel in PANELS:
        for target in panel["targets"]:
            asked = target["expr"].replace("$channel", ".*").replace("$__rate_interval", "5m")
            if not watch.ask(asked):
                empty.add(panel["title"])
    assert empty <= NOTHING_WRONG
    assert watch.ask(DASHBOARD["annotations"]["list"][0]["expr"]) == []


@pytest.mark.slow
def test_a_campaign_that_is_well_fires_nothing(campaign: tuple[Watch, str]) -> None:
    """No alert is even pending, and each rule could be evaluated."""
    watch, _ = campaign
    [group] = requests.get(f"{watch.url}/api/v1/rules", timeout=10).json()["data"]["groups"]
    assert {rule["name"] for rule in group["rules"] if rule["health"] == "err"} == set()
    assert {rule["name"] for rule in group["rules"] if rule["state"] == "firing"} == set()


@pytest.mark.slow
def test_the_metrics_follow_the_conventions(campaign: tuple[Watch, str]) -> None:
    """`promtool check metrics` has nothing to say."""
    text = requests.get(f"http://{campaign[1]}/metrics", timeout=10).text
    assert run(tool("promtool"), "check", "metrics", input=text) == ""


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_panels_are_portable(panel: dict[str, Any]) -> None:
    """They ask the chosen data source and the chosen channels, and fit into the grid."""
    assert panel["datasource"]["uid"] == "${DS_PROMETHEUS}"
    assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
    assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    for target in panel["targets"]:
        named = re.findall(r"sms_bridge_\w+", target["expr"])
        assert target["expr"].count('channel=~"$channel"') == len(named) or panel["type"] == "stat"


def test_what_is_scraped_is_called_a_machine() -> None:
    """One target a machine: a web, or one that has workers alone; none is a process."""
    named = {panel["title"] for panel in PANELS for one in panel["targets"] if "up{job" in one["expr"]}
    assert named == {"Machines that answer"}


def test_it_can_be_provisioned() -> None:
    """A fixed uid and no id, as files are read; every panel has its own number; the examples are YAML."""
    assert (DASHBOARD["uid"], DASHBOARD["id"]) == ("sms-bridge", None)
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
    for file in sorted((FOLDER / "provisioning").rglob("*.yml")):
        assert yaml.safe_load(file.read_text())["apiVersion"] == 1
