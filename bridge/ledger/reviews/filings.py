"""A channel's templates and signatures at its accounts beside the primary one, a row for each account.

What the primary account has of a template stands with the template itself (`templates`).
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from ...plugin import Carrier, CarrierReview, Kind, ReviewStatus, TemplateType
from ...plugin.status import UNDER_REVIEW
from ..audit import Act, note
from ..database.bulk import clean_words
from ..database.dialects import upsert
from ..database.engine import Database
from ..database.tables import account_sign as _sign
from ..database.tables import filing as _filing
from ..database.tables import template as _template
from .carriers import packed_reviews, unpacked_reviews


@dataclass(frozen=True, slots=True)
class Filed:
    """A template at one account: the code there, the content's digest as filed, and its review.

    `filed_at` is the account's identity. `owed` names what could not be done there yet (file or delete) and
    `error` why; it is tried again when it is `due`. `checked` is when the account was asked last, `changed`
    when its answer was another than before. Times are milliseconds.
    """

    channel: str
    code: str
    account: str
    vendor_code: str = ""
    digest: str = ""
    state: str = ""
    status: ReviewStatus = ReviewStatus.PENDING
    reason: str = ""
    carriers: dict[Carrier, CarrierReview] = field(default_factory=dict)
    filed_at: str = ""
    filed: int = 0
    checked: int = 0
    changed: int = 0
    owed: str = ""
    due: int = 0
    error: str = ""

    @property
    def approved(self) -> bool:
        """True when it may be sent with, at least to some carriers."""
        return self.status.sendable


_KEY = ("channel", "code", "account")
_REVIEWED = (*_KEY, "vendor_code", "digest", "filed_at", "owed")
"""What a review is about: it holds for nothing else."""


@dataclass(frozen=True, slots=True)
class AccountSign:
    """A signature's review at one account, `identity` what made it that one; times in milliseconds."""

    channel: str
    account: str
    name: str
    status: ReviewStatus
    reason: str
    checked: int
    identity: str = ""


def digest_of(kind: str, type_: int, content: str, sign_name: str) -> str:
    """Return what tells one content of a template from another."""
    shown = json.dumps([kind, int(type_), content, sign_name])
    return blake2b(shown.encode(), digest_size=16).hexdigest()


def digest_of_snapshot(document: dict[str, Any]) -> str:
    """Return the digest of the template that a send was accepted with."""
    content = document["parts"] if document["kind"] == Kind.DIGITAL else document["content"]
    return digest_of(document["kind"], TemplateType(document["type"]), content, document["sign_name"])


