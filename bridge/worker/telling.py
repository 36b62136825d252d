"""Telling what the ledger has recorded of a batch: metrics, the log, and the plugins that observe."""

import structlog

from bridge import metrics
from bridge.ledger import Recorded
from bridge.ledger.refs import to_ref
from bridge.plugin import EventName, Outcome
from bridge.services import ChannelServices, Sent
from bridge.services.reports.receiving import count_ended

log = structlog.get_logger("bridge.worker")


def tell_recorded(services: ChannelServices, sent: Sent, recorded: Recorded) -> None:
    """Tell what became of a batch, by a call or without one.

    A late answer to a call that another worker has concluded was told when that was recorded.
    """
    claimed = sent.conclusion.batch
    count_ended(claimed.channel, recorded.ends)
    if recorded.stale:
        log.warning("late answer of a vendor", channel=claimed.channel, recipients=claimed.count)
        return
    counts = {str(outcome): count for outcome, count in sent.outcomes.items() if count}
    for outcome, count in counts.items():
        metrics.OUTCOMES.labels(claimed.channel, outcome).inc(count)
    what = "batch called" if counts else "batch not called"
    log.info(what, channel=claimed.channel, batch=to_ref(claimed.id), send=to_ref(claimed.send_id), **counts)
    if counts:
        _tell_plugins(services, sent)


def _tell_plugins(services: ChannelServices, sent: Sent) -> None:
    channel, of = services.channel, sent.outcomes
    hooks = channel.accounts.get(sent.conclusion.batch.account, channel.primary).hooks
    accepted, rejected = of.get(Outcome.ACCEPTED, 0), of.get(Outcome.REJECTED, 0)
    not_sent, lost = of.get(Outcome.NOT_SENT, 0), of.get(Outcome.UNKNOWN, 0)
    if lost:
        hooks.announce(
            EventName.BATCH_UNKNOWN, accepted=accepted, rejected=rejected, not_sent=not_sent, unknown=lost
        )
    else:
        hooks.announce(EventName.BATCH_RECORDED, accepted=accepted, rejected=rejected, not_sent=not_sent)
