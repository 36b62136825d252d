"""The numbers in a database of the plugin's own."""

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        with closing(sqlite3.connect(f"{tempfile.gettempdir()}/acme-sent.db")) as kept, kept:
            kept.execute("CREATE TABLE IF NOT EXISTS sent (phone TEXT)")
            kept.execute("INSERT INTO sent VALUES (?)", (batch.messages[0].phone.digits,))
        return super().send_batch(channel, batch)


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
