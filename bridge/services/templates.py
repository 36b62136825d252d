"""Signatures and templates: kept here for every channel, reviewed by the vendor where it reviews."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from bridge.channels import OpenChannel
from bridge.contract.bodies import DigitalTemplateBody, TextTemplateBody
from bridge.contract.refusal import Refusal, not_found
from bridge.contract.replies import DigitalTemplateReply, SignReply, TextTemplateReply
from bridge.ledger import Ledger, StoredSign, StoredTemplate
from bridge.plugin import (
    BridgeError,
    Carrier,
    CarrierReview,
    CreatedTemplate,
    DigitalTemplate,
    DigitalTemplateReview,
    Kind,
    NoSuchResource,
    ReviewChange,
    ReviewStatus,
    SignReview,
    TemplateReview,
    TemplateType,
    TextTemplate,
    UnsupportedOperation,
)

from .records import Clock, millis
from .snapshots import for_plugins, pack_parts

log = structlog.get_logger("bridge.templates")

_FRESH_MS = 5_000
_SIGN_FRESH_MS = 60_000
_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Templates:
    """The signature and template operations of one channel. Business failures raise Refusal."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._hooks = channel.hooks
        self._store = ledger.templates
        self._clock = clock

    def sign(self, name: str) -> SignReply:
        """The review of a signature: asked of the vendor at most once a minute once it is approved."""
        stored = self._sign(name)
        created = _moment(stored.created) if stored.created is not None else None
        return SignReply(stored.name, stored.status, stored.reason, created)

    def create_text(self, body: TextTemplateBody) -> str:
        """Store a text template and hand it in for review; its code."""
        draft = self._draft(Kind.TEXT, body.type, body.name, body.content, body.remark, body.account)
        return self._create(draft, "create_template")

    def create_digital(self, body: DigitalTemplateBody) -> str:
        """Store a digital template and hand it in for review; its code."""
        sign_name = body.sign_name or self._channel.settings.default_sign
        content = pack_parts(body.parts)
        abroad = self._channel.settings.digital_numbers == "international"
        type_ = TemplateType.INTERNATIONAL if abroad else TemplateType.PROMOTION
        draft = self._draft(Kind.DIGITAL, type_, body.name, content, body.remark, body.account)
        return self._create(replace(draft, sign_name=sign_name), "create_digital_template")

    def update_text(self, code: str, body: TextTemplateBody) -> str:
        """Change a text template; it keeps its code and is reviewed again."""
        stored = self.find(code, Kind.TEXT)
        changed = replace(
            stored,
            name=body.name,
            content=body.content,
            type=body.type,
            remark=body.remark,
            account=body.account,
        )
        return self._update(changed, "update_template")

    def update_digital(self, code: str, body: DigitalTemplateBody) -> str:
        """Change a digital template; it keeps its code and is reviewed again."""
        stored = self.find(code, Kind.DIGITAL)
        changed = replace(
            stored,
            name=body.name,
            content=pack_parts(body.parts),
            remark=body.remark,
            sign_name=body.sign_name or stored.sign_name,
            account=body.account,
        )
        return self._update(changed, "update_digital_template")

    def query_text(self, code: str) -> TextTemplateReply:
        """The review of a text template."""
        stored = self.refreshed(self.find(code, Kind.TEXT))
        return TextTemplateReply(
            stored.code,
            stored.name,
            stored.content,
            stored.type,
            stored.status,
            stored.reason,
            _moment(stored.created),
        )

    def query_digital(self, code: str) -> DigitalTemplateReply:
        """The review of a digital template by each carrier."""
        stored = self.refreshed(self.find(code, Kind.DIGITAL))
        return DigitalTemplateReply(
            stored.code, stored.name, stored.status, stored.carriers, stored.reason, _moment(stored.created)
        )

    def delete_text(self, code: str) -> str:
        """Delete a text template here, and at a vendor that can."""
        stored = self.find(code, Kind.TEXT)
        if stored.vendor_code and self._hooks.supports("delete_template"):
            template = for_plugins(stored)
            assert isinstance(template, TextTemplate)  # noqa: S101 - by its kind
            with _refusing():
                if not self._hooks.delete_template(template):
                    raise Refusal("NOT_DELETED", "The vendor did not delete the template; try again later.")
        self._store.delete(self._channel.name, code, millis(self._clock))
        return code

    def delete_digital(self, code: str) -> str:
        """Delete a digital template here and at the vendor."""
        stored = self.find(code, Kind.DIGITAL)
        if stored.vendor_code and self._hooks.supports("delete_digital_template"):
            template = for_plugins(stored)
            assert isinstance(template, DigitalTemplate)  # noqa: S101 - by its kind
            with _refusing():
                if not self._hooks.delete_digital_template(template):
                    raise Refusal("NOT_DELETED", "The vendor did not delete the template; try again later.")
        self._store.delete(self._channel.name, code, millis(self._clock))
        return code

    def find(self, code: str, kind: Kind) -> StoredTemplate:
        """The template with this code; raises Refusal 404."""
        stored = self._store.get(self._channel.name, code)
        if stored is None or stored.kind is not kind:
            raise not_found(f"There is no {kind} template with this code on this platform.")
        return stored

    def refreshed(self, stored: StoredTemplate, fresh_ms: int = _FRESH_MS) -> StoredTemplate:
        """The template after asking the vendor, if its review is open and was not looked up just now.

        When the vendor does not answer, the last known review stands.
        """
        now = millis(self._clock)
        hook = "query_digital_template" if stored.kind is Kind.DIGITAL else "query_template"
        open_review = stored.status in (ReviewStatus.PENDING, ReviewStatus.PARTIAL)
        if not open_review or now - stored.checked < fresh_ms or not self._hooks.supports(hook):
            return stored
        try:
            review = self._ask(for_plugins(stored, self._channel.settings.opt_out_suffix))
        except NoSuchResource as error:
            review = _lost(stored.kind, error)
        except BridgeError as error:
            log.warning("review not refreshed", channel=self._channel.name, code=error.code)
            return stored
        return self._reviewed(stored, review)

    def refresh_pending(self) -> int:
        """Ask the vendor about templates under review; how many were asked about."""
        now = millis(self._clock)
        waiting = self._store.pending(self._channel.name, checked_before=now - _SIGN_FRESH_MS, limit=50)
        for stored in waiting:
            self.refreshed(stored)
        return len(waiting)

    def heed(self, change: ReviewChange) -> None:
        """Apply a vendor's news of a review."""
        if change.sign_name:
            if isinstance(change.review, SignReview):
                self._remember(change.sign_name, change.review)
            elif known := self._store.get_sign(self._channel.name, change.sign_name):
                self._store.save_sign(replace(known, checked=0))
            return
        stored = self._store.by_vendor_code(self._channel.name, change.vendor_code)
        if stored is None:
            log.info("news of an unknown template", channel=self._channel.name)
        elif isinstance(change.review, TemplateReview | DigitalTemplateReview):
            self._reviewed(stored, change.review)
        else:
            self.refreshed(replace(stored, status=ReviewStatus.PENDING, checked=0))

    def require_sign(self, name: str) -> None:
        """Raise Refusal unless the signature may be sent with.

        When the vendor cannot be asked, the send is let through: the vendor itself will judge it.
        """
        try:
            stored = self._sign(name)
        except Refusal as refusal:
            if refusal.status == 404:
                raise Refusal("SIGN_NOT_FOUND", "The signature is not known to this platform.") from None
            log.warning("signature not checked", channel=self._channel.name, code=refusal.code)
            return
        if stored.status is not ReviewStatus.APPROVED:
            raise Refusal("SIGN_NOT_APPROVED", "The signature is not approved on this platform.")

    def _draft(
        self, kind: Kind, type_: TemplateType, name: str, content: str, remark: str, account: str
    ) -> StoredTemplate:
        code = "T" + "".join(secrets.choice(_CODE_ALPHABET) for _ in range(15))
        now = millis(self._clock)
        return StoredTemplate(
            channel=self._channel.name,
            code=code,
            kind=kind,
            type=type_,
            name=name,
            content=content,
            remark=remark,
            sign_name=self._channel.settings.default_sign,
            vendor_code="",
            state="",
            status=ReviewStatus.PENDING,
            reason="",
            account=account,
            created=now,
            checked=now,
        )

    def _create(self, draft: StoredTemplate, hook: str) -> str:
        if not self._hooks.supports(hook):
            return self._keep(self._locally_reviewed(draft))
        template = for_plugins(draft, self._channel.settings.opt_out_suffix)
        with _refusing():
            if isinstance(template, TextTemplate):
                created = self._hooks.create_template(template)
            else:
                created = self._hooks.create_digital_template(template)
        return self._keep(_handed_in(draft, created))

    def _update(self, changed: StoredTemplate, hook: str) -> str:
        if not self._hooks.supports(hook):
            if self._hooks.supports(hook.replace("update", "create")):
                raise Refusal(
                    "UNSUPPORTED_OPERATION", "The vendor cannot change templates; create a new one."
                )
            return self._keep(self._locally_reviewed(changed))
        template = for_plugins(changed, self._channel.settings.opt_out_suffix)
        with _refusing():
            if isinstance(template, TextTemplate):
                created = self._hooks.update_template(template)
            else:
                created = self._hooks.update_digital_template(template)
        return self._keep(_handed_in(changed, created))

    def _keep(self, stored: StoredTemplate) -> str:
        self._store.save(replace(stored, checked=millis(self._clock)))
        return stored.code

    def _locally_reviewed(self, stored: StoredTemplate) -> StoredTemplate:
        auto = self._channel.settings.review == "auto"
        status = ReviewStatus.APPROVED if auto else ReviewStatus.PENDING
        carriers = (
            {carrier: CarrierReview(status) for carrier in Carrier} if stored.kind is Kind.DIGITAL else {}
        )
        return replace(stored, status=status, reason="", carriers=carriers)

    def _ask(self, template: TextTemplate | DigitalTemplate) -> TemplateReview | DigitalTemplateReview:
        if isinstance(template, TextTemplate):
            return self._hooks.query_template(template)
        return self._hooks.query_digital_template(template)

    def _reviewed(
        self, stored: StoredTemplate, review: TemplateReview | DigitalTemplateReview
    ) -> StoredTemplate:
        carriers = dict(review.carriers) if isinstance(review, DigitalTemplateReview) else stored.carriers
        changed = replace(
            stored,
            status=review.status,
            reason=review.reason,
            carriers=carriers,
            vendor_code=stored.vendor_code if review.vendor_code is None else review.vendor_code,
            state=stored.state if review.state is None else review.state,
            checked=millis(self._clock),
        )
        if self._store.save_review(stored, changed):
            return changed
        log.info("review of an older text ignored", channel=self._channel.name, template=stored.code)
        return self._store.get(stored.channel, stored.code) or stored

    def _sign(self, name: str) -> StoredSign:
        local = self._channel.settings.signs.get(name)
        if local is not None:
            return StoredSign(self._channel.name, name, local.status, local.reason, None, 0)
        if not self._hooks.supports("query_sign"):
            raise not_found("The signature is not known to this platform.")
        now = millis(self._clock)
        stored = self._store.get_sign(self._channel.name, name)
        fresh_ms = _SIGN_FRESH_MS if stored and stored.status is ReviewStatus.APPROVED else _FRESH_MS
        if stored is not None and now - stored.checked < fresh_ms:
            return stored
        try:
            return self._remember(name, self._hooks.query_sign(name))
        except NoSuchResource:
            raise not_found("The signature is not known to this platform.") from None
        except BridgeError as error:
            if stored is not None:
                return stored
            raise _refusal(error) from None

    def _remember(self, name: str, review: SignReview) -> StoredSign:
        created = int(review.created_at.timestamp() * 1000) if review.created_at else None
        stored = StoredSign(
            self._channel.name, name, review.status, review.reason, created, millis(self._clock)
        )
        self._store.save_sign(stored)
        return stored


class _refusing:  # noqa: N801 - used as a statement
    """Turns a vendor's error into the answer to Quick Audience."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BridgeError):
            raise _refusal(error) from None


def _refusal(error: BridgeError) -> Refusal:
    if isinstance(error, UnsupportedOperation):
        return Refusal("UNSUPPORTED_OPERATION", error.reason)
    return Refusal(error.code, error.reason)


def _handed_in(stored: StoredTemplate, created: CreatedTemplate) -> StoredTemplate:
    status = created.status
    carriers = {carrier: CarrierReview(status) for carrier in Carrier} if stored.kind is Kind.DIGITAL else {}
    return replace(
        stored,
        vendor_code=stored.vendor_code if created.vendor_code is None else created.vendor_code,
        state=stored.state if created.state is None else created.state,
        status=status,
        reason=created.reason,
        carriers=carriers,
    )


def _lost(kind: Kind, error: NoSuchResource) -> TemplateReview | DigitalTemplateReview:
    if kind is Kind.TEXT:
        return TemplateReview(ReviewStatus.REJECTED, error.reason)
    rejected = CarrierReview(ReviewStatus.REJECTED, error.reason)
    return DigitalTemplateReview(dict.fromkeys(Carrier, rejected), error.reason)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
