"""The kit for plugin authors: a vendor's test file is a table, everything else is here.

    from bridge.testing import Exchange, Lost, Reply, Send, VendorTests

    class TestAcme(VendorTests):
        vendor = AcmeVendor
        settings = {"base_url": "{url}", "api_key": "s3cret-key"}
        cases = [
            Send("accepted", [Exchange("POST", "/send", Reply(json={"ids": ["a", "b"]}))], expect=["a", "b"]),
            Send("no money", [Exchange("POST", "/send", Reply(402))], expect=CredentialsRejected),
        ]

`plugins/README.md` is the guide. Inside, `table` is what an author writes, `play` runs it, `ladder` holds the
rules of each rung, and `new` writes the repository of a new plugin.

Installing the bridge makes pytest load `bridge.testing.plugin`, so this
module imports its names when they are first used and costs nothing until then.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ladder.suite import VendorTests
    from .play.stage import MemoryHistory, Stage
    from .table.cases import Case, Expected, Poll, Query, Reconcile, Send, Webhook
    from .table.exchanges import Exchange, Lost, Reply, Seen
    from .table.samples import batch, digital_template, page_window, request, text_template

_HOMES = {
    "ladder.suite": ("VendorTests",),
    "play.stage": ("MemoryHistory", "Stage"),
    "table.cases": ("Case", "Expected", "Poll", "Query", "Reconcile", "Send", "Webhook"),
    "table.exchanges": ("Exchange", "Lost", "Reply", "Seen"),
    "table.samples": ("batch", "digital_template", "page_window", "request", "text_template"),
}

__all__ = [
    "Case",
    "Exchange",
    "Expected",
    "Lost",
    "MemoryHistory",
    "Poll",
    "Query",
    "Reconcile",
    "Reply",
    "Seen",
    "Send",
    "Stage",
    "VendorTests",
    "Webhook",
    "batch",
    "digital_template",
    "page_window",
    "request",
    "text_template",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
