"""Templates and signatures as the bridge knows them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, true, update

from ...plugin import Carrier, CarrierReview, Kind, ReviewStatus, TemplateType
from ...plugin.status import UNDER_REVIEW
from ..audit import BRIDGE, Act, note
from ..database.bulk import clean_words
from ..database.dialects import upsert
from ..database.engine import Database
from ..database.tables import sign as _sign
from ..database.tables import template as _template
from .carriers import packed_reviews, unpacked_reviews


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A template of either kind. `content` is the text, or the JSON list of a digital template's parts.

    `code` is what Quick Audience knows; times are milliseconds; `checked` is when the vendor was last asked;
    `filed_at` is the identity of the vendor account that has it, "" for none.
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
    filed_at: str = ""


@dataclass(frozen=True, slots=True)
class StoredSign:
    """A signature's review as the vendor last told it; times in milliseconds.

    `identity` is that of the account that told it, "" where that was not noted.
    """

    channel: str
    name: str
    status: ReviewStatus
    reason: str
    created: int | None
    checked: int
    identity: str = ""


_KEY = ("channel", "code")
_REVIEWED = ("type", "name", "content", "remark", "sign_name", "vendor_code")
"""What a review is about: it holds for nothing else."""
_REVIEW = ("vendor_code", "state", "status", "reason", "carriers", "checked", "filed_at")


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

    def change(self, found: StoredTemplate, changed: StoredTemplate) -> bool:
        """Store a template as Quick Audience changed it.

        Returns False if it went, changed or got a code meanwhile. Then nothing is stored: who deleted it must
        not find it again, no operator's code is lost, and of two changes at once the one that the vendor took
        last is to be kept last.
        """
        values, was = _to_row(changed), _to_row(found)
        statement = (
            update(_template)
            .where(
                _template.c.channel == found.channel,
                _template.c.code == found.code,
                *(_template.c[name] == was[name] for name in _REVIEWED),
                _template.c.deleted.is_(None),
            )
            .values({name: values[name] for name in values if name not in _KEY})
        )
        return bool(self._database.write(lambda connection: connection.execute(statement).rowcount))

    def save_review(self, asked: StoredTemplate, told: StoredTemplate, act: Act | None = None) -> bool:
        """Store what the vendor told. Returns False if the template is another since it was `asked` about.

        Then nothing is stored: the review is that of an older text. A person's (`act`) is nothing either once
        another person, or the vendor, has decided.
        """
        values, was = _to_row(told), _to_row(asked)
        statement = (
            update(_template)
            .where(
                _template.c.channel == asked.channel,
                _template.c.code == asked.code,
                *(_template.c[name] == was[name] for name in _REVIEWED),
                true() if act is None else _template.c.status == was["status"],
                _template.c.deleted.is_(None),
            )
            .values({name: values[name] for name in _REVIEW})
        )

        def work(connection: Connection) -> bool:
            changed = bool(connection.execute(statement).rowcount)
            if changed and (act is not None or told.status != asked.status):
                note(connection, _reviewed(act, asked, told))
            return changed

        return self._database.write(work)

    def get(self, channel: str, code: str) -> StoredTemplate | None:
        """Return a template that was not deleted."""
        return self._one(_BY_CODE, {"of": channel, "named": code})

    def deleted(self, channel: str, code: str) -> StoredTemplate | None:
        """Return a template that was deleted."""
        rows = select(_template).where(
            _template.c.channel == channel, _template.c.code == code, _template.c.deleted.is_not(None)
        )
        return self._one(rows, {})

    def by_vendor_code(self, channel: str, vendor_code: str) -> StoredTemplate | None:
        """Return the template that the vendor knows by this code."""
        return self._one(_BY_VENDOR_CODE, {"of": channel, "named": vendor_code})

    def pending(self, channel: str, *, checked_before: int, limit: int) -> list[StoredTemplate]:
        """Return templates under review that the vendor was not asked about since then, oldest look first."""
        rows = (
            select(_template)
            .where(
                _template.c.channel == channel,
                _template.c.status.in_(UNDER_REVIEW),
                _template.c.checked < checked_before,
                _template.c.deleted.is_(None),
            )
            .order_by(_template.c.checked)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_from_row(row) for row in connection.execute(rows)]

    def list(self, channel: str | None = None, *, status: ReviewStatus | None = None) -> list[StoredTemplate]:
        """Return all templates that were not deleted, newest first."""
        rows = select(_template).where(_template.c.deleted.is_(None)).order_by(_template.c.created.desc())
        if channel is not None:
            rows = rows.where(_template.c.channel == channel)
        if status is not None:
            rows = rows.where(_template.c.status == status)
        with self._database.read() as connection:
            return [_from_row(row) for row in connection.execute(rows)]

    def filed_elsewhere(
        self, channel: str, identity: str, unfiled: Collection[Kind] = ()
    ) -> Sequence[StoredTemplate]:
        """Return the templates that another vendor account has than that of an identity.

        `unfiled`: of these kinds also those that no account has.
        """
        unknown = (_template.c.filed_at == "") & (_template.c.vendor_code == "")
        nowhere = unknown & _template.c.kind.in_(sorted(unfiled))
        other = _template.c.filed_at.not_in(["", identity]) | nowhere
        rows = select(_template).where(_template.c.channel == channel, other, _template.c.deleted.is_(None))
        with self._database.read() as connection:
            return [_from_row(row) for row in connection.execute(rows)]

    def belong(self, channel: str, identity: str) -> int:
        """Note whose the codes are that a person gave before it was known. Returns how many templates."""
        unknown = (_template.c.channel == channel, _template.c.filed_at == "", _template.c.vendor_code != "")
        noted = update(_template).where(*unknown).values(filed_at=identity)
        return self._database.write(lambda connection: connection.execute(noted).rowcount)

    def delete(self, channel: str, code: str, now: int) -> bool:
        """Mark a template deleted; its sends keep their snapshot. Returns False if there was none."""
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
            "reason": clean_words(sign.reason),
            "created": sign.created,
            "checked": sign.checked,
            "identity": sign.identity,
        }
        self._database.write(
            lambda connection: connection.execute(
                upsert(connection, _sign)
                .values(channel=sign.channel, name=sign.name, **values)
                .on_conflict_do_update(index_elements=["channel", "name"], set_=values)
            )
        )

    def get_sign(self, channel: str, name: str) -> StoredSign | None:
        """Return what is remembered of a signature."""
        rows = select(_sign).where(_sign.c.channel == channel, _sign.c.name == name)
        with self._database.read() as connection:
            row = connection.execute(rows).one_or_none()
        return None if row is None else replace(StoredSign(**row._mapping), status=ReviewStatus(row.status))

    def signs(self, channel: str) -> Sequence[StoredSign]:
        """Return what is remembered of a channel's signatures."""
        rows = select(_sign).where(_sign.c.channel == channel).order_by(_sign.c.name)
        with self._database.read() as connection:
            return [
                replace(StoredSign(**row._mapping), status=ReviewStatus(row.status))
                for row in connection.execute(rows)
            ]

    def _one(self, statement: Select[Any], values: Mapping[str, str]) -> StoredTemplate | None:
        with self._database.read() as connection:
            row = connection.execute(statement, values).one_or_none()
        return None if row is None else _from_row(row)


