"""What travels together through the ledger's statements."""

from typing import NamedTuple

from bridge.clock import FOREVER_MS


class Source(NamedTuple):
    """An account of a channel, as the source of reports: `others` are the rest by name, if it has any.

    `foreign` are the identities of the rest: what was called at one of them is not this account's, whatever
    the names were then.
    """

    account: str
    identity: str
    others: frozenset[str]
    foreign: frozenset[str] = frozenset()

    def may_know(self, account: str, identity: str) -> bool:
        """Return True unless another account of the channel made the call: one may have been renamed."""
        return identity not in self.foreign and (account not in self.others or identity == self.identity)

    def made(self, account: str, identity: str) -> bool:
        """Return True for a call that this account made, or may have made before calls named theirs."""
        return identity not in self.foreign and (account in ("", self.account) or identity == self.identity)


class Scope(NamedTuple):
    """The channel for which something is done, and when (milliseconds).

    `pushes`: what ends is told to Quick Audience by callbacks. `source`: the account that reports, None for
    what the bridge itself found.
    """

    channel: str
    now: int
    pushes: bool = False
    source: Source | None = None


class Callee(NamedTuple):
    """The account that will be called: its name and identity.

    `alone`: the channel has no other, so that whatever waits is for it. `messages`, `uniform`: the most that
    one call may hold, and if all have the same values; None for no limit beside the batch's own.
    """

    account: str
    identity: str
    alone: bool = True
    messages: int | None = None
    uniform: int | None = None


class Excerpt(NamedTuple):
    """The rows of a list that are wanted: from `since` until before `until` (milliseconds), some of them.

    `beyond`: those behind the row that stands at this place, or `back` those before it; the first without
    one.
    """

    since: int = 0
    until: int = FOREVER_MS
    limit: int = 100
    offset: int = 0
    beyond: tuple[int | str, ...] | None = None
    back: bool = False


FIRST_ROWS = Excerpt()


class Holder(NamedTuple):
    """Who claims work, and for how long from now (milliseconds)."""

    owner: str
    lease_ms: int
