"""Templates: kept here for every channel, reviewed by the vendor where it reviews."""

import secrets
from collections.abc import Callable
from dataclasses import replace

import structlog

from bridge.channels import OpenChannel
from bridge.channels.isolation import Tolerated
from bridge.clock import MINUTE_MS, Clock, millis, moment
from bridge.contract.bodies import DigitalTemplateBody, TextTemplateBody
from bridge.contract.refusal import Refusal, not_found
from bridge.contract.replies import DigitalTemplateReply, TextTemplateReply
from bridge.ledger import Ledger, StoredTemplate
from bridge.plugin import (
    CreatedTemplate,
    DigitalTemplateReview,
    Kind,
    ReviewChange,
    ReviewStatus,
    SignReview,
    Template,
    TemplateReview,
    TemplateType,
)
from bridge.plugin.status import UNDER_REVIEW

from ..snapshots import for_plugins, pack_parts
from .filing import NO_CODE, Filing, Review
from .other_accounts import OtherAccounts
from .signs import Signs
from .told import decided_here, handed_in, reviewed

log = structlog.get_logger("bridge.templates")

_FRESH_MS = 5_000
_PENDING_FRESH_MS = MINUTE_MS
_PENDING_AT_ONCE = 50
FILED_ELSEWHERE = (
    "The template is at another vendor account than this platform uses now, or at none; it is handed in here "
    "within minutes, and at once when you change it."
)
_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class TemplateReviews:
    """The template operations of one channel. Business failures raise Refusal."""

    def __init__(
        self, channel: OpenChannel, signs: Signs, others: OtherAccounts, ledger: Ledger, clock: Clock
    ) -> None:
        self._channel = channel
        self._others = others
        self._signs = signs
        self._filing = Filing(channel.hooks)
        self._store = ledger.templates
        self._clock = clock

    def create_text(self, body: TextTemplateBody) -> str:
        """Store a text template and hand it in for review.

        Returns its code.
        """
        return self._create(_with_text(self._draft(Kind.TEXT), body))

    def create_digital(self, body: DigitalTemplateBody) -> str:
        """Store a digital template and hand it in for review.

        Returns its code.
        """
        international = self._channel.settings.digital_numbers == "international"
        type_ = TemplateType.INTERNATIONAL if international else TemplateType.PROMOTION
        return self._create(_with_parts(replace(self._draft(Kind.DIGITAL), type=type_), body))

    def update_text(self, code: str, body: TextTemplateBody) -> str:
        """Change a text template; it keeps its code and is reviewed again.

        Returns its code.
        """
        return self._update(code, Kind.TEXT, lambda found: _with_text(found, body))

    def update_digital(self, code: str, body: DigitalTemplateBody) -> str:
        """Change a digital template; it keeps its code and is reviewed again.

        Returns its code.
        """
        return self._update(code, Kind.DIGITAL, lambda found: _with_parts(found, body))

    def query_text(self, code: str) -> TextTemplateReply:
        """Return the review of a text template."""
        stored = self.seen(self.find(code, Kind.TEXT))
        return TextTemplateReply(
            stored.code,
            stored.name,
            stored.content,
            stored.type,
            stored.status,
            stored.reason,
            moment(stored.created),
        )

    def query_digital(self, code: str) -> DigitalTemplateReply:
        """Return the review of a digital template by each carrier."""
        stored = self.seen(self.find(code, Kind.DIGITAL))
        return DigitalTemplateReply(
            stored.code, stored.name, stored.status, stored.carriers, stored.reason, moment(stored.created)
        )

    def delete(self, code: str, kind: Kind) -> str:
        """Delete a template here, and at a vendor that can.

        Returns its code.
        """
        return self._delete(self.find(code, kind))

    def find(self, code: str, kind: Kind) -> StoredTemplate:
        """Return the template with this code; raises Refusal 404."""
        stored = self._store.get(self._channel.name, code)
        if stored is None or stored.kind is not kind:
            raise not_found(f"There is no {kind} template with this code on this platform.")
        return stored

    def seen(self, stored: StoredTemplate) -> StoredTemplate:
        """Return a template with its review as Quick Audience is to see it now."""
        return self.overall(self.refreshed(stored))

    def overall(self, stored: StoredTemplate) -> StoredTemplate:
        """Return a template with what its review comes to over all accounts."""
        return self._others.seen(stored)

    def refreshed(self, stored: StoredTemplate, fresh_ms: int = _FRESH_MS) -> StoredTemplate:
        """Ask the vendor about a template whose review is open and was not looked up just now.

        Returns the template as it is then; when the vendor does not answer, the last known review stands.
        """
        now = millis(self._clock)
        if stored.reason == NO_CODE and not self._filing.lacks_code(self._shown(stored)):
            return self._decided(stored, self._decided_here(stored))
        open_review = stored.status in UNDER_REVIEW
        if not open_review or now - stored.checked < fresh_ms or not self._filing.reviews(stored.kind):
            return stored
        if self.filed_elsewhere(stored):
            return replace(stored, reason=FILED_ELSEWHERE)
        with Tolerated(log, "review not refreshed", channel=self._channel.name) as asked:
            review = self._filing.query(self._shown(stored))
        return stored if asked.failed else self._reviewed(stored, review)

    def filed_elsewhere(self, stored: StoredTemplate) -> bool:
        """Return True when another vendor account has the template, or none: this one has no review of it."""
        unfiled = not (stored.filed_at or stored.vendor_code) and self._filing.creates(stored.kind)
        return unfiled or stored.filed_at not in ("", self._channel.hooks.identity)

    def refresh_pending(self) -> int:
        """Ask the vendor about templates under review.

        Returns how many were asked about.
        """
        before = millis(self._clock) - _PENDING_FRESH_MS
        waiting = self._store.pending(self._channel.name, checked_before=before, limit=_PENDING_AT_ONCE)
        for stored in waiting:
            self.refreshed(stored)
        self._signs.refresh()
        return len(waiting) + self._others.refresh()

    def apply_review(self, change: ReviewChange, account: str = "") -> None:
        """Apply a vendor's review of a template or a signature; `account` reported it, "" for the primary."""
        if account not in ("", self._channel.primary.name):
            self._others.apply_review(account, change)
            return
        if change.sign_name:
            if isinstance(change.review, SignReview):
                self._signs.remember(change.sign_name, change.review)
            else:
                self._signs.ask_again(change.sign_name)
            return
        stored = self._store.by_vendor_code(self._channel.name, change.vendor_code)
        if stored is None:
            log.info("review of an unknown template", channel=self._channel.name)
        elif self.filed_elsewhere(stored):
            log.info("review of a template of another account", channel=self._channel.name)
        elif isinstance(change.review, TemplateReview | DigitalTemplateReview):
            self._reviewed(stored, change.review)
        else:
            self.refreshed(replace(stored, status=ReviewStatus.PENDING, checked=0))

    def _draft(self, kind: Kind) -> StoredTemplate:
        now = millis(self._clock)
        return StoredTemplate(
            channel=self._channel.name,
            code="T" + "".join(secrets.choice(_CODE_ALPHABET) for _ in range(15)),
            kind=kind,
            type=TemplateType.PROMOTION,
            name="",
            content="",
            remark="",
            sign_name=self._channel.settings.default_sign,
            vendor_code="",
            state="",
            status=ReviewStatus.PENDING,
            reason="",
            created=now,
            checked=now,
        )

    def _shown(self, stored: StoredTemplate) -> Template:
        return for_plugins(stored, self._channel.settings.opt_out_suffix)

    def _at_vendor(self, stored: StoredTemplate) -> bool:
        return bool(stored.vendor_code) and not self.filed_elsewhere(stored)

    def _require_sendable(self, kind: Kind) -> None:
        """Refuse at once what could only be refused when it is sent with."""
        if not self._filing.sends(kind):
            raise Refusal("UNSUPPORTED_OPERATION", f"This platform cannot send {kind} messages.")

    def _create(self, draft: StoredTemplate) -> str:
        self._require_sendable(draft.kind)
        kept = self._filed(draft)
        self._store.save(kept)
        self._others.file(kept)
        return kept.code

    def _update(self, code: str, kind: Kind, change: Callable[[StoredTemplate], StoredTemplate]) -> str:
        found = self.find(code, kind)
        self._require_sendable(kind)
        kept = self._changed(found, change(found))
        while not self._store.change(found, kept):
            # Deleted meanwhile, changed, or given its code by an operator; nothing is created twice. A change
            # is made again: the vendor may have taken the other one last.
            created, found = self.filed_elsewhere(found), self.find(code, kind)
            if not (created and self._filing.creates(kind)):
                kept = self._changed(found, change(found))
        if found.filed_at and self.filed_elsewhere(found):
            # What was accepted before still goes there, by the code that it has.
            self._others.leave(found)
        self._others.file(kept)
        return code

    def _changed(self, found: StoredTemplate, changed: StoredTemplate) -> StoredTemplate:
        """Return a changed template as its vendor, or the channel, reviews it now."""
        if self.filed_elsewhere(found):
            return self._filed(replace(changed, vendor_code="", state="", filed_at=""))
        if self._filing.updates(changed.kind):
            return self._handed_in(changed, self._filing.update(self._shown(changed)))
        if self._filing.creates(changed.kind):
            raise Refusal("UNSUPPORTED_OPERATION", "The vendor cannot change templates; create a new one.")
        return self._decided_here(changed)

    def _filed(self, draft: StoredTemplate) -> StoredTemplate:
        """Return a new template as its vendor, or the channel, reviews it."""
        if not self._filing.creates(draft.kind):
            return self._decided_here(draft)
        return self._handed_in(draft, self._filing.create(self._shown(draft)))

    def _delete(self, stored: StoredTemplate) -> str:
        if self._at_vendor(stored) and self._filing.deletes(stored.kind):
            self._filing.delete(for_plugins(stored))
        self._store.delete(self._channel.name, stored.code, millis(self._clock))
        self._others.delete(stored)
        return stored.code

    def _decided_here(self, stored: StoredTemplate) -> StoredTemplate:
        auto, now = self._channel.settings.review == "auto", millis(self._clock)
        return replace(decided_here(stored, self._shown(stored), self._filing, auto=auto), checked=now)

    def _handed_in(self, stored: StoredTemplate, created: CreatedTemplate) -> StoredTemplate:
        filed_at, now = self._channel.hooks.identity, millis(self._clock)
        return replace(handed_in(stored, stored.kind, created), filed_at=filed_at, checked=now)

    def _reviewed(self, stored: StoredTemplate, review: Review) -> StoredTemplate:
        return self._decided(stored, reviewed(stored, review, millis(self._clock)))

    def _decided(self, stored: StoredTemplate, changed: StoredTemplate) -> StoredTemplate:
        if self._store.save_review(stored, changed):
            return changed
        log.info("review of an older text ignored", channel=self._channel.name, template=stored.code)
        return self._store.get(stored.channel, stored.code) or stored


def _with_text(stored: StoredTemplate, body: TextTemplateBody) -> StoredTemplate:
    return replace(
        stored,
        name=body.name,
        content=body.content,
        type=body.type,
        remark=body.remark,
        account=body.account,
    )


def _with_parts(stored: StoredTemplate, body: DigitalTemplateBody) -> StoredTemplate:
    return replace(
        stored,
        name=body.name,
        content=pack_parts(body.parts),
        remark=body.remark,
        sign_name=body.sign_name or stored.sign_name,
        account=body.account,
    )
