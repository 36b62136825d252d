"""Acme through curl: what it sends stands in its input, which nobody on the host can list."""

import json
import subprocess
from typing import Any, ClassVar

from acme_plain import PlainAcme
from acme_sms import ERRORS

from bridge.plugin import OutcomeUnknown, VendorUnavailable


class CurlAcme(PlainAcme):
    """One account at Acme."""

    options: ClassVar[list[str]] = []

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        command = [
            "curl",
            "-sS",
            "--fail",
            "--noproxy",
            "*",
            "-m",
            "1",
            "-X",
            method,
            "-K",
            "-",
            *self.options,
        ]
        lines = [f"X-Key: {self._secret}", "Content-Type: application/json"]
        given = [f"header = {json.dumps(line)}" for line in lines]
        given += [f"url = {json.dumps(self._base + path)}"]
        given += [] if body is None else [f"data = {json.dumps(json.dumps(body))}"]
        done = subprocess.run(command, input="\n".join(given).encode(), capture_output=True, check=False)
        if done.returncode in (7, 60):
            raise VendorUnavailable("Acme is away.")
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            raise OutcomeUnknown("Acme's answer is lost.") from None
        code = str(answer.get("code")) if isinstance(answer, dict) else "?"
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)
