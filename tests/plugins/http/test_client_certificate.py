"""A vendor that answers only those with a certificate of its authority: openssl's files, a real handshake."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bridge.plugin import Outcome

from .making import HEAD, batch_of, vendor_for

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")

RECIPE = (
    HEAD.replace("[secrets]", "client_certificate = true\n[secrets]")
    + """
[operations.send_batch.request]
path = "/send"
json = { to = "{{ r.phone }}" }
[operations.send_batch.response]
accepted = [{ path = "status", in = ["200"] }]
batch_id = "body.id"
"""
)
KINDS = {"rsa": ["-newkey", "rsa:2048"], "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}


class Files(NamedTuple):
    """A certificate and its key, in PEM."""

    cert: Path
    key: Path


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def authority(folder: Path, name: str) -> Files:
    """Make an authority that vouches for itself."""
    made = Files(folder / f"{name}.pem", folder / f"{name}.key")
    files = ["-keyout", str(made.key), "-out", str(made.cert)]
    # Python 3.13 asks what an authority's key is for, and by which key a certificate was signed.
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    openssl("req", "-x509", "-nodes", *KINDS["ec"], "-days", "2", "-subj", f"/CN={name}", *usage, *files)
    return made


def issued(folder: Path, name: str, by: Files, kind: str) -> Files:
    """Make a certificate of an authority, for this host."""
    made, asked, more = Files(folder / f"{name}.pem", folder / f"{name}.key"), folder / "csr", folder / "ext"
    more.write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
    openssl(
        "req", "-nodes", *KINDS[kind], "-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(asked)
    )
    signing = ["-CA", str(by.cert), "-CAkey", str(by.key), "-CAcreateserial", "-days", "2"]
    openssl("x509", "-req", "-in", str(asked), *signing, "-extfile", str(more), "-out", str(made.cert))
    return made


class _Server(ThreadingHTTPServer):
    asked = 0

    def handle_error(self, *_: Any) -> None:
        """A handshake that fails is what the test wants."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1  # type: ignore[attr-defined]
        body = b'{"id": "v-1"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for the tests."""


@contextmanager
def demanding(vendor: Files, ca: Files) -> Iterator[_Server]:
    """Serve HTTPS to those alone who show a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(vendor.cert, vendor.key)
    context.load_verify_locations(ca.cert)
    context.verify_mode = ssl.CERT_REQUIRED
    server = _Server(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# Who vouches for us, our key's kind, what becomes of a message, and how often the vendor is asked.
ROWS = [
    pytest.param("vendors-authority", "rsa", {Outcome.ACCEPTED}, 1, id="an RSA certificate"),
    pytest.param("vendors-authority", "ec", {Outcome.ACCEPTED}, 1, id="an EC certificate"),
    pytest.param(
        "somebody-else", "ec", {Outcome.UNKNOWN, Outcome.NOT_SENT}, 0, id="somebody else's certificate"
    ),
]


@pytest.mark.parametrize(("by", "kind", "outcomes", "asked"), ROWS)
def test_a_recipe_proves_who_calls(
    by: str, kind: str, outcomes: set[Outcome], asked: int, tmp_path: Path
) -> None:
    """The vendor takes a message of whoever it has a certificate of, and nothing is repeated otherwise."""
    known = {name: authority(tmp_path, name) for name in ("vendors-authority", "somebody-else")}
    ca = known["vendors-authority"]
    ours = issued(tmp_path, "ours", known[by], kind)
    path = tmp_path / "acme.toml"
    path.write_text(RECIPE, encoding="utf-8")
    with demanding(issued(tmp_path, "vendor", ca, "ec"), ca) as server:
        vendor = vendor_for(
            path,
            base_url=f"https://127.0.0.1:{server.server_address[1]}",
            ca_file=str(ca.cert),
            client_cert=str(ours.cert),
            client_key=str(ours.key),
            allow_private=True,
        )
        (result,) = vendor.send_batch(vendor.channel, batch_of({"name": "x"}))
        vendor.close()
        assert server.asked == asked
    assert result.outcome in outcomes
