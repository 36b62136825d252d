"""What an operator does to a running bridge, whatever the desk: the command line, or a page.

Everything here is told to the workers through the ledger. What cannot be done raises OperatorRefused.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from bridge.channels import OpenChannel
from bridge.clock import DAY_MS, Clock, hours, iso, millis
from bridge.ledger import (
    AccountKey,
    Act,
    Filed,
    Forgotten,
    Ledger,
    StoredTemplate,
    Window,
    digest_of,
)
from bridge.ledger import Replayed as Replayed
from bridge.ledger.campaigns.reading import Campaign
from bridge.ledger.refs import to_ref
from bridge.ledger.scope import Scope
from bridge.ledger.suppressions import OPERATOR
from bridge.plugin import Kind, Phone, ReviewStatus
from bridge.plugin.phone import mask, mask_msisdn
from bridge.settings import ChannelSettings, Settings

from ..reviews.drifting import lease_of
from ..reviews.filing import NO_CODE, Filing, carriers_with
from ..snapshots import for_plugins

NO_CHANNEL = "There is no channel %(channel)s; the configuration has %(names)s."
NO_ACCOUNT = "The channel %(channel)s has no account %(account)s; it has %(names)s."
NO_TEMPLATE = "The channel %(channel)s has no template %(code)s."

CHANGED = "The template %(code)s was changed meanwhile; look at it again, and decide anew."
OTHER_TYPE = "%(reason)s The template is of type %(type)s."

_NAMED = 20
"""So many numbers of an act are named, masked."""

_LIVES = 4
"""A message waits to be sent and for its receipt no longer than a deadline each, and twice if sent again."""


class Own(str):
    """A value within a sentence that is the bridge's own word, too, and said in the reader's language."""

    __slots__ = ()


class OperatorRefused(Exception):
    """What was asked for cannot be done; the text is one sentence for the operator.

    `values` stand in it by their names, so that a page can say it in the reader's language.
    """

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text % values if values else text)
        self.text = text
        self.values = values


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """An operator's review of a template. `vendor_code` is what the vendor knows it by, "" to leave that.

    `account`: the one of several that it is about, "" for the primary. `seen`: what `Operating.seen` told of
    the template when the person looked at it, "" where nobody can say.
    """

    status: ReviewStatus
    reason: str = ""
    vendor_code: str = ""
    account: str = ""
    seen: str = ""


class Operating:
    """An operator's means over all channels."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock, who: str = "shell") -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._who = who

    def _act(self, what: str, channel: str = "", why: str = "", **after: object) -> Act:
        """Return what is done, for the audit."""
        return Act(self._who, what, millis(self._clock), channel, why=why, after=after or None)

    def pause(self, channel: str, reason: str, account: str = "") -> None:
        """Send nothing through a channel until it is resumed; what is accepted waits.

        With `account` call that one no more: the channel's others go on, and take what it has not sent.
        """
        if account:
            self._require_account(channel, account)
            act = self._act("account paused", channel, reason, account=account, paused=True)
            self._ledger.accounts.pause_until_resumed(AccountKey(channel, account), reason, act)
            return
        self.require(channel)
        act = self._act("channel paused", channel, reason, paused=True)
        self._ledger.coordination.pause_until_resumed(channel, reason, act)

    def resume(self, channel: str, account: str = "", reason: str = "") -> None:
        """Send and push again at once: no pause, no breaker, and no wait for a next attempt.

        Accounts that refused messages are shown them again. With `account` that one is called again, and the
        channel stays as it is; without one, an account that a person has paused stays paused.
        """
        now = millis(self._clock)
        freed = self._act("account resumed", channel, reason, paused=False)
        self._ledger.moving.lift_bars(channel)
        if account:
            self._require_account(channel, account)
            self._ledger.batches.hasten(channel, now)
            self._ledger.accounts.free(channel, account, now, freed)
            return
        self.require(channel)
        self._ledger.coordination.close_breaker(channel, now, self._who)
        self._ledger.outbox.hasten(channel, now)
        self._ledger.batches.hasten(channel, now)
        self._ledger.accounts.free(channel, "", now, freed)
        self._ledger.coordination.resume(channel, self._act("channel resumed", channel, reason, paused=False))

    def decide(self, channel: OpenChannel | str, code: str, decision: ReviewDecision) -> None:
        """Approve or reject a template that no vendor reviews.

        A channel that cannot be opened here is given by its name: what the ledger knows of the template must
        do then, and only its primary account can be decided for.
        """
        if isinstance(channel, str) and decision.account:
            raise OperatorRefused(
                "The secrets of %(channel)s are not here: decide for an account where they are.",
                channel=channel,
            )
        name = channel if isinstance(channel, str) else channel.name
        if decision.seen and decision.seen != self.seen(name, code):
            raise OperatorRefused(CHANGED, code=code)
        if not isinstance(channel, str) and decision.account not in ("", channel.primary.name):
            self._decide_at(channel, code, decision)
            return
        template = self._undecided(channel, code, decision)
        changed = replace(
            template,
            status=decision.status,
            reason=decision.reason,
            carriers=carriers_with(template.kind, decision.status, decision.reason),
        )
        if decision.vendor_code:
            filed_at = "" if isinstance(channel, str) else channel.hooks.identity
            changed = replace(changed, vendor_code=decision.vendor_code, filed_at=filed_at)
        act = self._act("template decided", name, decision.reason)
        if not self._ledger.templates.save_review(template, changed, act):
            raise OperatorRefused(CHANGED, code=code)

    def seen(self, channel: str, code: str) -> str:
        """Return what tells the template as it is now from any later text of it."""
        template = self._ledger.templates.get(channel, code)
        if template is None:
            raise OperatorRefused(NO_TEMPLATE, channel=channel, code=code)
        shown = f"{template.name}\0{template.content}"
        return digest_of(template.kind, template.type, shown, template.sign_name)

    def awaited(self, channel: OpenChannel, code: str) -> list[str]:
        """Return the accounts whose review of a template a person decides, those that still wait first."""
        template = self._ledger.templates.get(channel.name, code)
        if template is None:
            raise OperatorRefused(NO_TEMPLATE, channel=channel.name, code=code)
        filed = self._ledger.filings.of(channel.name, code)
        waits: dict[str, bool] = {}
        if not _reviewed_there(channel, template):
            waiting = template.status is ReviewStatus.PENDING
            if waiting or self.require(channel.name).review == "manual":
                waits[channel.primary.name] = waiting
        for name, account in channel.accounts.items():
            mine = filed.get(name)
            if mine and not mine.owed and not Filing(account.hooks).reviews(template.kind):
                waits[name] = mine.status is ReviewStatus.PENDING
        return sorted(waits, key=lambda name: not waits[name])

    def ask_accounts(self, channel: str, reason: str = "") -> None:
        """Let a worker ask the accounts of a channel for their templates and signatures now, not at night."""
        self.require(channel)
        now = millis(self._clock)
        act = self._act("accounts asked for templates", channel, reason)
        self._ledger.coordination.hasten(lease_of(channel), now, act)

    def _decide_at(self, channel: OpenChannel, code: str, decision: ReviewDecision) -> None:
        """Decide for one account beside the primary."""
        filed, kind = self._undecided_at(channel, code, decision.account)
        now = millis(self._clock)
        decided = replace(
            filed,
            status=decision.status,
            reason=decision.reason,
            carriers=carriers_with(kind, decision.status, decision.reason),
            vendor_code=decision.vendor_code or filed.vendor_code,
            checked=now,
            changed=now,
        )
        told = {"account": filed.account, "status": str(decision.status), "vendor_code": decision.vendor_code}
        act = replace(self._act("template decided", channel.name, decision.reason, **told), subject=code)
        before = {"status": str(filed.status), "vendor_code": filed.vendor_code}
        if not self._ledger.filings.save_review(filed, decided, replace(act, before=before)):
            raise OperatorRefused(CHANGED, code=code)

    def _undecided_at(self, channel: OpenChannel, code: str, name: str) -> tuple[Filed, Kind]:
        """Return what is filed at an account that leaves the review to people, and the template's kind."""
        account = channel.accounts.get(name)
        if account is None:
            names = ", ".join(channel.accounts)
            raise OperatorRefused(NO_ACCOUNT, channel=channel.name, account=name, names=names)
        filed = self._ledger.filings.of(channel.name, code).get(name)
        template = self._ledger.templates.get(channel.name, code)
        if template is None or filed is None or filed.owed:
            raise OperatorRefused(
                "The template %(code)s is not filed at the account %(account)s.", code=code, account=name
            )
        if Filing(account.hooks).reviews(template.kind):
            raise OperatorRefused(
                "The account %(account)s reviews its templates itself; decide there.", account=name
            )
        return filed, template.kind

    def suppress(self, channel: str, digits: Collection[str], sign: str = "", reason: str = "") -> None:
        """Put numbers on a channel's suppression list, under one signature or under all."""
        self.require(channel)
        numbers = [mask_msisdn(one) for one in digits][:_NAMED]
        act = self._act("numbers suppressed", channel, reason, sign=sign, numbers=numbers)
        now = millis(self._clock)
        self._ledger.suppressions.add(Scope(channel, now), sign, list(digits), OPERATOR, act)

    def allow(self, channel: str, digits: Collection[str], sign: str | None = None, reason: str = "") -> int:
        """Take numbers off a channel's suppression list, under one signature or everywhere.

        Returns how many entries.
        """
        self.require(channel)
        shown = ", ".join(mask_msisdn(one) for one in list(digits)[:_NAMED])
        under = {} if sign is None else {"sign": sign}
        act = replace(self._act("suppressions removed", channel, reason, **under), subject=shown)
        return self._ledger.suppressions.remove(channel, sign, list(digits), act)

    def forget(self, phone: Phone, why: str) -> Forgotten:
        """Remove a person's number, values, texts and replies everywhere; a suppression stays a digest."""
        found = Forgotten()
        now = millis(self._clock)
        for channel in sorted({*self._settings.channels, *self._ledger.forgetting.channels()}):
            act = replace(self._act("person forgotten", channel, why), subject=mask(phone.raw))
            done = self._ledger.forgetting.forget(channel, phone, now, act)
            found.rows.update(done.rows)
            found.busy += done.busy
        if not found.rows.total():
            # That it was asked for stays written, too: someone may have to show that the person was answered.
            act = self._act("person forgotten", "", why, rows=0, busy=found.busy)
            self._ledger.audit.note(replace(act, subject=mask(phone.raw)))
        return found

    def replay(
        self, *, channel: str | None = None, ids: Sequence[int] | None = None, reason: str = ""
    ) -> int:
        """Push what was given up once more: the ids, a channel's, or all.

        Returns how many callbacks.
        """
        if channel is not None:
            self.require(channel)
        act = self._act("callbacks replayed", channel or "", reason)
        if ids is not None:
            act = replace(act, subject=", ".join(map(str, ids))[:300])
        return self._ledger.outbox.replay(millis(self._clock), channel=channel, ids=ids, act=act)

    def replay_span(
        self, channel: str, since: int, until: int, out_id: str = "", reason: str = ""
    ) -> Replayed:
        """Push again what ended or came in a span (milliseconds), also what Quick Audience had confirmed."""
        window = Window(channel, since, until, out_id)
        return self._replay(window, reason, out_id or "a span of time")

    def replay_campaign(self, campaign: Campaign, since: int, until: int, reason: str = "") -> Replayed:
        """Push again what ended or came of one campaign in a span (milliseconds; `since` 0: all of it)."""
        window = Window(campaign.channel, since or campaign.first, until, campaign=campaign.id)
        return self._replay(window, reason, f"{to_ref(campaign.id)} {campaign.name}")

    def _replay(self, window: Window, reason: str, subject: str) -> Replayed:
        channel = window.channel
        settings = self.require(channel)
        if not settings.callback_url:
            raise OperatorRefused(
                "The channel %(channel)s has no callback_url: nothing is pushed.", channel=channel
            )
        if window.until < window.since:
            raise OperatorRefused("The span ends before it begins.")
        reach_ms = _LIVES * hours(settings.unknown_deadline_h)
        window = replace(window, reach_ms=max(reach_ms, 4 * DAY_MS))
        span = {"since": iso(window.since), "until": iso(window.until)}
        act = replace(self._act("callbacks replayed", channel, reason, **span), subject=subject)
        return self._ledger.replaying.replay(window, act, receipts=settings.receipts == "push")

    def require(self, channel: str) -> ChannelSettings:
        """Return the settings of a channel that exists."""
        if channel not in self._settings.channels:
            names = ", ".join(self._settings.channels)
            raise OperatorRefused(NO_CHANNEL, channel=channel, names=names)
        return self._settings.channels[channel]

    def _require_account(self, channel: str, account: str) -> None:
        accounts = self.require(channel).all_accounts
        if account not in accounts:
            names = ", ".join(accounts)
            raise OperatorRefused(NO_ACCOUNT, channel=channel, account=account, names=names)

    def _undecided(self, channel: OpenChannel | str, code: str, decision: ReviewDecision) -> StoredTemplate:
        name = channel if isinstance(channel, str) else channel.name
        template = self._ledger.templates.get(name, code)
        if template is None:
            raise OperatorRefused(NO_TEMPLATE, channel=name, code=code)
        if _reviewed_there(channel, template):
            raise OperatorRefused(
                "The vendor of %(channel)s reviews its templates itself; decide there.", channel=name
            )
        # With review = "auto" too a template may wait for the code that only the operator knows.
        known = decision.vendor_code or template.vendor_code
        approved = decision.status is ReviewStatus.APPROVED
        if approved and not known and _lacks_code(channel, template):
            raise OperatorRefused(
                "The vendor of %(channel)s sends by codes of its own: give this template's (--vendor-code).",
                channel=name,
            )
        waits = template.status is not ReviewStatus.APPROVED or decision.vendor_code
        if self.require(name).review != "manual" and not waits:
            raise OperatorRefused(
                'The channel %(channel)s has review = "auto": its templates need no decision here.',
                channel=name,
            )
        return template


def _reviewed_there(channel: OpenChannel | str, template: StoredTemplate) -> bool:
    """Return whether the vendor reviews a template; of a closed channel, whether it was handed in there."""
    if isinstance(channel, str):
        return bool(template.filed_at)
    return Filing(channel.hooks).reviews(template.kind)


def _lacks_code(channel: OpenChannel | str, template: StoredTemplate) -> bool:
    """Return whether a person must give the vendor's code of a template."""
    if isinstance(channel, str):
        return template.reason == NO_CODE
    return Filing(channel.hooks).lacks_code(for_plugins(template))
