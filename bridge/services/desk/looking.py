"""What an operator looks at, whatever the desk: messages, templates, callbacks, suppressions, webhooks.

Numbers leave this room masked; a vendor's or Quick Audience's own words are freed of them. Only the place of
a suppression is the number itself: a page's address seals it.
"""

from dataclasses import dataclass, field, replace

from bridge import logs
from bridge.clock import DAY_MS, FOREVER_MS, MINUTE_MS, Clock, millis
from bridge.ledger import RECEIPT, Act, Filed, GivenUp, Ledger, StoredTemplate
from bridge.ledger import Excerpt as Excerpt
from bridge.plugin import Kind, Phone, ReviewStatus
from bridge.plugin.phone import mask, mask_msisdn
from bridge.settings import Settings

from ..snapshots import shown_text
from .operating import NO_CHANNEL, OperatorRefused
from .timeline import SeenMessage, Timeline
from .waiting import Queued, SeenQueue


@dataclass(frozen=True, slots=True)
class SeenTemplate:
    """A template with its content as one line of text; `state` is the vendor's own, `asked` when it was last.

    Of a channel with several accounts both are the primary one's.
    """

    channel: str
    code: str
    kind: str
    type: str
    status: str
    created: int
    name: str
    content: str
    reason: str
    vendor_code: str
    state: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class SeenSuppression:
    """A suppressed number; `sign` "" for all signatures of the channel.

    `whole`: the number, or the digest of a person who was forgotten, to turn pages by; shown to nobody.
    """

    number: str
    sign: str
    source: str
    since: int
    whole: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SeenCallbacks:
    """Callbacks of a channel that wait, since when, and what Quick Audience last said of them.

    `next_try`: when the first of them is pushed, 0 for now.
    """

    channel: str
    entries: int
    oldest: int | None
    answer: str
    next_try: int = 0


@dataclass(frozen=True, slots=True)
class SeenReply:
    """A reply, its words freed of numbers; `out_id` "" when no send to its number was found."""

    channel: str
    number: str
    out_id: str
    content: str = field(repr=False)
    received: int
    id: int = 0


@dataclass(frozen=True, slots=True)
class SeenGivenUp:
    """A callback that was given up."""

    id: int
    channel: str
    kind: str
    out_id: str
    entries: int
    since: int
    error: str
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class SeenTaken:
    """A callback that Quick Audience took: after how many attempts, and what it answered."""

    channel: str
    kind: str
    out_id: str
    entries: int
    written: int
    taken: int
    attempts: int
    answer: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class SeenWebhook:
    """A refused webhook, without what it held."""

    channel: str
    id: int
    refused: int
    method: str
    path: str
    bytes: int
    reason: str


@dataclass(frozen=True, slots=True)
class SavedWebhook:
    """A refused webhook as it came: it holds phone numbers and the channel's hook token."""

    content: bytes = field(repr=False)


