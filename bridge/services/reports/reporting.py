"""Send details: what became of an outId's messages, page by page."""

from datetime import datetime

from bridge.channels import OpenChannel
from bridge.clock import millis_of, moment
from bridge.contract.bodies import SendDetailsBody
from bridge.contract.replies import DetailRow, DetailsReply
from bridge.ledger import Detail, Ledger, Recipients, TimeSpan
from bridge.plugin import MessageStatus, MissingVariable
from bridge.plugin.text import TextContent

from ..snapshots import restore


class Reporting:
    """The details operation of one channel."""

    def __init__(self, channel: OpenChannel, ledger: Ledger) -> None:
        self._channel = channel
        self._ledger = ledger

    def details(self, body: SendDetailsBody) -> DetailsReply:
        """Return one page of messages that came to their end; those still under way are left out."""
        span = TimeSpan(_floor_ms(body.start), _floor_ms(body.end) + 999)
        details, total = self._ledger.history.details(
            self._channel.name,
            body.out_id,
            span,
            limit=body.page_size,
            offset=(body.page - 1) * body.page_size,
        )
        recipients = self._ledger.history.recipients_of(sorted({detail.batch_id for detail in details}))
        return DetailsReply([_row(detail, recipients.get(detail.batch_id)) for detail in details], total)


def _row(detail: Detail, recipients: Recipients | None) -> DetailRow:
    template = restore(detail.info.template)
    return DetailRow(
        out_id=detail.info.out_id,
        phone=detail.phone,
        status=MessageStatus(detail.status),
        content=_content(template.content, detail.seq, recipients),
        template_code=template.code,
        code=detail.code,
        sent_at=moment(detail.sent),
        received_at=moment(detail.ended_at) if detail.ended_at is not None else None,
    )


def _content(content: str, seq: int, recipients: Recipients | None) -> str:
    """Return the text as it was sent, or the bare template where values were purged or never complete."""
    if recipients is None:
        return content
    try:
        return TextContent(content).render(recipients.params_of(seq))
    except MissingVariable:
        return content


def _floor_ms(moment: datetime) -> int:
    return millis_of(moment.replace(microsecond=0))
