"""The container's files, as far as they can be read without a builder."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.settings import BridgeSettings

from .clusters import Cluster, ended, room
from .tools import CONFIG, ROOT, run, tool

DOCKERFILE = (CONFIG / "container" / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((CONFIG / "container" / "compose.yml").read_text())[
    "services"
]
OURS = [name for name in SERVICES if name not in ("db", "prometheus")]


@pytest.mark.parametrize(
    "line",
    [
        r"^ARG BASE=",
        r"^USER \d+:\d+$",
        r'^ENTRYPOINT \["sms-bridge"\]$',
        r"^STOPSIGNAL SIGTERM$",
        r'CMD \["sms-bridge", "healthy"\]$',
    ],
)
def test_the_image_is_as_an_orchestrator_wants_it(line: str) -> None:
    """Its base is an argument, its user a number, its program gets the signals, its health is its own."""
    assert re.search(line, DOCKERFILE, re.MULTILINE)


def test_the_image_holds_no_secret_and_migrates_nothing() -> None:
    """Files are copied by name, and the schema is a command of its own."""
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = [word for line in copied for word in line.split()]
    assert sources and all((ROOT / source).exists() for source in sources)
    assert "." not in sources
    assert not re.search(r"^(?!#).*db upgrade", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("name", OURS)
def test_services_are_closed(name: str) -> None:
    """A root file system that cannot be written, no capability, no way to more rights."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    # State is the image's own volume: a tmpfs there would be root's with podman.
    assert service["tmpfs"] == ["/tmp"]
    assert "\nVOLUME /var/lib/sms-bridge\n" in DOCKERFILE


def test_services_stop_and_start_in_order() -> None:
    """A worker has longer than its lease; nothing starts before the schema is there."""
    lease = BridgeSettings.model_fields["lease_s"].default
    assert int(SERVICES["worker"]["stop_grace_period"].rstrip("s")) > lease
    assert SERVICES["migrate"]["command"] == ["db", "upgrade"]
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


SCRAPE = CONFIG / "container" / "scrape.yml"


@pytest.mark.parametrize("name", OURS)
def test_secrets_that_have_files_of_their_own_are_there(name: str) -> None:
    """Where `init` writes them and `file:secrets/...` finds them: beside the configuration."""
    places = dict(line.split(":")[:2] for line in SERVICES[name]["volumes"])
    assert places["./bridge.toml"] == "/etc/sms-bridge/bridge.toml"
    assert places["./secrets"] == "/etc/sms-bridge/secrets"
    assert all(line.endswith(":ro") for line in SERVICES[name]["volumes"])


def told_lines() -> str:
    """Return the lines that the file tells to write under [bridge]."""
    head = (CONFIG / "container" / "compose.yml").read_text().partition("x-bridge:")[0]
    return "\n".join(re.findall(r"^#   (\w+ = .+)$", head, re.MULTILINE))


def test_prometheus_sees_every_web_and_worker(tmp_path: Path) -> None:
    """By the services' names, at the port that workers show their metrics at, beyond their own container."""
    bridge = BridgeSettings.model_validate({**tomllib.loads(told_lines()), "database": "sqlite:///x"})
    assert (bridge.metrics_port, bridge.metrics_host) == (9108, "0.0.0.0")
    assert bridge.metrics_dir.startswith("/var/lib/sms-bridge/")
    assert SERVICES["worker"]["expose"] == [str(bridge.metrics_port)]
    [job] = yaml.safe_load(SCRAPE.read_text())["scrape_configs"]
    asked = {(*one["names"], one["port"]) for one in job["dns_sd_configs"]}
    assert (job["job_name"], asked) == ("sms-bridge", {("web", 8000), ("worker", bridge.metrics_port)})
    assert asked <= {(name, port) for name in SERVICES for port in (8000, 9108)}
    for file in (SCRAPE, CONFIG / "prometheus" / "alerts.yml"):
        shutil.copy(file, tmp_path)
    run(tool("promtool"), "check", "config", tmp_path / "scrape.yml")


CHANNEL = """
[bridge]
{bridge}
[channels.promo]
platform_name = "Acme SMS"
key = ""
vendor = "sandbox"
receipts = "pull"
"""
PASSWORD = "p@ss:w/rd?#%41 'x\""


@pytest.mark.slow
def test_a_password_may_be_any(tmp_path: Path) -> None:
    """What compose hands to PostgreSQL opens it, whatever characters it has; a wrong one does not."""
    with room() as folder:
        cluster = Cluster(folder, "asked").make()
        with ended(cluster):
            cluster.start()
            quoted = PASSWORD.replace("'", "''")
            cluster.sql(f"CREATE ROLE sms_bridge LOGIN PASSWORD '{quoted}'")
            cluster.sql("CREATE DATABASE sms_bridge OWNER sms_bridge")
            (cluster.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
            cluster.stop("fast")
            cluster.start()
            for given, good in ((PASSWORD, True), ("another", False)):
                told = upgraded(tmp_path, cluster.port, given)
                assert (told.returncode == 0) is good, told.stderr
                assert given not in told.stdout + told.stderr


def upgraded(folder: Path, port: int, password: str) -> subprocess.CompletedProcess[str]:
    """Run the service `migrate` with what compose makes of its environment."""
    environ = {
        name: re.sub(r"\$\{SMS_BRIDGE_DB_PASSWORD[^}]*\}", lambda _: password, text)
        for name, text in SERVICES["migrate"]["environment"].items()
    }
    environ["SMS_BRIDGE_DATABASE"] = environ["SMS_BRIDGE_DATABASE"].replace("@db/", f"@127.0.0.1:{port}/")
    (folder / "bridge.toml").write_text(CHANNEL.format(bridge=told_lines()))
    return subprocess.run(
        [sys.executable, "-m", "bridge.cli", *SERVICES["migrate"]["command"]],
        env={**os.environ, **environ, "SMS_BRIDGE_CONFIG": str(folder / "bridge.toml")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