class Looking:
    """Reads of all channels for a person. Raises OperatorRefused for a channel that is not configured."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock

    def chosen(self, channel: str | None) -> list[str]:
        """Return the named channel, or all of them."""
        if channel is None:
            return list(self._settings.channels)
        if channel not in self._settings.channels:
            names = ", ".join(self._settings.channels)
            raise OperatorRefused(NO_CHANNEL, channel=channel, names=names)
        return [channel]

    def messages(self, phone: Phone, channel: str | None, rows: Excerpt) -> list[SeenMessage]:
        """Return what became of the messages to a number, with every attempt; the latest first.

        Those of the last week before `rows.until`, where no `rows.since` is given.
        """
        now = millis(self._clock)
        until = min(rows.until, now + MINUTE_MS)
        kept = now - (self._settings.bridge.retention_days + 1) * DAY_MS
        since, limit = max(rows.since or until - 7 * DAY_MS, kept), rows.limit
        timeline = Timeline(self._ledger)
        found = [
            message
            for name in self.chosen(channel)
            for message in timeline.of(
                name,
                self._ledger.history.by_number(
                    name,
                    phone.digits,
                    since=since,
                    until=until,
                    limit=limit,
                    beyond=rows.beyond,
                    back=rows.back,
                ),
            )
        ]
        found.sort(key=lambda one: one.place, reverse=True)
        return found[-limit:] if rows.back else found[:limit]

    def acts(self, channel: str | None, rows: Excerpt) -> list[Act]:
        """Return what an operator or the bridge itself changed, the latest first."""
        named = None if channel is None else self.chosen(channel)[0]
        return self._ledger.audit.acts(named, rows)

    def waiting(
        self, phone: Phone, channel: str | None, rows: Excerpt, *, most: int = FOREVER_MS
    ) -> SeenQueue:
        """Return what waits for a number: not called yet, or just being called; the next ones first.

        `rows`: of what was accepted in its span. `most`: recipients that are looked through, in order.
        """
        queued = Queued(self._settings, self._ledger, self._clock)
        return queued.of(self.chosen(channel), phone, rows, most=most)

    def templates(
        self,
        channel: str | None,
        status: ReviewStatus | None,
        *,
        text: str = "",
        since: int = 0,
        until: int = FOREVER_MS,
    ) -> list[SeenTemplate]:
        """Return the templates that were not deleted, the newest first within each channel.

        `text`: what stands in a code, a name or a text; `since`, `until`: of the creation, in milliseconds.
        """
        found = (
            _template(template)
            for name in self.chosen(channel)
            for template in self._ledger.templates.list(name, status=status)
        )
        wanted = text.casefold()
        return [
            one
            for one in found
            if wanted in f"{one.code} {one.name} {one.content}".casefold() and since <= one.created < until
        ]

    def filings(self, channel: str | None) -> list[Filed]:
        """Return what the accounts beside the primary one have of each template, by template."""
        found = [one for name in self.chosen(channel) for one in self._ledger.filings.of_channel(name)]
        return [
            replace(
                one,
                reason=logs.masked(one.reason),
                error=logs.masked(one.error),
                state=logs.masked(one.state),
            )
            for one in found
        ]

    def suppressions(self, channel: str, rows: Excerpt) -> list[SeenSuppression]:
        """Return a page of a channel's suppression list, in order of number."""
        [name] = self.chosen(channel)
        return [
            SeenSuppression(
                mask_msisdn(entry.msisdn), entry.sign_name, entry.source, entry.created, entry.msisdn
            )
            for entry in self._ledger.suppressions.list(name, rows)
        ]

    def replies(self, channel: str | None, rows: Excerpt) -> list[SeenReply]:
        """Return the replies that came, the latest first."""
        found = self._ledger.replies.latest(self.chosen(channel), rows)
        return [
            SeenReply(
                one.channel, mask(one.phone), one.out_id, logs.masked(one.content), one.received, one.id
            )
            for one in found
        ]

    def callbacks(self, channel: str | None) -> list[SeenCallbacks]:
        """Return what waits to be pushed, of the channels where anything does."""
        found = [
            SeenCallbacks(
                name,
                *self._ledger.outbox.waiting(name),
                logs.masked(self._ledger.outbox.answer(name)),
                self._next_push(name),
            )
            for name in self.chosen(channel)
        ]
        return [waiting for waiting in found if waiting.entries]

    def _next_push(self, channel: str) -> int:
        """Return when the first that waits is pushed: not before a refused signature is tried again."""
        stopped = self._ledger.coordination.channel_state(channel).breaker_until
        due = max(self._ledger.outbox.next_try(channel) or 0, stopped)
        return due if due > millis(self._clock) else 0

    def given_up(self, channel: str | None, rows: Excerpt) -> list[SeenGivenUp]:
        """Return the callbacks that were given up, the oldest first."""
        return [_given_up(letter) for letter in self._ledger.outbox.given_up(self.chosen(channel), rows)]

    def taken(self, channel: str | None, rows: Excerpt, *, out_id: str = "") -> list[SeenTaken]:
        """Return the callbacks that Quick Audience took, the latest first."""
        found = self._ledger.callbacks.latest(self.chosen(channel), rows, out_id=out_id)
        return [
            SeenTaken(
                one.channel,
                _kind(one.kind),
                one.out_id,
                one.count,
                one.created,
                one.taken,
                one.attempts,
                logs.masked(one.answer),
                one.id,
            )
            for one in found
        ]

    def webhooks(self, channel: str | None) -> list[SeenWebhook]:
        """Return the refused webhooks that are kept, the newest first within each channel."""
        return [
            SeenWebhook(
                one.channel,
                one.id,
                one.created,
                one.method,
                logs.masked(one.target.partition("?")[0]),
                len(one.body),
                logs.masked(one.reason),
            )
            for name in self.chosen(channel)
            for one in self._ledger.refused_webhooks.of(name)
        ]

    def webhook(self, channel: str, number: int) -> SavedWebhook:
        """Return a refused webhook as it came, to be tried on a recipe."""
        [name] = self.chosen(channel)
        found = next((one for one in self._ledger.refused_webhooks.of(name) if one.id == number), None)
        if found is None:
            raise OperatorRefused(f"No refused webhook of {channel} has this id: see sms-bridge webhooks.")
        accounts = self._settings.channels[name].all_accounts
        account = accounts.get(found.account, next(iter(accounts.values())))
        token = account.hook_token.get_secret_value()
        lines = [f"{found.method} /hooks/{name}/{token}{found.target} HTTP/1.1"]
        lines += [f"{header}: {value}" for header, value in found.headers.items()]
        return SavedWebhook("\n".join([*lines, "", ""]).encode("latin-1", "replace") + found.body)


def _template(template: StoredTemplate) -> SeenTemplate:
    content = template.content
    if template.kind is Kind.DIGITAL:
        content = shown_text(content)
    return SeenTemplate(
        template.channel,
        template.code,
        template.kind,
        template.type.name.lower(),
        template.status,
        template.created,
        template.name,
        " ".join(content.split()),
        logs.masked(template.reason),
        template.vendor_code,
        logs.masked(template.state),
        template.checked,
    )


def _kind(kind: int) -> str:
    return "receipts" if kind == RECEIPT else "replies"


def _given_up(letter: GivenUp) -> SeenGivenUp:
    return SeenGivenUp(
        letter.id,
        letter.channel,
        _kind(letter.kind),
        letter.out_id,
        letter.count,
        letter.created,
        logs.masked(letter.error),
        letter.attempt,
    )
