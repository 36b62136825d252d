"""Multipart bodies and certificates of our own: what leaves, read by somebody else's reader."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from pydantic import ValidationError
from werkzeug.formparser import parse_form_data

from bridge.plugin import Outcome
from bridge_http.faults import RecipeFaults
from bridge_http.language.digests import mac
from bridge_http.request.building import Built
from tests.certificates import Pair

from .making import HEAD, SEND, Script, answer, batch_of, compiled, vendor_for

MULTIPART = """
[operations.send_batch.request]
path = "/send"
{more}
[operations.send_batch.request.multipart]
{fields}
[operations.send_batch.response]
accepted = [{{ path = "body.ok", in = ["true"] }}]
"""


def sent(tmp_path: Path, fields: str, name: str = "x", more: str = "") -> tuple[Any, Built | None]:
    """Return the result and the request of one message."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + MULTIPART.format(fields=fields, more=more), encoding="utf-8")
    script = Script(answer('{"ok": true}'))
    vendor = vendor_for(path, script)
    (result,) = vendor.send_batch(vendor.channel, batch_of({"name": name}, content="${name}"))
    return result, script.built[0] if script.built else None


# (fields, value, [(name, text)], [(name, file name, content type, content)])
BODIES = [
    ('to = "{{ r.phone }}"', "x", [("to", "+8613800138000")], []),
    ('to = ["a", "{{ r.text }}"]', "é\r\n--\"'", [("to", "a"), ("to", "é\r\n--\"'")], []),
    ('n = 7\n"empty?" = ""', "x", [("n", "7")], []),
    (
        'card = { content = "{{ r.text }}", filename = "a.txt", content_type = "text/plain" }\nto = "1"',
        "张三",
        [("to", "1")],
        [("card", "a.txt", "text/plain", "张三".encode())],
    ),
    (
        "raw = { content = \"=r.text | utf16be\" }\n",
        "é",
        [],
        [("raw", "raw", "application/octet-stream", b"\x00\xe9")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "value", "texts", "files"), BODIES)
def test_a_multipart_body_is_read_alike_by_werkzeug(
    tmp_path: Path,
    fields: str,
    value: str,
    texts: list[tuple[str, str]],
    files: list[tuple[str, str, str, bytes]],
) -> None:
    """Fields in order, files with name and type, every byte as it was."""
    _, built = sent(tmp_path, fields, value)
    assert built is not None
    environ = {
        "wsgi.input": BytesIO(built.body),
        "CONTENT_LENGTH": str(len(built.body)),
        "CONTENT_TYPE": built.headers["Content-Type"],
        "REQUEST_METHOD": "POST",
    }
    _, form, found = parse_form_data(environ)
    assert list(form.items(multi=True)) == texts
    assert [
        (name, file.filename, file.content_type, file.read()) for name, file in found.items(multi=True)
    ] == files
    for file in found.values():
        file.close()


def test_a_value_with_the_boundary_refuses_its_recipient(tmp_path: Path) -> None:
    """Nobody can add a part of his own."""
    result, built = sent(tmp_path, 'text = "{{ r.text }}"', "--0123456789abcdef0123456789abcdef--")
    assert built is None
    assert (result.outcome, result.code) == (Outcome.REJECTED, "UNSENDABLE_VALUE")


def test_a_digest_covers_the_fields_and_not_the_files(tmp_path: Path) -> None:
    """With SM3 here, and a key from base64."""
    sign = 'sign = { scheme = "sorted_params", hash = "sm3", hmac = "=\'a2V5\' | b64d", into = "sign" }'
    _, built = sent(tmp_path, 'b = "2"\na = "1"\nfile = { content = "x" }', more=sign)
    assert built is not None
    assert mac("sm3", b"key", b"a=1&b=2").hex().encode() in built.body


@pytest.mark.parametrize(
    ("fields", "more", "key", "reason"),
    [
        ('f = { filename = "a" }', "", "request.multipart.f", "is a file: it has content"),
        ('f = { content = "a", size = 1 }', "", "request.multipart.f", "is a file: it has content"),
        ('f = "{{ nobody }}"', "", "request.multipart.f", "is not defined here"),
        ('f = "x"', 'wrap = "base64"', "request.wrap", "is not for a multipart body"),
    ],
)
def test_a_faulty_multipart_body_is_told(fields: str, more: str, key: str, reason: str) -> None:
    """In `recipe check`, with its key."""
    with pytest.raises(RecipeFaults) as caught:
        compiled(HEAD + MULTIPART.format(fields=fields, more=more))
    assert any(fault.key.endswith(key) and reason in fault.reason for fault in caught.value.faults)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """Return an authority, the vendor's and our own certificate."""
    folder = tmp_path_factory.mktemp("certificates")
    ca = Pair(folder, "ca")
    return {"ca": ca, "vendor": Pair(folder, "vendor", ca), "ours": Pair(folder, "ours", ca)}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"ok": true, "id": "id-1"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_given: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_given: Any) -> None:
        """A handshake that fails is what the test wants."""