class Filings:
    """The filings and signatures of all channels' other accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, filed: Filed, act: Act | None = None) -> None:
        """Insert a filing or replace all of it, with the act that it comes from."""
        values = _values(filed)

        def work(connection: Connection) -> None:
            insert = upsert(connection, _filing).values(**values)
            connection.execute(insert.on_conflict_do_update(index_elements=_KEY, set_=values))
            if act is not None:
                note(connection, act)

        self._database.write(work)

    def keep(self, known: Filed | None, filed: Filed, *, due: int) -> bool:
        """Store what an account was given. Returns False if something else became of it since it was `known`.

        Which of two the account took last nobody knows then: it is owed the template's text, from `due` on.
        """
        values = _values(filed)
        owed = {"owed": "file", "due": due}

        def work(connection: Connection) -> bool:
            insert = upsert(connection, _filing)
            if known is None:
                mine = insert.values(**values).on_conflict_do_nothing(index_elements=_KEY)
            else:
                mine = update(_filing).where(*_unchanged(known, (*_REVIEWED, "filed"))).values(**values)
            if connection.execute(mine).rowcount:
                return True
            again = insert.values(**values | owed)
            unowed = _filing.c.owed == ""
            connection.execute(again.on_conflict_do_update(index_elements=_KEY, set_=owed, where=unowed))
            return False

        return self._database.write(work)

    def save_review(self, asked: Filed, told: Filed, act: Act | None = None) -> bool:
        """Store what became of a filing.

        Returns False if it was filed anew or went since it was `asked` about. Then nothing is stored: what
        was told is about an older text. A person's decision (`act`) is nothing either once another was made.
        """
        values = {name: value for name, value in _values(told).items() if name not in _KEY}
        guarded = _REVIEWED if act is None else (*_REVIEWED, "status")
        statement = update(_filing).where(*_unchanged(asked, guarded)).values(**values)

        def work(connection: Connection) -> bool:
            changed = bool(connection.execute(statement).rowcount)
            if changed and act is not None:
                note(connection, act)
            return changed

        return self._database.write(work)

    def of(self, channel: str, code: str) -> dict[str, Filed]:
        """Return a template's filings by account."""
        rows = select(_filing).where(_filing.c.channel == channel, _filing.c.code == code)
        with self._database.read() as connection:
            return {row.account: _filed(row) for row in connection.execute(rows)}

    def of_channel(self, channel: str) -> list[Filed]:
        """Return the filings of a channel's templates that were not deleted, the newest template's first."""
        named = (_template.c.channel == _filing.c.channel) & (_template.c.code == _filing.c.code)
        rows = (
            select(_filing)
            .join(_template, named)
            .where(_filing.c.channel == channel, _template.c.deleted.is_(None))
            .order_by(_template.c.created.desc(), _filing.c.code, _filing.c.account)
        )
        with self._database.read() as connection:
            return [_filed(row) for row in connection.execute(rows)]

    def codes_at(self, identity: str) -> set[str]:
        """Return every code by which the bridge knows something at a vendor account, of all channels."""
        rows = [
            select(one.c.vendor_code, one.c.state, one.c.code).where(one.c.filed_at == identity)
            for one in (_template, _filing)
        ]
        rows[0] = rows[0].where(_template.c.deleted.is_(None))
        with self._database.read() as connection:
            return {code for some in rows for row in connection.execute(some) for code in row if code}

    def take_over(self, channel: str, accounts: Mapping[str, str]) -> int:
        """Give each of these accounts, by name, what its identity filed under a name that is none of them.

        Returns how many filings got another name.
        """
        names = {identity: name for name, identity in accounts.items()}
        filings = self.of_channel(channel)
        had = {(one.code, one.account) for one in filings}
        moved = [
            (one, names[one.filed_at])
            for one in filings
            if one.account not in accounts
            and one.filed_at in names
            and (one.code, names[one.filed_at]) not in had
        ]

        def work(connection: Connection) -> None:
            for one, name in moved:
                mine = (_filing.c.channel == channel, _filing.c.code == one.code)
                renamed = update(_filing).where(*mine, _filing.c.account == one.account)
                connection.execute(renamed.values(account=name))

        if moved:
            self._database.write(work)
        return len(moved)

    def by_vendor_code(self, channel: str, account: str, vendor_code: str) -> Filed | None:
        """Return the filing that an account knows by this code."""
        rows = select(_filing).where(
            _filing.c.channel == channel,
            _filing.c.account == account,
            _filing.c.vendor_code == vendor_code,
        )
        with self._database.read() as connection:
            row = connection.execute(rows.limit(1)).one_or_none()
        return None if row is None else _filed(row)

    def waiting(
        self, channel: str, accounts: Collection[str], *, checked_before: int, now: int, limit: int
    ) -> list[Filed]:
        """Return what is owed by these accounts and due, and what they review and were not asked lately."""
        open_review = _filing.c.status.in_(UNDER_REVIEW)
        rows = select(_filing).where(
            _filing.c.channel == channel,
            _filing.c.account.in_(sorted(accounts)),
            or_(
                (_filing.c.owed != "") & (_filing.c.due <= now),
                (_filing.c.owed == "") & open_review & (_filing.c.checked < checked_before),
            ),
        )
        with self._database.read() as connection:
            found = connection.execute(rows.order_by(_filing.c.checked).limit(limit))
            return [_filed(row) for row in found]

    def remove(self, filed: Filed) -> None:
        """Forget a filing: the account has it no more."""
        gone = delete(_filing).where(
            _filing.c.channel == filed.channel,
            _filing.c.code == filed.code,
            _filing.c.account == filed.account,
        )
        self._database.write(lambda connection: connection.execute(gone))

    def save_sign(self, sign: AccountSign) -> None:
        """Remember a signature's review at an account."""
        values = {one.name: getattr(sign, one.name) for one in fields(sign)}
        values["reason"] = clean_words(sign.reason)
        self._database.write(
            lambda connection: connection.execute(
                upsert(connection, _sign)
                .values(**values)
                .on_conflict_do_update(index_elements=["channel", "account", "name"], set_=values)
            )
        )

    def signs(self, channel: str) -> list[AccountSign]:
        """Return what is remembered of a channel's signatures at its other accounts."""
        rows = select(_sign).where(_sign.c.channel == channel)
        with self._database.read() as connection:
            return [
                replace(AccountSign(**row._mapping), status=ReviewStatus(row.status))
                for row in connection.execute(rows)
            ]


def _unchanged(asked: Filed, names: Sequence[str]) -> list[Any]:
    return [_filing.c[name] == getattr(asked, name) for name in names]


def _values(filed: Filed) -> dict[str, Any]:
    values = {one.name: getattr(filed, one.name) for one in fields(filed)}
    values["reason"], values["error"] = clean_words(filed.reason), clean_words(filed.error)
    values["carriers"] = packed_reviews(filed.carriers)
    return values


def _filed(row: Any) -> Filed:
    values = dict(row._mapping)
    values["status"] = ReviewStatus(row.status)
    values["carriers"] = unpacked_reviews(row.carriers)
    return Filed(**values)
