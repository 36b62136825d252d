"""The container's files, as far as they can be read without a builder."""

import re
from typing import Any

import pytest
import yaml

from bridge.settings import BridgeSettings

from .tools import CONFIG, ROOT

DOCKERFILE = (CONFIG / "container" / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((CONFIG / "container" / "compose.yml").read_text())[
    "services"
]
OURS = [name for name in SERVICES if name != "db"]


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
