"""Templates and signatures at the accounts of a channel beside the primary one.

What fails at one of them is kept, shown and tried again; it never fails Quick Audience's call.
"""

import secrets
from collections.abc import Collection
from dataclasses import replace

import structlog

from bridge.channels import OpenAccount, OpenChannel
from bridge.channels.isolation import Isolated, Tolerated
from bridge.clock import HOUR_MS, MINUTE_MS, Clock, millis
from bridge.contract.refusal import Refusal
from bridge.ledger import (
    BRIDGE,
    AccountSign,
    Act,
    Filed,
    Ledger,
    StoredTemplate,
)
from bridge.ledger.scope import Holder
from bridge.plugin import (
    DigitalTemplateReview,
    ReviewChange,
    ReviewStatus,
    SignReview,
    Template,
    TemplateReview,
)

from ..snapshots import digest, for_plugins
from .adopting import Adopting
from .filing import NO_CODE, Filing, Review, sign_review
from .told import decided_here, handed_in, reviewed

log = structlog.get_logger("bridge.templates")

_PENDING_FRESH_MS = MINUTE_MS
_SIGN_FRESH_MS = MINUTE_MS
_FIRST_RETRY_MS = MINUTE_MS
_AT_ONCE = 50
_LEASE_MS = 300_000
_FILE, _DELETE = "file", "delete"
_RANK = {
    ReviewStatus.REJECTED: 0,
    ReviewStatus.PENDING: 1,
    ReviewStatus.PARTIAL: 2,
    ReviewStatus.APPROVED: 3,
}


