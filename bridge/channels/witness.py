"""What a vendor itself said of a send, whatever wrappers around it make of that."""

import threading
from collections.abc import Generator
from typing import Any

from bridge.plugin import hookimpl

NOTHING = object()
"""What a witness has seen before a send."""


class Witness(threading.local):
    """The innermost wrapper of a send: remembers what the vendor answered or raised.

    A wrapper of another plugin that fails, or hides a lost answer, must not make messages look unsent that
    the vendor may have accepted.
    """

    seen: object = NOTHING

    @hookimpl(wrapper=True, trylast=True)
    def send_batch(self) -> Generator[None, Any, Any]:
        return (yield from self._watch())

    @hookimpl(wrapper=True, trylast=True)
    def send_digital_batch(self) -> Generator[None, Any, Any]:
        return (yield from self._watch())

    def _watch(self) -> Generator[None, Any, Any]:
        try:
            answer = yield
        except BaseException as error:
            self.seen = error
            raise
        self.seen = answer
        return answer