_EXISTING = select(_template).where(_template.c.channel == bindparam("of"), _template.c.deleted.is_(None))
_BY_CODE = _EXISTING.where(_template.c.code == bindparam("named"))
_BY_VENDOR_CODE = _EXISTING.where(_template.c.vendor_code == bindparam("named")).limit(1)


def _reviewed(act: Act | None, asked: StoredTemplate, told: StoredTemplate) -> Act:
    """Return the act of a review: an operator's, or what a vendor told the bridge."""
    act = act or Act(BRIDGE, "template reviewed", told.checked, asked.channel, why=told.reason)
    before = {"status": str(asked.status), "vendor_code": asked.vendor_code}
    after = {"status": str(told.status), "vendor_code": told.vendor_code}
    return replace(act, subject=asked.code, before=before, after=after)


def _to_row(template: StoredTemplate) -> dict[str, Any]:
    values = {name: getattr(template, name) for name in StoredTemplate.__dataclass_fields__}
    values["type"] = int(template.type)
    values["reason"] = clean_words(template.reason)
    values["carriers"] = packed_reviews(template.carriers)
    return values


def _from_row(row: Any) -> StoredTemplate:
    values = dict(row._mapping)
    values["kind"] = Kind(row.kind)
    values["type"] = TemplateType(row.type)
    values["status"] = ReviewStatus(row.status)
    values["carriers"] = unpacked_reviews(row.carriers)
    return StoredTemplate(**values)
