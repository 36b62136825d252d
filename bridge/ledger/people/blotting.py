"""A number that somebody wrote into a reason is blotted out when its person is forgotten.

What is written today has no number in it (`clean_words`); rows of earlier versions may.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select, update

from ...plugin import Phone
from ...plugin.masking import mask_numbers
from ..audit import masked_state
from ..database import tables
from .writings import names

_TAIL = 4
_BETWEEN = re.compile(r"[^0-9A-Za-z]")


class _Words(NamedTuple):
    """Columns of a table that hold what people and vendors wrote; `documents` are JSON."""

    table: Table
    texts: Sequence[str]
    documents: Sequence[str] = ()


_WRITTEN = (
    _Words(tables.audit, ("why",), ("before", "after")),
    _Words(tables.campaign, ("reason",)),
    _Words(tables.decision, ("reason",)),
    _Words(tables.channel_state, ("pause_reason", "breaker_reason")),
    _Words(tables.account, ("reason", "pause_reason")),
    _Words(tables.template, ("reason",)),
    _Words(tables.sign, ("reason",)),
    _Words(tables.account_sign, ("reason",)),
    _Words(tables.route_change, ("reason",)),
    _Words(tables.push, ("error",)),
    _Words(tables.callback, ("answer",)),
    _Words(tables.refused_webhook, ("reason",)),
    _Words(tables.filing, ("reason", "error")),
    _Words(tables.file, ("error",)),
)
_HELD = _Words(tables.batch, ("hold_words",))
_ATTEMPTS = _Words(tables.attempt, ("words",))


def blot_channel(connection: Connection, channel: str, phone: Phone) -> int:
    """Blot a number out of the reasons and errors of a channel. Returns in how many rows it stood."""
    changed = sum(_blot(connection, one, one.table.c.channel == channel, phone) for one in _WRITTEN)
    held = and_(tables.batch.c.channel == channel, tables.UNFINISHED)
    return changed + _blot(connection, _HELD, held, phone)


def blot_attempts(connection: Connection, batch_ids: Sequence[int], phone: Phone) -> None:
    """Blot a number out of what vendors said of these batches."""
    _blot(connection, _ATTEMPTS, tables.attempt.c.batch_id.in_(batch_ids), phone)


def _blot(connection: Connection, words: _Words, mine: ColumnElement[bool], phone: Phone) -> int:
    table, names = words.table, (*words.texts, *words.documents)
    ends = or_(*(table.c[name].contains(phone.digits[-_TAIL:]) for name in names))
    keys = list(table.primary_key)
    changed = 0
    for row in connection.execute(select(*keys, *(table.c[name] for name in names)).where(mine, ends)).all():
        held = {name: row._mapping[name] for name in names}
        after = {name: _blotted(text, phone, name in words.documents) for name, text in held.items()}
        if after != held:
            this = and_(*(key == row._mapping[key] for key in keys))
            connection.execute(update(table).where(this).values(**after))
            changed += 1
    return changed


def _blotted(text: str, phone: Phone, is_document: bool) -> str:
    if phone.national not in _BETWEEN.sub("", text) and not names(text, phone):
        return text
    if is_document:
        return json.dumps(_without(masked_state(json.loads(text)), phone), ensure_ascii=True)
    return _bare(mask_numbers(text), phone)


def _without(state: Any, phone: Phone) -> Any:
    if isinstance(state, dict):
        return {_bare(name, phone): _without(value, phone) for name, value in state.items()}
    if isinstance(state, list):
        return [_without(value, phone) for value in state]
    return _bare(state, phone) if isinstance(state, str) else state


def _bare(text: str, phone: Phone) -> str:
    return text.replace(phone.national, "*" * len(phone.national))
