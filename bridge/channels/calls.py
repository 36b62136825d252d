"""The calls that ask vendors, as Prometheus counts them: how long each took, and how it failed.

A call that sends is counted where its results are read (`bridge/services/messages/sending.py`), and not here.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from bridge import metrics
from bridge.plugin import BridgeError, PollWindow, UnsupportedOperation, Vendor, VendorRejected
from bridge.plugin.hookspecs import OPERATIONS

ASKING = OPERATIONS - {"send_batch", "send_digital_batch", "parse_webhook"}
"""The hooks that call a vendor and send nothing."""
_OF_NOTHING = frozenset({"check_channel", "list_templates", "poll_receipts", "poll_replies"})
"""Those that name no template, signature or message: what is refused is the question itself."""


def counted(vendor: Vendor, hook: str, arguments: Mapping[str, object]) -> AbstractContextManager[None]:
    """Measure a call that asks a vendor, and count it once when it fails."""
    window = arguments.get("window")
    kept = isinstance(window, PollWindow) and bool(window.page)  # the vendor gave it before
    if hook not in ASKING or kept:
        return nullcontext()
    return _counted(vendor.channel.name, hook)


@contextmanager
def _counted(channel: str, hook: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    except BridgeError as error:
        if not _is_answer(hook, error):
            metrics.VENDOR_ERRORS.labels(channel, hook, error.code).inc()
        raise
    finally:
        metrics.VENDOR_SECONDS.labels(channel, hook).observe(time.perf_counter() - started)


def _is_answer(hook: str, error: BridgeError) -> bool:
    """Return True when the vendor works, and refused or does not know what it was asked about."""
    if isinstance(error, UnsupportedOperation):
        return True
    return isinstance(error, VendorRejected) and hook not in _OF_NOTHING
