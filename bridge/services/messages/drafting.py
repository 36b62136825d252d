"""A claimed batch becomes the plugin's Batch: numbers read, texts rendered, the unsendable set aside."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from phonenumbers import PhoneNumber

from bridge.clock import moment
from bridge.ledger import Claimed, Recipients, SendInfo
from bridge.ledger.refs import message_ref, to_ref
from bridge.plugin import (
    BadNumber,
    Batch,
    Carrier,
    Message,
    MissingVariable,
    Phone,
    SubmitResult,
    Template,
    TemplateType,
    rejected,
)
from bridge.plugin.phone import parse
from bridge.plugin.text import TextContent, segments, signed

from ..snapshots import refused_carriers, restore

_CARRIERS = {
    "China Mobile": Carrier.MOBILE,
    "China Unicom": Carrier.UNICOM,
    "China Telecom": Carrier.TELCOM,
}


@dataclass(slots=True)
class Draft:
    """A claimed batch of a send prepared for its call; seqs are those of its recipients.

    `results` holds the seqs that fail without a call, `duplicates` those whose number occurs earlier in
    the batch: they go into a batch of their own. `priced` numbers the price of a segment to a number.
    """

    claimed: Claimed
    info: SendInfo
    batch: Batch | None = None
    seqs: list[int] = field(default_factory=list)
    phones: dict[int, Phone] = field(default_factory=dict)
    results: dict[int, SubmitResult] = field(default_factory=dict)
    duplicates: list[int] = field(default_factory=list)
    seq_of: dict[str, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    priced: Callable[[Phone], int] = lambda _phone: 0

    @property
    def recipients(self) -> Recipients:
        """All recipients of the batch."""
        return self.claimed.recipients

    def raw(self, seq: int) -> str:
        """Return the number as Quick Audience wrote it, fit for the database."""
        text = self.recipients.phones[seq]
        if text.isascii() and text.isprintable():
            return text
        return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")

    def segments(self, seq: int) -> int:
        """Return the parts the message is sent in; 0 for one that is not sent."""
        return self.counted.get(seq, 0)

    def without(self, seqs: Collection[int]) -> Batch | None:
        """Return the batch less some seqs; None when nothing is left."""
        if self.batch is None or not seqs:
            return self.batch
        kept = tuple(message for message in self.batch.messages if self.seq_of[message.ref] not in seqs)
        return replace(self.batch, messages=kept) if kept else None


def draft(claimed: Claimed, info: SendInfo, *, only: Collection[int] | None = None) -> Draft:
    """Prepare a batch, or only some seqs of it. Bad numbers, missing values and faults become results."""
    drafted = Draft(claimed, info)
    template = restore(info.template)
    said = _Said(
        info.sign_name, template.type, TextContent(template.content), refused_carriers(info.template)
    )
    seen: set[str] = set()
    messages: list[Message] = []
    seqs = range(len(drafted.recipients.phones)) if only is None else sorted(only)
    for seq in seqs:
        try:
            message = _message(claimed, seq, said)
        except _Fault as fault:
            drafted.results[seq] = rejected(fault.code, fault.reason)
            continue
        drafted.phones[seq] = message.phone
        drafted.counted[seq] = message.segments
        if message.phone.e164 in seen:
            drafted.duplicates.append(seq)
            continue
        seen.add(message.phone.e164)
        drafted.seqs.append(seq)
        drafted.seq_of[message.ref] = seq
        messages.append(message)
    if messages:
        drafted.batch = _batch(claimed, info, template, messages)
    return drafted


CARRIER_REFUSED = "CARRIER_NOT_APPROVED"
"""The code of a message whose recipient's carrier did not approve the template at the account."""


class _Fault(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


class _Said(NamedTuple):
    """What all messages of a send say, and the carriers that did not approve it."""

    sign: str
    type: TemplateType
    content: TextContent
    refused: Collection[Carrier]


def _message(claimed: Claimed, seq: int, said: _Said) -> Message:
    recipients = claimed.recipients
    if seq in recipients.faults:
        raise _Fault(*recipients.faults[seq])
    params = recipients.params_of(seq)
    try:
        phone = parse(recipients.phones[seq], said.type)
        text = said.content.render(params)
    except (BadNumber, MissingVariable) as error:
        raise _Fault(error.code, error.reason) from None
    if not text.isascii() and not _encodable(text):
        raise _Fault("INVALID_TEXT", "A value holds characters that cannot be sent.")
    if said.refused and carrier_of(phone) in said.refused:
        raise _Fault(CARRIER_REFUSED, "The recipient's carrier did not approve this template.")
    count = segments(signed(said.sign, text, said.type), said.type) if text else 1
    return Message(message_ref(claimed.id, seq), phone, params, text, count)


def _batch(claimed: Claimed, info: SendInfo, template: Template, messages: list[Message]) -> Batch:
    called = moment(claimed.called or info.created)
    return Batch(to_ref(claimed.id), info.out_id, info.sign_name, template, tuple(messages), called)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def carrier_of(phone: Phone) -> Carrier | None:
    """Return the carrier that issued a mainland number; it may have been ported since."""
    from phonenumbers import carrier  # its tables take a tenth of a second to read, and few batches need them

    number = PhoneNumber(country_code=86, national_number=int(phone.national))
    return _CARRIERS.get(carrier.name_for_number(number, "en"))
