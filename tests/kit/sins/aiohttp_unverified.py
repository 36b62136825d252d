"""An asynchronous client that takes any certificate."""

import asyncio
import json
from typing import Any

import aiohttp
from acme_plain import PlainAcme
from acme_sms import ERRORS

from bridge.plugin import OutcomeUnknown, Vendor, VendorUnavailable, hookimpl


class Sin(PlainAcme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = json.loads(asyncio.run(self._fetch(method, path, body)))
        except aiohttp.ClientConnectorError:
            raise VendorUnavailable("Acme is away.") from None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise OutcomeUnknown("Acme's answer is lost.") from None
        code = str(answer.get("code")) if isinstance(answer, dict) else "?"
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)

    async def _fetch(self, method: str, path: str, body: Any) -> bytes:
        wait = aiohttp.ClientTimeout(total=1)
        async with aiohttp.ClientSession(timeout=wait, trust_env=False) as session:
            options: dict[str, Any] = {"json": body, "headers": {"X-Key": self._secret}}
            async with session.request(method, self._base + path, ssl=False, **options) as response:
                if response.status != 200:
                    raise ValueError(response.status)
                return await response.read()


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]


OVER = "http"
