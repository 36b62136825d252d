"""What the operator's guide and the README tell the reader to type exists."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bridge import metrics
from bridge.cli import main
from bridge.plugin.hookspecs import OPERATIONS
from bridge.settings import (
    BridgeSettings,
    ChannelSettings,
    ConsoleSettings,
    PriceSettings,
    SignOnSettings,
)
from bridge.web.probes import LedgerGauges
from tests.cli.conftest import Desk

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "config" / "README.md"
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def fences(path: Path, language: str) -> list[str]:
    """Return the code blocks of a language."""
    found = _FENCE.finditer(path.read_text(encoding="utf-8"))
    return [match["text"] for match in found if match["language"] == language]


def commands() -> Iterator[str]:
    """Yield every `sms-bridge` command line of the documents, in code blocks and in running text."""
    for path in (GUIDE, ROOT / "README.md"):
        text = path.read_text(encoding="utf-8")
        for block in fences(path, "sh"):
            for line in block.splitlines():
                yield from re.findall(r"(?:^|bin/|&& )sms-bridge ([a-z].*)", line.partition(" #")[0].strip())
        yield from re.findall(r"`sms-bridge ([a-z][^`]*)`", _FENCE.sub("", text))


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_documented_command_parses(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, options and arguments exist; nothing is run."""
    monkeypatch.chdir(tmp_path)
    for name in ("numbers.txt", "my-phones.txt"):
        (tmp_path / name).touch()
    command: click.Command = main
    words = shlex.split(line)
    context = click.Context(main)
    while isinstance(command, click.Group) and words and (inner := command.get_command(context, words[0])):
        command = inner
        words.pop(0)
    assert command is not main, line
    command.make_context(line, words, parent=context).close()


def test_every_documented_metric_exists(desk: Desk) -> None:
    """Alerts, dashboards and the guide name metrics that the bridge shows."""
    shown = metrics.exposition(LedgerGauges(("promo",), desk.ledger, lambda: 0.0)).decode()
    names = set(re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE))
    names |= {f"{name}_count" for name in re.findall(r"^# TYPE (\w+) histogram", shown, re.MULTILINE)}
    watching = [GUIDE, *(ROOT / "config" / "prometheus").glob("*.yml")]
    watching += (ROOT / "config" / "grafana").glob("*.json")
    used = {name for path in watching for name in re.findall(r"\bsms_bridge_\w+", path.read_text())}
    assert len(used) >= 15
    assert {name.removesuffix("_bucket") for name in used} <= names


def test_every_documented_setting_exists() -> None:
    """What running text names is a setting of the bridge, a channel, or gunicorn's file, or a hook."""
    text = _FENCE.sub("", GUIDE.read_text(encoding="utf-8"))
    models = (BridgeSettings, ChannelSettings, ConsoleSettings, PriceSettings)
    known = {name for model in models for name in model.model_fields}
    named = {
        name for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text) if not name.startswith("sms_bridge_")
    }
    others = {
        "zsh_source",
        "synchronous_commit",
        "max_connections",
        "synchronous_standby_names",
        "pg_dump",
        "pg_replication_slots",
        "request_id",
        "quiet_hours",
        "vendor_hours",
        "runbook_url",
    }
    assert named - known - others - OPERATIONS == set()


def test_examples_are_in_their_language() -> None:
    """TOML blocks parse and hold settings that exist."""
    for block in fences(GUIDE, "toml"):
        document = tomllib.loads(block)
        assert set(document) <= {"bridge", "channels", "console", "prices"}
        assert set(document.get("console", {})) <= set(ConsoleSettings.model_fields)
        assert set(document.get("console", {}).get("sign_on", {})) <= set(SignOnSettings.model_fields)
        assert set(document.get("bridge", {})) <= set(BridgeSettings.model_fields)
        for channel in document.get("channels", {}).values():
            assert set(channel) <= set(ChannelSettings.model_fields)
