"""Makes from a successful send another one with other people in it, for two threads to send at once."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import phonenumbers

from bridge.plugin import Batch, Message, Phone, SubmitResult, TemplateType
from bridge.plugin.phone import parse

from ..table.cases import Send
from ..table.exchanges import Exchange, Reply

Names = Mapping[str, str]
_OTHER = "-other"
BEGINNINGS = tuple(f"1{number}" for number in range(30, 100))
"""How mobile numbers of the mainland begin: each carrier has some."""
_REGIONS = (
    *("US", "CA", "HK", "MO", "TW", "GB", "FR", "DE", "IT", "ES", "NL", "RU", "JP", "KR", "SG", "MY"),
    *("TH", "ID", "PH", "VN", "IN", "PK", "AE", "SA", "ZA", "NG", "EG", "BR", "MX", "AR", "AU", "NZ"),
)


def doubled(row: Send) -> Send:
    """Make the same send to other numbers, with other values and references; its table follows."""
    return _with(row, _names(row))


def to_others(row: Send) -> Send:
    """Make the same send to other numbers, and nothing else."""
    return _with(row, _numbers(row))


def crowd_of(row: Send, count: int, since: int = 0) -> Send:
    """Make the same send to so many numbers, each once, with the values in turn and nothing expected.

    `since` numbers were in crowds before: theirs come no more.
    """
    batch, messages = row.batch, []
    for index in range(since, since + count):
        message = batch.messages[index % len(batch.messages)]
        national = message.phone.national
        other = _neighbour(batch.messages[0].phone, index)
        phone = parse(message.phone.raw.replace(national, other), batch.template.type)
        messages.append(message._replace(ref=f"m{index + 1}", phone=phone))
    ref = f"{batch.ref}{since}" if since else batch.ref
    return Send("a full batch", batch=replace(batch, ref=ref, messages=tuple(messages)))


def _neighbour(phone: Phone, index: int) -> str:
    """Return the nth number near this one.

    The mainland's have every beginning in turn; those of one round end in the same eight digits.
    """
    number = phone.national
    if number == phone.digits:
        return f"{number[:-4]}{index:04d}"
    rounds, place = divmod(index, len(BEGINNINGS))
    fourth = (int(number[3]) + rounds) % 10
    return f"{BEGINNINGS[place]}{fourth}{number[4:-4]}{rounds:04d}"


def international(row: Send) -> Send:
    """Make the same send to a mobile of each of many countries, with the values in turn."""
    batch, numbers = row.batch, _foreign_numbers()
    template = replace(batch.template, type=TemplateType.INTERNATIONAL)
    messages = [
        batch.messages[index % len(batch.messages)]._replace(
            ref=f"m{index + 1}", phone=parse(number, TemplateType.INTERNATIONAL)
        )
        for index, number in enumerate(numbers)
    ]
    ref = f"{batch.ref}int"
    return Send("international", batch=replace(batch, ref=ref, template=template, messages=tuple(messages)))


@cache
def _foreign_numbers() -> tuple[str, ...]:
    kind = phonenumbers.PhoneNumberType.MOBILE
    found = (phonenumbers.example_number_for_type(region, kind) for region in _REGIONS)
    return tuple(
        phonenumbers.format_number(each, phonenumbers.PhoneNumberFormat.E164) for each in found if each
    )


def of_other_values(row: Send) -> Send:
    """Make the same send with other values, letter by letter, and nothing else."""
    values = {value for message in row.batch.messages for value in message.params.values()}
    return _with(row, {value: turned(value) for value in values if len(value) > 2})


def turned(text: str) -> str:
    """Return a text of the same length and kinds of characters, another one at each place."""
    return "".join(_next(each) for each in text)


def _next(letter: str) -> str:
    for first, count in (("0", 10), ("a", 6), ("g", 20), ("A", 6), ("G", 20)):
        place = ord(letter) - ord(first)
        if 0 <= place < count:
            return chr(ord(first) + (place + 1) % count)
    return letter


def _with(row: Send, names: Names) -> Send:
    batch = replace(
        row.batch,
        ref=_text(row.batch.ref, names),
        messages=tuple(_message(message, names, row.batch) for message in row.batch.messages),
    )
    expect = row.expect
    if isinstance(expect, str | SubmitResult):
        expect = _renamed(expect, names)
    elif isinstance(expect, list | tuple):
        expect = [_renamed(each, names) for each in expect]
    return replace(
        row,
        id=f"{row.id}, to others",
        batch=batch,
        expect=expect,
        exchanges=[_exchange(each, names) for each in row.exchanges],
    )


def _numbers(row: Send) -> dict[str, str]:
    names = {}
    for index, message in enumerate(row.batch.messages):
        digits = message.phone.national
        # The last digits but one: still a number of the same kind and length.
        names[digits] = f"{digits[:-3]}{(int(digits[-3:]) + 517 + index) % 1000:03d}"
    return names


def _names(row: Send) -> Names:
    names = {row.batch.ref: f"{row.batch.ref}{_OTHER}", **_numbers(row)}
    for message in row.batch.messages:
        names[message.ref] = f"{message.ref}{_OTHER}"
        names |= {value: _value(value) for value in message.params.values() if len(value) > 2}
    ids = [row.expect] if isinstance(row.expect, str) else row.expect
    for each in ids if isinstance(ids, list | tuple) else [ids]:
        vendor_id = each.vendor_id if isinstance(each, SubmitResult) else each
        if type(vendor_id) is str and vendor_id:
            names.setdefault(vendor_id, _value(vendor_id))
    return names


def _value(text: str) -> str:
    # As long as before: some vendors pad or count.
    last = text[-1]
    return text[:-1] + chr(ord(last) + 1 if last not in "9zZ" else ord(last) - 9)


def _message(message: Message, names: Names, batch: Batch) -> Message:
    params = {key: _text(value, names) for key, value in message.params.items()}
    national = message.phone.national
    raw = message.phone.raw.replace(national, names.get(national, national))
    phone = parse(raw, batch.template.type)
    return message._replace(
        ref=_text(message.ref, names), phone=phone, params=params, text=_text(message.text, names)
    )


def _exchange(exchange: Exchange, names: Names) -> Exchange:
    reply = exchange.reply
    if isinstance(reply, Reply):
        reply = replace(reply, json=_renamed(reply.json, names), text=_renamed(reply.text, names))
    return replace(
        exchange,
        url=_text(exchange.url, names),
        json=_renamed(exchange.json, names),
        form=_renamed(exchange.form, names),
        query=_renamed(exchange.query, names),
        reply=reply,
        # A header or a check may be a signature over what has changed.
        headers=None,
        check=None,
    )


def _renamed(value: Any, names: Names) -> Any:
    if type(value) is str:
        return _text(value, names)
    if isinstance(value, SubmitResult):
        return value._replace(vendor_id=_text(value.vendor_id, names))
    if isinstance(value, Mapping):
        return {_renamed(key, names): _renamed(each, names) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(each, names) for each in value]
    if type(value) is int and str(value) in names:
        return int(names[str(value)])
    return value


def _text(text: str, names: Names) -> str:
    if not names:
        return text
    if text[:1] in "[{":
        try:
            inner = json.loads(text)
        except ValueError:
            pass
        else:
            compact = json.dumps(inner, ensure_ascii=False, separators=(",", ":")) == text
            options: dict[str, Any] = {"separators": (",", ":")} if compact else {}
            return json.dumps(_renamed(inner, names), ensure_ascii=False, **options)
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    # A reference is a word of its own; a number may have a country code in front.
    return re.sub(
        rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])|(?<=86)(?:{pattern})(?![A-Za-z0-9])",
        lambda found: names[found[0]],
        text,
    )
