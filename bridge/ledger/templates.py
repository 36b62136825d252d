"""Templates and signatures as the bridge knows them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from ..plugin import Carrier, CarrierReview, Kind, ReviewStatus, TemplateType
from .bulk import clean
from .engine import Database
from .models import sign as _sign
from .models import template as _template
from .sql import upsert


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A template of either kind. `content` is the text, or the JSON list of a digital template's parts.

    `code` is what Quick Audience knows; times are milliseconds; `checked` is when the vendor was last asked.
    """

    channel: str
    code: str
    kind: Kind
    type: TemplateType
    name: str
    content: str
    remark: str
    sign_name: str
    vendor_code: str
    state: str
    status: ReviewStatus
    reason: str
    carriers: dict[Carrier, CarrierReview] = field(default_factory=dict)
    account: str = ""
    created: int = 0
    checked: int = 0
    deleted: int | None = None


@dataclass(frozen=True, slots=True)
class StoredSign:
    """A signature's review as the vendor last told it; times in milliseconds."""

    channel: str
    name: str
    status: ReviewStatus
    reason: str
    created: int | None
    checked: int


_REVIEW = ("vendor_code", "state", "status", "reason", "carriers", "checked")


class Templates:
    """The template and signature tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, template: StoredTemplate) -> None:
        """Insert a template or replace all of it."""
        values = _to_row(template)
        self._database.write(
            lambda connection: connection.execute(
                upsert(connection, _template)
                .values(**values)
                .on_conflict_do_update(index_elements=["channel", "code"], set_=values)
            )
        )

    def save_review(self, asked: StoredTemplate, told: StoredTemplate) -> bool:
        """Store what the vendor told; False if the template changed or went since it was `asked` about.

        Then nothing is stored: the review is that of an older text.
        """
        values = _to_row(told)
        statement = (
            update(_template)
            .where(
                _template.c.channel == asked.channel,
                _template.c.code == asked.code,
                _template.c.content == asked.content,
                _template.c.vendor_code == asked.vendor_code,
                _template.c.deleted.is_(None),
            )
            .values({name: values[name] for name in _REVIEW})
        )
        return bool(self._database.write(lambda connection: connection.execute(statement).rowcount))

    def get(self, channel: str, code: str) -> StoredTemplate | None:
        """A template that was not deleted."""
        return self._one(_BY_CODE, {"of": channel, "named": code})

    def by_vendor_code(self, channel: str, vendor_code: str) -> StoredTemplate | None:
        """The template that the vendor knows by this code."""
        return self._one(_BY_VENDOR_CODE, {"of": channel, "named": vendor_code})

    def pending(self, channel: str, *, checked_before: int, limit: int) -> list[StoredTemplate]:
        """Templates under review that the vendor was not asked about since then, oldest look first."""
        rows = (
            select(_template)
            .where(
                _template.c.channel == channel,
                _template.c.status.in_([ReviewStatus.PENDING, ReviewStatus.PARTIAL]),
                _template.c.checked < checked_before,
                _template.c.deleted.is_(None),
            )
            .order_by(_template.c.checked)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_from_row(row) for row in connection.execute(rows)]

    def list(self, channel: str | None = None, *, status: ReviewStatus | None = None) -> list[StoredTemplate]:
        """All templates that were not deleted, newest first."""
        rows = select(_template).where(_template.c.deleted.is_(None)).order_by(_template.c.created.desc())
        if channel is not None:
            rows = rows.where(_template.c.channel == channel)
        if status is not None:
            rows = rows.where(_template.c.status == status)
        with self._database.read() as connection:
            return [_from_row(row) for row in connection.execute(rows)]

    def delete(self, channel: str, code: str, now: int) -> bool:
        """Mark a template deleted; its batches keep their snapshot."""
        statement = (
            update(_template)
            .where(_template.c.channel == channel, _template.c.code == code, _template.c.deleted.is_(None))
            .values(deleted=now)
        )
        return bool(self._database.write(lambda connection: connection.execute(statement).rowcount))

    def save_sign(self, sign: StoredSign) -> None:
        """Remember a signature's review."""
        values = {
            "status": sign.status,
            "reason": clean(sign.reason),
            "created": sign.created,
            "checked": sign.checked,
        }
        self._database.write(
            lambda connection: connection.execute(
                upsert(connection, _sign)
                .values(channel=sign.channel, name=sign.name, **values)
                .on_conflict_do_update(index_elements=["channel", "name"], set_=values)
            )
        )

    def get_sign(self, channel: str, name: str) -> StoredSign | None:
        """What is remembered of a signature."""
        rows = select(_sign).where(_sign.c.channel == channel, _sign.c.name == name)
        with self._database.read() as connection:
            row = connection.execute(rows).one_or_none()
        return None if row is None else replace(StoredSign(*row), status=ReviewStatus(row.status))

    def _one(self, statement: Select[Any], values: Mapping[str, str]) -> StoredTemplate | None:
        with self._database.read() as connection:
            row = connection.execute(statement, values).one_or_none()
        return None if row is None else _from_row(row)


_EXISTING = select(_template).where(_template.c.channel == bindparam("of"), _template.c.deleted.is_(None))
_BY_CODE = _EXISTING.where(_template.c.code == bindparam("named"))
_BY_VENDOR_CODE = _EXISTING.where(_template.c.vendor_code == bindparam("named")).limit(1)


def _to_row(template: StoredTemplate) -> dict[str, Any]:
    values = {name: getattr(template, name) for name in StoredTemplate.__dataclass_fields__}
    values["type"] = int(template.type)
    values["reason"] = clean(template.reason)
    values["carriers"] = json.dumps(
        {carrier: [review.status, clean(review.reason)] for carrier, review in template.carriers.items()}
    )
    return values


def _from_row(row: Any) -> StoredTemplate:
    values = dict(row._mapping)
    values["kind"] = Kind(row.kind)
    values["type"] = TemplateType(row.type)
    values["status"] = ReviewStatus(row.status)
    values["carriers"] = {
        Carrier(name): CarrierReview(ReviewStatus(status), reason)
        for name, (status, reason) in json.loads(row.carriers).items()
    }
    return StoredTemplate(**values)
