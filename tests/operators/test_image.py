"""The image, built and run where docker or podman and the base image are there; minutes, so rehearsed.

SMS_BRIDGE_TEST_BASE names another base, SMS_BRIDGE_TEST_BUILD and SMS_BRIDGE_TEST_RUN hold options that a
machine needs to build and to run, such as `--isolation chroot` and `--runtime runc`.
"""

import os
import shlex
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.settings import BridgeSettings
from tests.campaign.processes import free_port

from .tools import CONFIG, ROOT, run

pytestmark = [pytest.mark.slow, pytest.mark.rehearsal]
BASE = os.environ.get("SMS_BRIDGE_TEST_BASE", "python:3.13-slim")
BUILD = shlex.split(os.environ.get("SMS_BRIDGE_TEST_BUILD", ""))
RUN = shlex.split(os.environ.get("SMS_BRIDGE_TEST_RUN", ""))
LONG_S = 900
CONFIGURATION = """
[bridge]
database = "sqlite:////var/lib/sms-bridge/bridge.db"
metrics_dir = "/var/lib/sms-bridge/metrics"

[channels.promo]
platform_name = "Acme SMS"
key = "env:PROMO_KEY"
vendor = "sandbox"
receipts = "pull"
signs = { "Acme" = "approved" }

[channels.promo.settings]
url = "http://127.0.0.1:9"
key = "sandbox-account-key"
poll = true
"""
# What a process in it is, and where it can write.
LOOK = """
import os
for path in ("/", "/opt/sms-bridge", "/etc/sms-bridge", "/var/lib/sms-bridge", "/tmp"):
    try:
        open(path.rstrip("/") + "/x", "w").close()
        print(path)
    except OSError:
        pass
print(os.getuid(), open("/proc/1/cmdline").read().replace(chr(0), " ").split()[-1])
"""


def engine() -> str:
    """Return docker or podman where one answers and has the base image; else skip."""
    for name in ("docker", "podman"):
        if shutil.which(name):
            asked = subprocess.run([name, "image", "inspect", BASE], capture_output=True, check=False)
            if asked.returncode == 0:
                return name
    pytest.skip(f"no docker or podman with the image {BASE}: the image is not built.")


class Image:
    """The image of this repository, and containers of it on one volume, as the guide starts them."""

    def __init__(self, folder: Path) -> None:
        self.engine = engine()
        self.name = f"sms-bridge-test-{uuid.uuid4().hex[:8]}"
        self.port = free_port()
        (folder / "bridge.toml").write_text(CONFIGURATION)
        (folder / "bridge.toml").chmod(0o644)
        (folder / "env").write_text("PROMO_KEY=promo-key-0123456789\n")
        self._options = [
            *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("-v", f"{self.name}:/var/lib/sms-bridge"),
            *("-v", f"{folder}/bridge.toml:/etc/sms-bridge/bridge.toml:ro"),
            *("--env-file", f"{folder}/env", "-p", f"127.0.0.1:{self.port}:8000", *RUN),
        ]

    def build(self) -> None:
        """Build it from what is in the repository."""
        file = CONFIG / "container" / "Dockerfile"
        kind = ["--format", "docker"] if self.engine == "podman" else []
        command = ["build", *kind, "-f", str(file), "--build-arg", f"BASE={BASE}", "-t", self.name, *BUILD]
        done = subprocess.run(
            [self.engine, *command, str(ROOT)], capture_output=True, timeout=LONG_S, check=False
        )
        assert done.returncode == 0, done.stderr.decode()[-3000:]

    def run(self, *command: str, entry: str = "", status: int = 0) -> str:
        """Run a command in a container of its own; return what it printed."""
        entrypoint = ["--entrypoint", entry] if entry else []
        return run(
            self.engine, "run", "--rm", *entrypoint, *self._options, self.name, *command, status=status
        )

    def start(self, *command: str) -> None:
        """Start a container that stays, and wait until it is healthy by its own command."""
        run(self.engine, "run", "-d", "--name", self.name, *self._options, self.name, *command)
        deadline = time.monotonic() + 120
        while subprocess.run(
            [self.engine, "exec", self.name, "sms-bridge", "healthy"], capture_output=True
        ).returncode:
            assert time.monotonic() < deadline, run(self.engine, "logs", self.name)
            time.sleep(1)

    def inside(self, *command: str) -> str:
        """Run a command in the container that stays."""
        return run(self.engine, "exec", self.name, *command)

    def stop(self) -> tuple[int, str]:
        """Stop it. Returns its exit status, and its log."""
        run(self.engine, "stop", "--time", str(BridgeSettings.model_fields["lease_s"].default), self.name)
        status = run(self.engine, "inspect", self.name, "--format", "{{.State.ExitCode}}").splitlines()[-1]
        log = run(self.engine, "logs", self.name)
        run(self.engine, "rm", self.name)
        return int(status), log

    def remove(self) -> None:
        """Leave nothing behind."""
        for words in (("rm", "-f", self.name), ("rmi", "-f", self.name), ("volume", "rm", "-f", self.name)):
            subprocess.run([self.engine, *words], capture_output=True, check=False)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Built once."""
    image = Image(tmp_path_factory.mktemp("image"))
    try:
        image.build()
        yield image
    finally:
        image.remove()


def test_the_image_runs_as_the_guide_says(image: Image) -> None:
    """No schema but by its own command; nobody's rights, a root that cannot be written, an orderly end."""
    assert "schema" in image.run("--version")
    assert "There is no database" in image.run("channels", status=2)
    assert "The database has schema" in image.run("db", "upgrade")
    assert "No fault." in image.run("check")
    image.start()
    *writable, last = image.inside("python3", "-c", LOOK).splitlines()
    assert writable[-2:] == ["/var/lib/sms-bridge", "/tmp"]
    assert last == "10001 serve"
    assert "Acme" in image.inside("sms-bridge", "channels")
    status, log = image.stop()
    assert status == 0 and "all processes ended" in log
