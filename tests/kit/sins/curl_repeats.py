"""curl, which sends once more when the server is in trouble."""

import json
import subprocess
from typing import Any

from acme_plain import PlainAcme
from acme_sms import ERRORS

from bridge.plugin import OutcomeUnknown, Vendor, VendorUnavailable, hookimpl


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        command = [
            "curl",
            "-sS",
            "--fail",
            "--noproxy",
            "*",
            "-m",
            "1",
            "--retry",
            "1",
            "--retry-delay",
            "1",
            "-X",
            method,
            "-H",
            f"X-Key: {self._secret}",
        ]
        command += ["--retry", "1", "--retry-delay", "1"]
        command += ["-H", "Content-Type: application/json", self._base + path]
        command += [] if body is None else ["-d", json.dumps(body)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 7:
            raise VendorUnavailable("Acme is away.")
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            raise OutcomeUnknown("Acme's answer is lost.") from None
        code = str(answer.get("code")) if isinstance(answer, dict) else "?"
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
