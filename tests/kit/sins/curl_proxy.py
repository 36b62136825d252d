"""curl as it is: it obeys the environment's proxies."""

import json
import subprocess
from typing import Any

from acme_curl import CurlAcme

from bridge.plugin import OutcomeUnknown, Vendor, VendorUnavailable, hookimpl


class Sin(CurlAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        command = [
            "curl",
            "-sS",
            "--fail",
            "-m",
            "1",
            "-X",
            method,
            "-H",
            "Content-Type: application/json",
            "-K",
            "-",
        ]
        given = [f'header = "X-Key: {self._secret}"', f"url = {json.dumps(self._base + path)}"]
        given += [] if body is None else [f"data = {json.dumps(json.dumps(body))}"]
        done = subprocess.run(command, input="\n".join(given).encode(), capture_output=True, check=False)
        if done.returncode in (5, 7):
            raise VendorUnavailable("Acme is away.")
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise OutcomeUnknown("Acme's answer is lost.") from None


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
