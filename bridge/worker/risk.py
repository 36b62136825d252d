"""What the send loop may risk at each channel's vendor account; an account that fails rests."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import structlog

from bridge.ledger import Account, AccountKey, Ledger, Room, Shown
from bridge.services import Sent, Services

from .lanes import Lane

log = structlog.get_logger("bridge.worker")


class Risk:
    """Keeps the ledger's accounts by what calls show, and says what may be begun. Owned by one thread."""

    def __init__(self, services: Services, ledger: Ledger, apart_ms: int) -> None:
        self._services = services
        self._ledger = ledger
        self._apart_ms = apart_ms
        self._moved: Sequence[tuple[Account, Account]] = ()

    def weigh(
        self, connection: Any, sent: Sequence[Sent], lanes: Collection[Lane], now: int
    ) -> Mapping[str, tuple[Account, Room]]:
        """Note what calls showed. Returns each lane's account, and what may be begun at it.

        To be called once in a transaction, which may run again; `warn` follows when it is committed.
        """
        shown = [
            Shown(self._key(one), one.failure, self._used(one), one.conclusion.batch.called, one.lapsed)
            for one in sent
            if one.failure is not None
        ]
        keys = {lane.name: lane.key for lane in lanes}
        wanted = list(keys.values())
        risk = self._ledger.accounts.allow(connection, shown, wanted, now, self._apart_ms)
        self._moved = risk.moved
        return {name: (risk.accounts[key], risk.room[key]) for name, key in keys.items()}

    def warn(self) -> None:
        """Log which accounts rest and which work again since the latest `weigh`."""
        moved, self._moved = self._moved, ()
        for before, after in moved:
            if after.opens > before.opens:
                rest_s = round((after.open_until - after.failed) / 1000)
                log.error(
                    "account rests: its calls fail",
                    channel=after.channel,
                    account=after.name,
                    for_s=rest_s,
                    reason=after.reason,
                )
            elif before.opens and not after.opens:
                log.info("account works again", channel=after.channel, account=after.name)

    def _key(self, sent: Sent) -> AccountKey:
        channel, name = self._services[sent.channel].channel, sent.conclusion.batch.account
        return AccountKey(channel.name, name if name in channel.accounts else channel.primary.name)

    def _used(self, sent: Sent) -> Room:
        key = self._key(sent)
        channel = self._services[sent.channel].channel
        lane = Lane(self._services[sent.channel], channel.accounts[key.name])
        return Room(lane.concurrency, sent.conclusion.batch.count)