@pytest.fixture
def address(pairs: dict[str, Pair]) -> Iterator[str]:
    """Yield a vendor who answers only those with a certificate of the authority."""
    server = _Server(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pairs["vendor"].cert_file, pairs["vendor"].key_file)
    context.load_verify_locations(pairs["ca"].cert_file)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


CERTIFIED = HEAD.replace("[secrets]", "client_certificate = true\n[secrets]") + SEND


def certified(tmp_path: Path, pairs: dict[str, Pair], **settings: Any) -> Any:
    """Return the vendor of a recipe that asks for a certificate."""
    path = tmp_path / "acme.toml"
    path.write_text(CERTIFIED, encoding="utf-8")
    return vendor_for(path, ca_file=str(pairs["ca"].cert_file), allow_private=True, **settings)


def test_the_vendor_sees_our_certificate(tmp_path: Path, pairs: dict[str, Pair], address: str) -> None:
    """Over real TLS, with a server that asks for one."""
    ours = pairs["ours"]
    vendor = certified(
        tmp_path, pairs, base_url=address, client_cert=str(ours.cert_file), client_key=str(ours.key_file)
    )
    (result,) = vendor.send_batch(vendor.channel, batch_of({"name": "x"}))
    vendor.close()
    assert (result.outcome, result.vendor_id) == (Outcome.ACCEPTED, "id-1")


def test_without_it_nothing_is_accepted(tmp_path: Path, address: str, pairs: dict[str, Pair]) -> None:
    """The same server refuses a recipe that knows of none."""
    path = tmp_path / "acme.toml"
    path.write_text(HEAD + SEND, encoding="utf-8")
    vendor = vendor_for(path, ca_file=str(pairs["ca"].cert_file), allow_private=True, base_url=address)
    (result,) = vendor.send_batch(vendor.channel, batch_of({"name": "x"}))
    vendor.close()
    assert result.outcome is not Outcome.ACCEPTED


def test_a_certificate_that_cannot_serve_is_a_fault(tmp_path: Path, pairs: dict[str, Pair]) -> None:
    """`sms-bridge check` says which setting; a locked key asks nobody for its password."""
    ours, locked = pairs["ours"], tmp_path / "locked.key"
    locked.write_bytes(ours.written(serialization.BestAvailableEncryption(b"secret")))
    cert, nowhere = str(ours.cert_file), str(tmp_path / "nowhere.pem")
    rows = [
        ({}, "this vendor asks for a certificate"),
        ({"client_key": str(ours.key_file)}, "the certificate that belongs to client_key"),
        ({"client_cert": nowhere}, "cannot be read: No such file"),
        ({"client_cert": cert}, "certificate and key in PEM are needed"),
        ({"client_cert": cert, "client_key": str(pairs["ca"].key_file)}, "certificate and key in PEM"),
        ({"client_cert": cert, "client_key": str(locked)}, "the key without a password"),
    ]
    for settings, reason in rows:
        with pytest.raises(ValidationError, match=reason) as caught:
            certified(tmp_path, pairs, **settings)
        assert caught.value.errors()[0]["loc"] == ("client_cert",)


@pytest.mark.parametrize(
    ("secret", "good"), [("a2V5", True), ("a2V5-_", True), ("a-key!", False), ("é", False)]
)
def test_a_secret_that_is_no_base64_is_a_fault(tmp_path: Path, secret: str, good: bool) -> None:
    """`sms-bridge check` tells it; no message pays for it."""
    path = tmp_path / "acme.toml"
    key = '"=secret.key | b64d"'
    sign = f'sign = {{ scheme = "sorted_params", hash = "sha256", hmac = {key}, into = "sign" }}'
    path.write_text(HEAD + MULTIPART.format(fields='a = "1"', more=sign), encoding="utf-8")
    if good:
        vendor_for(path, secrets={"key": secret})
        return
    with pytest.raises(ValidationError, match="is not base64, which the recipe reads: the key") as caught:
        vendor_for(path, secrets={"key": secret})
    assert caught.value.errors()[0]["loc"] == ("secrets", "key")
