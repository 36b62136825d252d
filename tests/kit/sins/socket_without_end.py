"""A client made of a bare socket, which waits for its answer as long as it takes."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

from acme_plain import PlainAcme
from acme_sms import ERRORS

from bridge.plugin import OutcomeUnknown, VendorUnavailable

OVER = "http"


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        parts = urlsplit(self._base + path)
        data = json.dumps(body).encode()
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        head = f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nX-Key: {self._secret}\r\n"
        head += f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
        try:
            line = socket.create_connection((parts.hostname or "", parts.port or 80))
        except OSError:
            raise VendorUnavailable("Acme is away.") from None
        with line:
            try:
                line.sendall(head.encode() + data)
                answer = json.loads(line.makefile("rb").read().partition(b"\r\n\r\n")[2])
            except (OSError, ValueError):
                raise OutcomeUnknown("Acme's answer is lost.") from None
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)
