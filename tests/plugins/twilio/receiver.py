"""A web server that keeps what Twilio sends to it, as the bridge's own would hand it to the plugin."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from bridge.plugin import WebhookRequest

PREFIX = "/hooks/promo/token"


class Receiver:
    """Requests in the order in which they came; `status` is what they are answered with."""

    def __init__(self) -> None:
        self.requests: list[WebhookRequest] = []
        self.statuses: list[int] = []
        self.url = ""


@contextmanager
def receiving(public_url: str = "") -> Iterator[Receiver]:
    """Serve on loopback. `public_url` is the origin that Twilio called when a proxy stands between."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            parts = urlsplit(self.path)
            receiver.requests.append(
                WebhookRequest(
                    "POST",
                    (public_url or origin) + self.path,
                    parts.path.removeprefix(PREFIX),
                    parts.query.encode(),
                    {name.lower(): value for name, value in self.headers.items()},
                    body,
                )
            )
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    origin = f"http://127.0.0.1:{server.server_port}"
    receiver.url = origin + PREFIX
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
