"""A real nginx with one of the operator's files, on loopback addresses."""

import functools
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.campaign.processes import free_port

from .tools import CONFIG, run, tool

MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/main-error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@functools.cache
def certificate() -> dict[str, bytes]:
    """Return a key and a certificate by their files' names, made once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        run(
            *(tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=sms.example.com"),
            *("-keyout", f"{folder}/site.key", "-out", f"{folder}/site.pem"),
        )
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


class Nginx:
    """nginx in front of an address; `changes` are made to the file before, such as a shorter time-out."""

    def __init__(self, folder: Path, name: str, upstreams: list[int], changes: dict[str, str]) -> None:
        self.port = free_port()
        self.folder = folder
        program = tool("nginx")
        for file, text in certificate().items():
            (folder / file).write_bytes(text)
        (folder / "site.conf").write_text(
            self._site((CONFIG / "nginx" / name).read_text(), upstreams, changes)
        )
        main = folder / "nginx.conf"
        main.write_text(MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
        command = [program, "-e", str(folder / "main-error.log"), "-p", str(folder), "-c", str(main)]
        self.process = subprocess.Popen(command)
        self._wait()

    def _site(self, text: str, upstreams: list[int], changes: dict[str, str]) -> str:
        servers = re.findall(r"^    server [\d.:]+", text, re.MULTILINE)
        assert len(servers) == len(upstreams)
        replaced = {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "/etc/ssl/sms.example.com": f"{self.folder}/site",
            "/var/log/nginx/": f"{self.folder}/",
            **dict(zip(servers, (f"    server 127.0.0.1:{port}" for port in upstreams), strict=True)),
            **changes,
        }
        for old, new in replaced.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def _wait(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.logs()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(self.logs())

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self.port}"

    def logs(self) -> str:
        """Return everything that it wrote down."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        """End it, and wait."""
        self.process.terminate()
        self.process.wait(20)