class OtherAccounts:
    """The filings of one channel at its other accounts."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._store = ledger.filings
        self._templates = ledger.templates
        self._coordination = ledger.coordination
        self._owner = secrets.token_hex(8)
        self._clock = clock
        self._adopting = Adopting(channel, self, ledger, clock)
        self._others = {name: one for name, one in channel.accounts.items() if one is not channel.primary}

    def file(self, template: StoredTemplate) -> None:
        """Hand a template in, or its change, at every other account."""
        known = self._store.of(template.channel, template.code) if self._others else {}
        for name, account in self._others.items():
            with Isolated(log, "template not filed", channel=self._channel.name, account=name):
                self._give(account, template, known.get(name))

    def _give(self, account: OpenAccount, template: StoredTemplate, known: Filed | None) -> None:
        filed = self.hand_in(account, template, known)
        if not self._store.keep(known, filed, due=millis(self._clock)):
            log.info("template filed twice at once", channel=self._channel.name, account=account.name)

    def leave(self, template: StoredTemplate) -> None:
        """Keep what an account has of a template that is filed anew at the primary one."""
        self._adopting.leave(template)

    def delete(self, template: StoredTemplate) -> None:
        """Delete a template at every other account."""
        known = self._store.of(template.channel, template.code) if self._others else {}
        for filed in known.values():
            with Isolated(log, "template not deleted", channel=self._channel.name, account=filed.account):
                self._deleted(filed, template)

    def refresh(self) -> int:
        """Try again what is owed, and ask about what is under review.

        Returns how many filings were looked after.
        """
        if not self._others and not self._adopting.missing():
            return 0
        now, name = millis(self._clock), f"filings/{self._channel.name}"
        # One process at a time: two would file a template twice.
        if self._coordination.lease(name, Holder(self._owner, _LEASE_MS), now=now) is None:
            return 0
        try:
            return self._look_after(now)
        finally:
            self._coordination.release_lease(name, self._owner, due=0)

    def _look_after(self, now: int) -> int:
        self._adopting.run(_AT_ONCE)
        # An account that was only renamed has its templates already.
        identities = {name: one.hooks.identity for name, one in self._others.items()}
        self._store.take_over(self._channel.name, identities)
        self._file_missing()
        before = now - _PENDING_FRESH_MS
        waiting = self._store.waiting(
            self._channel.name, list(self._others), checked_before=before, now=now, limit=_AT_ONCE
        )
        for filed in waiting:
            with Isolated(log, "filing not refreshed", channel=self._channel.name, account=filed.account):
                self._refresh(filed)
        for name in self._wanted_signs():
            self.ask_sign(name, wanted_only=True)
        return len(waiting)

    def _wanted_signs(self) -> Collection[str]:
        """Return the signatures that are sent with: known at any account, or the default."""
        name = self._channel.name
        elsewhere = {one.name for one in self._store.signs(name)}
        at_primary = {one.name for one in self._templates.signs(name)}
        return (elsewhere | at_primary | {self._channel.settings.default_sign}) - {""}

    def _file_missing(self) -> None:
        """File templates at an account that has not got them as they are now.

        It joined the channel, or became another, after they were made; or of two changes at once the earlier
        one came to it last; or a process was killed before it could hand one in.
        """
        rows = {(filed.code, filed.account): filed for filed in self._store.of_channel(self._channel.name)}
        missing = [
            (template, account, filed)
            for template in self._templates.list(self._channel.name)
            for name, account in self._others.items()
            if not self._has(account, template, filed := rows.get((template.code, name)))
        ]
        for template, account, filed in missing[:_AT_ONCE]:
            with Isolated(log, "template not filed", channel=self._channel.name, account=account.name):
                self._give(account, template, filed)

    def _has(self, account: OpenAccount, template: StoredTemplate, filed: Filed | None) -> bool:
        """Return whether an account has a template as it is now, or is owed it already."""
        if filed is None:
            return False
        here = filed.filed_at == account.hooks.identity
        return bool(filed.owed) or (here and filed.digest == self.digest(template))

    def seen(self, template: StoredTemplate) -> StoredTemplate:
        """Return a template with the review that Quick Audience is to see, by the channel's `approval`."""
        approval = self._channel.settings.approval
        if approval == "primary" or not self._others:
            return template
        filings = self._store.of(template.channel, template.code).values()
        reviews = [self._own(template)]
        reviews += [
            self._at(account, template, filings)
            for account in self._others.values()
            # Else no message of this kind ever goes there.
            if Filing(account.hooks).sends(template.kind)
        ]
        choose = max if approval == "any" else min
        chosen = choose(reviews, key=lambda one: _RANK[one.status])
        return replace(template, status=chosen.status, reason=chosen.reason, carriers=dict(chosen.carriers))

    def _own(self, template: StoredTemplate) -> StoredTemplate | Filed:
        """Return the primary account's review, if it is that account's."""
        own = template.filed_at in ("", self._channel.hooks.identity)
        return template if own else replace(template, status=ReviewStatus.PENDING, reason="")

    def _at(self, account: OpenAccount, template: StoredTemplate, filings: Collection[Filed]) -> Filed:
        """Return another account's review of a template as it is now; one that was renamed keeps its own."""
        anew = Filed(template.channel, template.code, account.name)
        filed = next((one for one in filings if one.filed_at == account.hooks.identity), anew)
        return filed if filed.digest == self.digest(template) else replace(filed, status=ReviewStatus.PENDING)

    def apply_review(self, account: str, change: ReviewChange) -> None:
        """Apply what another account reports of a template or a signature."""
        if change.sign_name:
            review = change.review if isinstance(change.review, SignReview) else None
            self._remember(account, change.sign_name, review)
            return
        filed = self._store.by_vendor_code(self._channel.name, account, change.vendor_code)
        if filed is None or filed.filed_at != self._others[account].hooks.identity:
            log.info("review of an unknown template", channel=self._channel.name, account=account)
        elif isinstance(change.review, TemplateReview | DigitalTemplateReview):
            self._keep_review(filed, change.review)
        else:
            self._refresh(filed)

    def ask_sign(self, name: str, *, wanted_only: bool = False) -> None:
        """Ask the other accounts about a signature, each at most once a minute.

        `wanted_only`: only those that have not approved it, or were not asked yet.
        """
        if not self._others or name in self._channel.settings.signs:
            return
        now = millis(self._clock)
        identities = {account: one.hooks.identity for account, one in self._others.items()}
        known = {
            one.account: one
            for one in self._store.signs(self._channel.name)
            if one.name == name and one.identity in ("", identities.get(one.account))
        }
        for account, one in self._others.items():
            fresh = account in known and now - known[account].checked < _SIGN_FRESH_MS
            fresh |= wanted_only and account in known and known[account].status is ReviewStatus.APPROVED
            if one.hooks.supports("query_sign") and not fresh:
                with Tolerated(
                    log,
                    "signature not checked",
                    channel=self._channel.name,
                    account=account,
                ):
                    self._remember(account, name, sign_review(one.hooks, name))

    def digest(self, template: StoredTemplate) -> str:
        """Return the digest of what is filed of a template."""
        return digest(template, self._channel.settings.opt_out_suffix)

    def _shown(self, template: StoredTemplate, filed: Filed) -> Template:
        there = replace(template, vendor_code=filed.vendor_code, state=filed.state)
        return for_plugins(there, self._channel.settings.opt_out_suffix)

    def hand_in(self, account: OpenAccount, template: StoredTemplate, known: Filed | None) -> Filed:
        """File a template, or its change, at an account; what it refuses is owed."""
        now, identity = millis(self._clock), account.hooks.identity
        anew = Filed(template.channel, template.code, account.name)
        filed = known if known is not None and known.filed_at in ("", identity) else anew
        try:
            told = self._told(Filing(account.hooks), template, filed, anew)
        except Refusal as refused:
            return self._owed(filed, _FILE, refused)
        told = replace(told, digest=self.digest(template), filed_at=identity, filed=now, checked=now)
        return replace(told, changed=now, owed="", due=0, error="")

    def _told(self, filing: Filing, template: StoredTemplate, filed: Filed, anew: Filed) -> Filed:
        """Return what an account, or the bridge for it, says of a template that it is given."""
        shown = self._shown(template, filed)
        if not filing.sends(template.kind):
            reason = f"This account cannot send {template.kind} messages."
            return replace(filed, status=ReviewStatus.REJECTED, reason=reason)
        if not filing.creates(template.kind):
            return decided_here(filed, shown, filing, auto=self._channel.settings.review == "auto")
        if filed.vendor_code and filing.updates(template.kind):
            return handed_in(filed, template.kind, filing.update(shown))
        return handed_in(filed, template.kind, filing.create(self._shown(template, anew)))

    def _owed(self, filed: Filed, what: str, refused: Refusal) -> Filed:
        now = millis(self._clock)
        wait = min(max(now - filed.due, _FIRST_RETRY_MS) if filed.owed else _FIRST_RETRY_MS, HOUR_MS)
        error = f"{refused.code}: {refused.message}"
        log.warning(
            "template waits for an account",
            channel=self._channel.name,
            account=filed.account,
            template=filed.code,
            code=refused.code,
        )
        return replace(filed, owed=what, due=now + wait, error=error, checked=now)

    def _deleted(self, filed: Filed, template: StoredTemplate) -> None:
        account = self._others.get(filed.account)
        filing = Filing(account.hooks) if account else None
        here = account is not None and filed.filed_at == account.hooks.identity
        if filing and here and filed.vendor_code and filing.deletes(template.kind):
            try:
                filing.delete(self._shown(template, filed))
            except Refusal as refused:
                self._store.save(self._owed(filed, _DELETE, refused))
                return
        self._store.remove(filed)

    def _refresh(self, filed: Filed) -> None:
        """Do what is owed, or ask for the review."""
        account = self._others.get(filed.account)
        if account is None:
            return
        template = self._templates.get(self._channel.name, filed.code)
        if template is None:
            gone = self._templates.deleted(self._channel.name, filed.code)
            if gone is not None:
                self._deleted(filed, gone)
            return
        filing = Filing(account.hooks)
        had_no_code = filed.reason == NO_CODE and not filing.lacks_code(self._shown(template, filed))
        if filed.owed or had_no_code:
            self._store.save_review(filed, self.hand_in(account, template, filed))
        elif filing.reviews(template.kind) and filed.filed_at == account.hooks.identity:
            with Tolerated(
                log,
                "review not refreshed",
                channel=self._channel.name,
                account=filed.account,
            ) as asked:
                review = filing.query(self._shown(template, filed))
            if asked.failed:
                self._store.save_review(filed, replace(filed, checked=millis(self._clock)))
            else:
                self._keep_review(filed, review)
        else:  # nobody can be asked: it must not stand before those that can
            self._store.save_review(filed, replace(filed, checked=millis(self._clock)))

    def _keep_review(self, filed: Filed, review: Review) -> None:
        """Store what an account told; another state than before is written down."""
        now, act = millis(self._clock), None
        told = reviewed(filed, review, now)
        if (filed.status, filed.reason) != (told.status, told.reason):
            told = replace(told, changed=now)
        if told.status != filed.status:
            before, after = ({"account": one.account, "status": str(one.status)} for one in (filed, told))
            act = Act(BRIDGE, "template reviewed", told.checked, filed.channel, filed.code, told.reason)
            act = replace(act, before=before, after=after)
        self._store.save_review(filed, told, act)

    def _remember(self, account: str, name: str, review: SignReview | None) -> None:
        status, reason = (review.status, review.reason) if review else (ReviewStatus.PENDING, "")
        checked = millis(self._clock) if review else 0
        told = (status, reason, checked, self._others[account].hooks.identity)
        self._store.save_sign(AccountSign(self._channel.name, account, name, *told))
