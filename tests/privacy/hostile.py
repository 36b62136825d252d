"""What must not bring a number or a secret to light: a vendor that says everything back, a plugin that tells
all it knows."""

import json
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_STATUSES = (500, 400, 200, 503, 404, 429, 401)


class EchoVendor:
    """Answers each call with an error that quotes its URL, its headers and its body; the status changes.

    It speaks no vendor's language and a little of each: codes and texts stand where vendors put them.
    """

    def __init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    turns = count()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        said = f"{self.command} {self.path} {dict(self.headers)} {body}"
        answer: dict[str, Any] = dict.fromkeys(("Message", "message", "msg", "detail", "response_msg"), said)
        answer |= {"Code": "isv.ECHO", "code": 21211, "response_code": "ECHO", "status": 400}
        raw = json.dumps(answer).encode()
        self.send_response_only(_STATUSES[next(self.turns) % len(_STATUSES)])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


_GOSSIP = """
import logging
import warnings

from bridge.plugin import Health, PluginSettings, Policy, Vendor, hookimpl

log = logging.getLogger(__name__)


class Settings(PluginSettings):
    token: str


class Gossip(Vendor):
    name = "gossip"
    settings_model = Settings

    def _all(self, phone):
        return (
            f"{phone.raw} {phone.e164} {phone.digits} {phone.national} {phone} {phone!r} "
            f"{self.channel.settings.token} {self.channel.settings!r}"
        )

    @hookimpl
    def send_batch(self, channel, batch):
        for message in batch.messages:
            log.debug("sending %s to %s", message, message.phone.e164, extra={"to": message.phone.raw})
            log.info(self._all(message.phone))
        warnings.warn(self._all(batch.messages[0].phone))
        try:
            raise KeyError(batch.messages[0].phone.e164)
        except KeyError as error:
            raise RuntimeError(self._all(batch.messages[0].phone)) from error

    @hookimpl
    def check_channel(self, channel):
        raise RuntimeError(channel.settings.token)

    @hookimpl
    def parse_webhook(self, channel, request):
        raise ValueError(f"{request.url} {request.headers} {request.body.decode()} {channel.settings.token}")


class Nosy(Policy):
    name = "nosy"

    @hookimpl
    def screen_batch(self, channel, batch):
        raise LookupError(*(message.phone.e164 for message in batch.messages))

    @hookimpl
    def on_event(self, event):
        raise RuntimeError(event)


@hookimpl
def register_vendors():
    return [Gossip]


@hookimpl
def register_policies():
    return [Nosy]
"""


def install_gossip(folder: Path) -> Path:
    """Put the plugin into a folder as an installed distribution; the folder belongs on the path."""
    site = folder / "site"
    information = site / "gossip-1.0.dist-info"
    information.mkdir(parents=True)
    (site / "gossip.py").write_text(textwrap.dedent(_GOSSIP))
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: gossip\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[bridge]\ngossip = gossip\n")
    return site
