"""PostgreSQL clusters of a test's own, with their own ports and folders, run as the user postgres."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.campaign.processes import free_port

USER = "postgres"
# What is rehearsed is programs that end, not power that fails; the standby looks again at once.
SETTINGS = """
listen_addresses = '127.0.0.1'
fsync = off
max_connections = 60
max_wal_senders = 4
shared_buffers = 16MB
wal_retrieve_retry_interval = 100
unix_socket_directories = ''
log_min_messages = warning
"""


def binary(name: str) -> str:
    """Return a server program of PostgreSQL; without it the test is skipped, or fails where it must run."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        if os.environ.get("SMS_BRIDGE_REQUIRE_POSTGRES") == "1":
            pytest.fail(f"{name} of PostgreSQL's server is required here and is not installed.")
        pytest.skip(f"{name} of PostgreSQL's server is not installed.")
    return path


def as_postgres(*command: str | Path) -> str:
    """Run a program to its end as postgres, for servers refuse to run as root. Returns what it printed."""
    before = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
    words = [*before, *map(str, command)]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}"
    return done.stdout


@contextmanager
def room() -> Iterator[Path]:
    """Yield a folder that postgres may enter and write to, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="sms-bridge-clusters-"))
    if os.geteuid() == 0:
        owner = pwd.getpwnam(USER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Cluster:
    """One server and its data."""

    def __init__(self, folder: Path, name: str) -> None:
        self.data = folder / name
        self.port = free_port()
        self._log = folder / f"{name}.log"

    def make(self, settings: str = "") -> "Cluster":
        """Make an empty cluster."""
        as_postgres(binary("initdb"), "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self.configure(SETTINGS + settings)
        return self

    def configure(self, settings: str) -> None:
        """Add lines to its configuration."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(settings)

    def start(self, *options: str) -> None:
        """Start it and wait until it answers."""
        words = " ".join((f"-p {self.port}", *options))
        command = (binary("pg_ctl"), "-D", self.data, "-l", self._log, "-w", "-t", "40", "-o", words)
        as_postgres(*command, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` is a crash, `fast` an orderly end. One that does not run stays so."""
        if (self.data / "postmaster.pid").exists():
            as_postgres(binary("pg_ctl"), "-D", self.data, "-m", mode, "-w", "-t", "40", "stop")

    def promote(self) -> None:
        """Make a standby the primary."""
        as_postgres(binary("pg_ctl"), "-D", self.data, "-w", "-t", "40", "promote")

    def copy_to(self, other: "Cluster", *options: str) -> None:
        """Take a base backup into another cluster's folder."""
        source = f"postgresql://{USER}@127.0.0.1:{self.port}"
        as_postgres(
            binary("pg_basebackup"), "-d", source, "-D", other.data, "-c", "fast", "--no-sync", *options
        )

    def sql(self, statement: str, database: str = USER) -> str:
        """Run a statement. Returns what it shows."""
        url = f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"
        return as_postgres(binary("psql"), "-X", "-t", "-A", "-d", url, "-c", statement).strip()

    def url(self, database: str) -> str:
        """Return the address of a database for the bridge."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"


@contextmanager
def ended(*clusters: Cluster) -> Iterator[None]:
    """Whatever happens, no server stays."""
    try:
        yield
    finally:
        for cluster in clusters:
            cluster.stop()


def await_(done: Callable[[], bool], what: str, timeout_s: float = 120) -> None:
    """Wait for something."""
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)
