"""Signatures: those of the settings, and what the vendor tells of its own."""

from dataclasses import replace

import structlog

from bridge.channels import OpenChannel
from bridge.channels.isolation import Tolerated
from bridge.clock import MINUTE_MS, Clock, millis, millis_of, moment
from bridge.contract.refusal import Refusal, not_found
from bridge.contract.replies import SignReply
from bridge.ledger import Ledger, StoredSign
from bridge.plugin import BridgeError, NoSuchResource, ReviewStatus, SignReview

from .filing import refusal, sign_review
from .other_accounts import OtherAccounts

log = structlog.get_logger("bridge.templates")

_FRESH_MS = 5_000
_APPROVED_FRESH_MS = MINUTE_MS


class Signs:
    """The signatures of one channel. Business failures raise Refusal."""

    def __init__(self, channel: OpenChannel, others: OtherAccounts, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._others = others
        self._hooks = channel.hooks
        self._store = ledger.templates
        self._clock = clock

    def reply(self, name: str) -> SignReply:
        """Return the review of a signature, asked of the vendor at most once a minute once it is approved."""
        stored = self._known(name)
        created = moment(stored.created) if stored.created is not None else None
        return SignReply(stored.name, stored.status, stored.reason, created)

    def require(self, name: str) -> None:
        """Raise Refusal unless the signature may be sent with.

        When the vendor cannot be asked, the send is let through: the vendor itself will judge it.
        """
        self._others.ask_sign(name)
        try:
            stored = self._known(name)
        except Refusal as refused:
            if refused.status == 404:
                raise Refusal("SIGN_NOT_FOUND", "The signature is not known to this platform.") from None
            log.warning("signature not checked", channel=self._channel.name, code=refused.code)
            return
        if stored.status is not ReviewStatus.APPROVED:
            raise Refusal("SIGN_NOT_APPROVED", "The signature is not approved on this platform.")

    def remember(self, name: str, review: SignReview) -> StoredSign:
        """Store what the vendor told of a signature."""
        created = millis_of(review.created_at) if review.created_at else None
        stored = StoredSign(
            self._channel.name,
            name,
            review.status,
            review.reason,
            created,
            millis(self._clock),
            self._hooks.identity,
        )
        self._store.save_sign(stored)
        return stored

    def ask_again(self, name: str) -> None:
        """Let the vendor be asked the next time the signature is needed."""
        if known := self._store.get_sign(self._channel.name, name):
            self._store.save_sign(replace(known, checked=0))

    def refresh(self) -> None:
        """Ask about signatures that another account approved before, and about those not approved."""
        if not self._hooks.supports("query_sign"):
            return
        before = millis(self._clock) - _APPROVED_FRESH_MS
        for stored in self._store.signs(self._channel.name):
            waits = stored.status is not ReviewStatus.APPROVED and stored.checked < before
            if stored.name in self._channel.settings.signs or not (waits or self._of_another(stored)):
                continue
            with Tolerated(log, "signature not checked", channel=self._channel.name):
                self.remember(stored.name, sign_review(self._hooks, stored.name))

    def _of_another(self, stored: StoredSign) -> bool:
        return stored.identity not in ("", self._hooks.identity)

    def _known(self, name: str) -> StoredSign:
        local = self._channel.settings.signs.get(name)
        if local is not None:
            return StoredSign(self._channel.name, name, local.status, local.reason, None, 0)
        if not self._hooks.supports("query_sign"):
            raise not_found("The signature is not known to this platform.")
        now = millis(self._clock)
        stored = self._store.get_sign(self._channel.name, name)
        if stored is not None and self._of_another(stored):
            stored = None  # what that one approved says nothing of this one
        fresh_ms = _APPROVED_FRESH_MS if stored and stored.status is ReviewStatus.APPROVED else _FRESH_MS
        if stored is not None and now - stored.checked < fresh_ms:
            return stored
        try:
            return self.remember(name, self._hooks.query_sign(name))
        except NoSuchResource:
            raise not_found("The signature is not known to this platform.") from None
        except BridgeError as error:
            if stored is not None:
                return stored
            raise refusal(error) from None
