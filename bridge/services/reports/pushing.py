"""Telling Quick Audience what ended and who replied: at least once, each attempt signed afresh.

401 and 403 open the channel's breaker: Quick Audience blocks the address of a caller that keeps failing
authentication. Then one probe at a time is made until one is taken.
"""

import random
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import requests
import structlog

from bridge import metrics, tracing
from bridge.channels import OpenChannel
from bridge.clock import HOUR_MS, MINUTE_MS, Clock, millis, moment
from bridge.contract import callbacks, signing
from bridge.contract.callbacks import CallbackAnswer
from bridge.ledger import RECEIPT, Ended, Ledger, PushJob, PutBack, Replied, Taken
from bridge.plugin import EventName, MessageStatus
from bridge.plugin.http import AnswerTooLong, Session, classify

log = structlog.get_logger("bridge.pushing")

_TIMEOUT_S = (5.0, 30.0)
_ANSWER_BYTES = 65_536
_BACKOFF_S = 2.0
_LONGEST_BACKOFF_S = 600.0
_FEWEST_ATTEMPTS = 6
_BREAKER_MS = MINUTE_MS
_LONGEST_BREAKER_MS = HOUR_MS


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push and what Quick Audience made of it."""

    job: PushJob
    answer: CallbackAnswer


class Pushing:
    """Pushes one channel's receipts and replies; `push` is used by several threads at once."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock, *, threads: int) -> None:
        self._channel = channel
        self._ledger = ledger
        self._clock = clock
        self._session = Session(
            threads=threads,
            timeout=_TIMEOUT_S,
            allow_private=channel.settings.allow_private,
            max_answer=_ANSWER_BYTES,
        )

    @property
    def active(self) -> bool:
        """Return whether this channel pushes at all."""
        return bool(self._channel.settings.callback_url)

    def push(self, job: PushJob) -> Pushed:
        """Make the call, or several where the ledger's row is larger than a call may be.

        Never raises for what Quick Audience or the network does. If one of several calls fails, all are made
        again later.
        """
        kind: callbacks.CallbackKind = "receipts" if job.kind == RECEIPT else "replies"
        name, size = self._channel.name, self._channel.settings.push_batch
        entries = self._entries(job)
        for start in range(0, len(entries), size):
            part = entries[start : start + size]
            with self._traced(kind, len(part)) as span:
                answer = self._post(kind, callbacks.body(kind, part))
                if answer.outcome != "ok":
                    span.failed(answer.outcome)
            metrics.PUSH_CALLS.labels(name, kind, answer.outcome).inc()
            if answer.outcome != "ok":
                break
        self._note(job, kind, answer)
        return Pushed(job, answer)

    def _note(self, job: PushJob, kind: callbacks.CallbackKind, answer: CallbackAnswer) -> None:
        """Count what was taken, and log what was not."""
        name, count = self._channel.name, len(job.entries)
        if answer.outcome == "ok":
            metrics.PUSHED.labels(name, kind).inc(count)
            lag = (millis(self._clock) - job.created) / 1000
            metrics.PUSH_LAG.labels(name, kind).observe(max(0.0, lag))
        else:
            log.warning(
                "push not taken",
                channel=name,
                kind=kind,
                entries=count,
                attempt=job.attempt,
                outcome=answer.outcome,
                detail=answer.detail,
            )

    def broken(self, job: PushJob, fault: str) -> Pushed:
        """Return a push that failed by a fault of ours: tried again like any other."""
        return Pushed(job, CallbackAnswer("failed", f"bridge fault: {fault}", refused=True))

    def finish(self, pushes: Sequence[Pushed]) -> None:
        """Record the ends of pushes in one transaction, and move the breaker."""
        now = millis(self._clock)
        done = [Taken(one.job, one.answer.detail) for one in pushes if one.answer.outcome == "ok"]
        failed = [pushed for pushed in pushes if pushed.answer.outcome != "ok"]
        self._ledger.outbox.finish(done, [self._put_back(pushed, now) for pushed in failed], now)
        self._move_breaker(pushes, now)
        if done:
            entries = sum(len(taken.job.entries) for taken in done)
            self._channel.hooks.announce(EventName.PUSH_DONE, entries=entries)
        if failed:
            self._channel.hooks.announce(
                EventName.PUSH_FAILED, entries=sum(len(pushed.job.entries) for pushed in failed)
            )

    def close(self) -> None:
        """Close the connections to Quick Audience."""
        self._session.close()

    def _traced(self, kind: str, entries: int) -> AbstractContextManager[tracing.Span]:
        name = self._channel.name
        attributes: dict[str, str | int] = {
            "messaging.operation.name": f"push_{kind}",
            "messaging.operation.type": tracing.SEND,
            "messaging.destination.name": name,
            "messaging.batch.message_count": entries,
        }
        return tracing.span(f"push_{kind} {name}", tracing.CLIENT, attributes)

    def _post(self, kind: callbacks.CallbackKind, body: bytes) -> CallbackAnswer:
        settings = self._channel.settings
        query, signature = signing.fresh_callback(settings.callback_secret, moment(millis(self._clock)))
        try:
            response = self._session.post(
                callbacks.url(settings.callback_url, kind),
                params=query,
                data=body,
                headers={
                    "Content-Type": "application/json",
                    signing.HEADER: signature,
                },
            )
        except AnswerTooLong as error:
            # Its status is known, and says more than a body that does not end.
            status = error.response.status_code if error.response is not None else 0
            return callbacks.read_answer(status, b"<endless>")
        except requests.RequestException as error:
            return CallbackAnswer("failed", classify(error).code)
        return callbacks.read_answer(response.status_code, response.content)

    def _entries(self, job: PushJob) -> list[dict[str, object]]:
        if job.kind != RECEIPT:
            return [
                callbacks.reply_entry(job.out_id, one.phone, moment(one.received), one.content)
                for one in job.entries
                if isinstance(one, Replied)
            ]
        spelling = callbacks.Spelling(self._channel.settings.send_status, self._channel.settings.language)
        return [
            callbacks.receipt_entry(_ended(job.out_id, one), spelling)
            for one in job.entries
            if isinstance(one, Ended)
        ]

    def _put_back(self, pushed: Pushed, now: int) -> PutBack:
        job, answer = pushed.job, pushed.answer
        if answer.outcome == "auth":
            return PutBack(job, now, answer.detail, counted=False)
        too_old = now - job.created > self._channel.settings.push_give_up_h * HOUR_MS
        # After a rest of days one failure by chance must not bury what has hardly been tried.
        if too_old and job.attempt > _FEWEST_ATTEMPTS:
            log.error(
                "push given up", channel=self._channel.name, entries=len(job.entries), detail=answer.detail
            )
            return PutBack(job, now, answer.detail, dead=True, refused=answer.refused)
        wait_s = min(_BACKOFF_S * 2.0 ** min(job.attempt - 1, 10), _LONGEST_BACKOFF_S)
        return PutBack(
            job, now + int(wait_s * random.uniform(500, 1000)), answer.detail, refused=answer.refused
        )

    def _move_breaker(self, pushes: Sequence[Pushed], now: int) -> None:
        name, coordination = self._channel.name, self._ledger.coordination
        refused = [pushed for pushed in pushes if pushed.answer.outcome == "auth"]
        if refused:
            until = coordination.open_breaker(
                name, refused[0].answer.detail, now=now, base_ms=_BREAKER_MS, longest_ms=_LONGEST_BREAKER_MS
            )
            log.error(
                "Quick Audience refused our signature: pushing rests",
                channel=name,
                until=moment(until).isoformat(timespec="seconds"),
                detail=refused[0].answer.detail,
            )
        elif any(pushed.answer.outcome == "ok" for pushed in pushes) and (
            coordination.channel_state(name).breaker_failures
        ):
            coordination.close_breaker(name, now)
            log.info("Quick Audience takes our pushes again", channel=name)


def _ended(out_id: str, one: Ended) -> callbacks.EndedMessage:
    status = MessageStatus(one.status)
    sent, ended_at = moment(one.sent), moment(one.ended_at)
    return callbacks.EndedMessage(out_id, one.phone, status, sent, ended_at, one.code, one.reason)
