"""When an answer takes long, the same request is made once more beside it, and the first answer counts."""

import threading
from typing import Any

from acme_sms import Acme


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        spare = threading.Timer(0.2, self._quietly, (method, path, body))
        spare.daemon = True
        spare.start()
        try:
            return super()._call(method, path, body)
        finally:
            spare.cancel()

    def _quietly(self, *what: Any) -> None:
        super()._call(*what)
