"""What the primary account takes over when it becomes another vendor account, by its settings or its place.

A template that it has already is used as it is there; any other is handed in. Until then others send it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from bridge.channels import OpenAccount, OpenChannel
from bridge.channels.isolation import Isolated
from bridge.clock import Clock, millis
from bridge.ledger import Filed, Ledger, StoredTemplate
from bridge.plugin import BridgeError, Kind, TemplateReview

from ..snapshots import for_plugins, same_text
from .filing import Filing
from .told import reviewed

log = structlog.get_logger("bridge.templates")


class HandsIn(Protocol):
    """What files templates at accounts."""

    def hand_in(self, account: OpenAccount, template: StoredTemplate, known: Filed | None) -> Filed:
        """File a template, or its change, at an account; what it refuses is owed."""

    def digest(self, template: StoredTemplate) -> str:
        """Return the digest of what is filed."""


class Adopting:
    """Brings the templates of one channel to its primary account."""

    def __init__(self, channel: OpenChannel, filings: HandsIn, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._filings = filings
        self._store = ledger.filings
        self._templates = ledger.templates
        self._clock = clock

    def run(self, most: int) -> int:
        """Take over what another account had as the primary, at most so many. Returns how many were tried."""
        missing = self.missing()[:most]
        for template in missing:
            with Isolated(log, "template not taken over", channel=self._channel.name):
                self._take_over(template)
        return len(missing)

    def missing(self) -> Sequence[StoredTemplate]:
        """Return the templates that the primary account has not got: another one has, or had.

        So are those that were never filed, made while the primary account took none: this one does.
        """
        filing = Filing(self._channel.hooks)
        kinds = [kind for kind in Kind if filing.creates(kind)]
        return self._templates.filed_elsewhere(self._channel.name, self._channel.hooks.identity, kinds)

    def _take_over(self, template: StoredTemplate) -> None:
        primary = self._channel.primary
        row = self._row(template)
        if row is not None and row.owed and row.due > millis(self._clock):
            return
        there = self._usable(row, template) or self._same_account(template)
        if there is None:
            there = self._filings.hand_in(primary, template, row)
            if there.owed:
                self._store.save(there)
                return
        if template.filed_at:
            self.leave(template)
        taken = replace(
            template,
            vendor_code=there.vendor_code,
            state=there.state,
            status=there.status,
            reason=there.reason,
            carriers=dict(there.carriers),
            filed_at=self._channel.hooks.identity,
            checked=millis(self._clock),
        )
        if self._templates.save_review(template, taken) and row is not None:
            self._store.remove(row)

    def _row(self, template: StoredTemplate) -> Filed | None:
        """Return what the account has had beside another primary, by its name now or the one before."""
        rows = self._store.of(template.channel, template.code)
        identity = self._channel.hooks.identity
        renamed = (row for row in rows.values() if row.filed_at == identity)
        return rows.get(self._channel.primary.name) or next(renamed, None)

    def _usable(self, row: Filed | None, template: StoredTemplate) -> Filed | None:
        """Return what the account has had as another one of the channel, if it is this very text."""
        here = row is not None and not row.owed and row.filed_at == self._channel.hooks.identity
        return row if row is not None and here and row.digest == self._filings.digest(template) else None

    def _same_account(self, template: StoredTemplate) -> Filed | None:
        """Return what the account says of the code that is known: with the same text it is the same account.

        So a new key for an account files nothing twice.
        """
        filing = Filing(self._channel.hooks)
        shown = for_plugins(template, self._channel.settings.opt_out_suffix)
        if not template.vendor_code or not filing.reviews(template.kind):
            return None
        try:
            review = filing.review(shown)
        except BridgeError:
            return None
        if not isinstance(review, TemplateReview) or review.content is None:
            return None
        if not same_text(review.content, shown):
            return None
        known = Filed(template.channel, template.code, self._channel.primary.name)
        known = replace(known, vendor_code=template.vendor_code, state=template.state)
        return reviewed(known, review, 0)

    def leave(self, template: StoredTemplate) -> None:
        """Keep what the account before has: it is another one of the channel now, or it may come back.

        One that is gone is kept by its identity, which a later account of the channel finds.
        """
        before = template.filed_at
        account = next((one for one in self._channel.accounts.values() if one.hooks.identity == before), None)
        kept = Filed(template.channel, template.code, account.name if account else before)
        self._store.save(
            replace(
                kept,
                vendor_code=template.vendor_code,
                digest=self._filings.digest(template),
                state=template.state,
                status=template.status,
                reason=template.reason,
                carriers=dict(template.carriers),
                filed_at=before,
                filed=template.created,
                checked=template.checked,
                changed=template.checked,
            )
        )
