"""What an account has of the template that a send was accepted with: its code there, or why it is not sent.

A code means something only at the account that gave it. So a send carries the code of the account that is
called: from that account's own row, or from the send itself where the same account had given it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from bridge.channels import OpenAccount, OpenChannel
from bridge.ledger import (
    AccountSign,
    Filed,
    Ledger,
    SendInfo,
    StoredSign,
    StoredTemplate,
    digest_of_snapshot,
)
from bridge.plugin import Carrier, CarrierReview, Kind, ReviewStatus
from bridge.plugin.status import SENDABLE

from ..snapshots import digest
from .filing import Filing

_ANOTHER = "-"
"""No account's identity: that of an account which is not known, and not the one that has the template now."""
_NOT_FILED = "It has not got the template with the content of this send."
_UNFILED = "The template is not filed there yet: it is handed in within a minute."
_NOT_APPROVED = "The template was not approved there."


class Fit(NamedTuple):
    """A send as an account knows it, None where it has no code for it.

    `why` says why the account cannot take it, "" if it can.
    """

    info: SendInfo | None
    why: str = ""


class Fitting:
    """Tells whether the accounts of one channel can take a send, and with which code."""

    def __init__(self, channel: OpenChannel, ledger: Ledger) -> None:
        self._channel = channel
        self._store = ledger.filings
        self._templates = ledger.templates

    def fit(self, name: str, info: SendInfo) -> Fit:
        """Return a send as an account knows it, and why the account cannot take it."""
        account = self._channel.accounts.get(name, self._channel.primary)
        before = self._filed_at(info)
        if not self._channel.several and self._as_accepted(account, info, before):
            return Fit(info, self._unfit_sign(account, info))
        if account is self._channel.primary:
            return self._at_primary(account, info, before)
        return self._at_other(account, info, before)

    def _as_accepted(self, account: OpenAccount, info: SendInfo, before: str) -> bool:
        """Return True where the one account of a channel surely has what the send was accepted with."""
        return before == account.hooks.identity or (before == "" and not _files(account, info))

    def _at_primary(self, account: OpenAccount, info: SendInfo, before: str) -> Fit:
        identity = account.hooks.identity
        stored = self._templates.get(self._channel.name, str(info.template["code"]))
        current = stored is not None and self._digest(stored) == digest_of_snapshot(info.template)
        # An account that takes templates has those that were filed there, or have a code from before that was
        # noted.
        code = stored.vendor_code if stored is not None and current else info.template["vendor_code"]
        own = ("", identity) if code or not _files(account, info) else (identity,)
        if stored is not None and current and stored.filed_at in own:
            approved = stored.status in SENDABLE
            why = "" if approved else f"The template is {stored.status} there. {stored.reason}".strip()
            return Fit(_with(info, before, stored), why or self._unfit_sign(account, info))
        # Deleted or changed since: what was accepted goes on as it was, at the account that has it.
        if before == identity or (before in own and not current):
            why = "" if info.template.get("approved", True) else _NOT_APPROVED
            return Fit(info, why or self._unfit_sign(account, info))
        if stored is None or not current:
            return Fit(None, _NOT_FILED)
        return Fit(None, "The template is filed at another vendor account." if stored.filed_at else _UNFILED)

    def _at_other(self, account: OpenAccount, info: SendInfo, before: str) -> Fit:
        identity = account.hooks.identity
        filed = self._store.of(self._channel.name, str(info.template["code"])).get(account.name)
        here = filed is not None and filed.filed_at == identity
        if filed is not None and here and filed.digest == digest_of_snapshot(info.template):
            words = f"The template is {filed.status} there. {filed.error or filed.reason}".strip()
            why = "" if filed.approved else words
            return Fit(_with(info, before, filed), why or self._unfit_sign(account, info))
        if before != identity:
            return Fit(None, _NOT_FILED)
        # It was the primary then, and the template was deleted or changed since.
        why = "" if info.template.get("approved", True) else _NOT_APPROVED
        return Fit(info, why or self._unfit_sign(account, info))

    def judged_at(self, sign_name: str) -> str:
        """Return the identity of the primary account if a send under it is accepted now, else ""."""
        primary = self._channel.primary
        known = self._templates.get_sign(self._channel.name, sign_name)
        own = known is None or known.identity in ("", primary.hooks.identity)
        approved = known is None or known.status is ReviewStatus.APPROVED
        return primary.hooks.identity if own and approved else ""

    def _unfit_sign(self, account: OpenAccount, info: SendInfo) -> str:
        """Return why an account does not take a send's signature, "" where it does.

        The primary account of that time judged it when the send was accepted.
        """
        name, identity = info.sign_name, account.hooks.identity
        judged = info.template.get("sign_at", self._channel.primary.hooks.identity)
        if not name or judged == identity:
            return ""  # a send always names one: only a person asks without it
        if name in self._channel.settings.signs or not account.hooks.supports("query_sign"):
            return ""
        known = self._known_sign(account, name)
        if known is None:
            return "It was not asked about the signature yet."
        approved = known.status is ReviewStatus.APPROVED
        return "" if approved else f"The signature is {known.status} there. {known.reason}".strip()

    def _known_sign(self, account: OpenAccount, name: str) -> StoredSign | AccountSign | None:
        """Return what an account said of a signature, as the primary one or beside it."""
        channel, identity = self._channel.name, account.hooks.identity
        at_primary = self._templates.get_sign(channel, name)
        beside = [one for one in self._store.signs(channel) if one.name == name]
        told: list[StoredSign | AccountSign] = [*beside, *([at_primary] if at_primary else [])]
        by_identity = next((one for one in told if one.identity == identity), None)
        if by_identity is not None:
            return by_identity
        if account is self._channel.primary:
            mine: Sequence[StoredSign | AccountSign] = [at_primary] if at_primary else []
        else:
            mine = [one for one in beside if one.account == account.name]
        return next((one for one in mine if one.identity == ""), None)

    def _filed_at(self, info: SendInfo) -> str:
        """Return the identity of the account whose code a send was accepted with, "" for no account's."""
        known = info.template.get("filed_at")
        if known or (known == "" and not info.template["vendor_code"]):
            return str(known)
        # Written by an earlier version with the code of what was the primary account then, or with one that a
        # person gave where the account could not be told.
        code = str(info.template["code"])
        stored = self._templates.get(self._channel.name, code) or self._templates.deleted(
            self._channel.name, code
        )
        if stored is None:
            return ""
        # Another code was given by another account, or for another text: whose, nobody can tell any more.
        return stored.filed_at if stored.vendor_code == info.template["vendor_code"] else _ANOTHER

    def _digest(self, stored: StoredTemplate) -> str:
        return digest(stored, self._channel.settings.opt_out_suffix)


def _files(account: OpenAccount, info: SendInfo) -> bool:
    """Return whether an account takes templates of a send's kind, and knows no others."""
    return Filing(account.hooks).creates(Kind(str(info.template["kind"])))


def _with(info: SendInfo, before: str, there: StoredTemplate | Filed) -> SendInfo:
    """Return a send with the template's code and review at an account."""
    own = {
        "vendor_code": there.vendor_code,
        "state": there.state,
        "refused": _refused(there.status, there.carriers),
        "filed_at": before,
    }
    return replace(info, template={**info.template, **own})


def _refused(status: ReviewStatus, carriers: Mapping[Carrier, CarrierReview]) -> list[Any]:
    if status is not ReviewStatus.PARTIAL:
        return []
    return [str(one) for one, review in carriers.items() if review.status is not ReviewStatus.APPROVED]
