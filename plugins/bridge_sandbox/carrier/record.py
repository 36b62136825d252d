"""The carrier's own record: accounts, templates, and every message it accepted, in one SQLite file.

There is no idempotency: a call that comes twice is accepted twice and recorded twice, as at most vendors.
That is how a test sees duplicates. A commit survives the death of the process.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any, NamedTuple

from .rules import OPT_OUT, Fate, Profile, review

_SCHEMA = """
create table if not exists account (
    name text primary key, key text not null, profile text not null, opened_at real not null);
create table if not exists template (
    id integer primary key, account text not null, kind text not null, type text not null,
    name text not null, sign text not null, content text not null, media text not null,
    created_at real not null, review_at real not null, announced integer not null default 0);
create table if not exists call (
    id integer primary key, account text not null, batch_ref text not null, sign text not null,
    template integer not null, accepted_at real not null, due_at real not null,
    first integer not null, last integer not null, reported integer not null default 0);
create index if not exists call_by_ref on call (account, batch_ref);
create index if not exists call_unreported on call (account, due_at) where not reported;
create table if not exists message (
    id integer primary key, call integer not null, ref text not null, number text not null,
    text text not null, code text not null, reply text not null);
create index if not exists message_by_ref on message (ref);
create table if not exists opt_out (
    account text not null, sign text not null, number text not null, since real not null,
    primary key (account, sign, number)) without rowid;
"""
_COLUMNS = "select message.*, account, batch_ref, sign, template, accepted_at, due_at, reported"
_MESSAGE = f"{_COLUMNS} from message join call on call.id = message.call"
_CALLED = f"{_COLUMNS} from call join message on message.id between first and last"


@dataclass(frozen=True, slots=True)
class CarrierAccount:
    """One customer of the carrier."""

    name: str
    key: str
    profile: Profile
    opened_at: float


class Call(NamedTuple):
    """One call that sends messages; its reports go out at `due_at`."""

    batch_ref: str
    sign: str
    template: int
    accepted_at: float
    due_at: float


class Posting(NamedTuple):
    """One message the carrier takes."""

    ref: str
    number: str
    text: str
    fate: Fate


class CarrierStore:
    """Everything the carrier remembers. One connection, one lock, short transactions."""

    def __init__(self, database: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_SCHEMA)
        last = self._db.execute("select coalesce(max(id), 0) last from message").fetchone()
        self._last = int(last["last"])
        self._accounts = {row["name"]: _account(row) for row in self._db.execute("select * from account")}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    # Accounts

    def accounts(self) -> list[CarrierAccount]:
        """Return all accounts."""
        return list(self._accounts.values())

    def account(self, name: str) -> CarrierAccount | None:
        """Return the account of that name."""
        return self._accounts.get(name)

    def register(self, name: str, key: str, profile: Profile, now: float) -> CarrierAccount:
        """Open an account or change its profile; the first key stays its key."""
        with self._transaction() as db:
            db.execute(
                "insert into account values (?, ?, ?, ?)"
                " on conflict (name) do update set profile = excluded.profile",
                (name, key, json.dumps(asdict(profile)), now),
            )
            row = db.execute("select * from account where name = ?", (name,)).fetchone()
        account = self._accounts[name] = _account(row)
        return account

    # Templates

    def write_template(
        self, account: CarrierAccount, values: dict[str, str], now: float, number: int = 0
    ) -> int:
        """Keep a new template, or change template `number`; either way it is reviewed (again).

        Returns its number.
        """
        row = {**values, "account": account.name, "now": now, "due": now + account.profile.review_delay_s}
        if number:
            query = """update template set kind = :kind, type = :type, name = :name, sign = :sign,
                content = :content, media = :media, review_at = :due, announced = 0
                where id = :number and account = :account returning id"""
        else:
            query = """insert into template values
                (null, :account, :kind, :type, :name, :sign, :content, :media, :now, :due, 0) returning id"""
        with self._transaction() as db:
            written = db.execute(query, {**row, "number": number}).fetchone()
        return int(written["id"]) if written else 0

    def template(self, account: CarrierAccount, number: int, now: float) -> dict[str, Any] | None:
        """Return a template of the account with its review as of `now`."""
        rows = self._rows("select * from template where id = ? and account = ?", number, account.name)
        return {**rows[0], "review": review(rows[0]["name"], now >= rows[0]["review_at"])} if rows else None

    def delete_template(self, account: CarrierAccount, number: int) -> bool:
        """Forget a template. Returns False when there was none."""
        with self._transaction() as db:
            query = "delete from template where id = ? and account = ?"
            return db.execute(query, (number, account.name)).rowcount > 0

    def unannounced(self, account: CarrierAccount, now: float) -> list[dict[str, Any]]:
        """Return the templates whose review is due and not announced yet."""
        rows = self._rows(
            "select * from template where account = ? and not announced and review_at <= ?", account.name, now
        )
        return [{**row, "review": review(row["name"], due=True)} for row in rows]

    def announced(self, numbers: Sequence[int]) -> None:
        """Note that the reviews of these templates have reached the webhook."""
        with self._transaction() as db:
            db.executemany("update template set announced = 1 where id = ?", [(n,) for n in numbers])

    # Messages

    def opted_out(
        self, account: CarrierAccount, sign: str, numbers: Iterable[str], now: float
    ) -> frozenset[str]:
        """Look numbers up. Returns the `numbers` that have opted out of the signature."""
        rows = self._rows(
            "select number from opt_out where account = ? and sign = ? and since <= ?"
            " and number in (select value from json_each(?))",
            *(account.name, sign, now, json.dumps(list(numbers))),
        )
        return frozenset(row["number"] for row in rows)

    def accept(self, account: CarrierAccount, call: Call, postings: Sequence[Posting]) -> int:
        """Take the messages of one call, all of them or none. Returns the id of the first."""
        with self._transaction() as db:
            first = self._last + 1
            last = self._last + len(postings)
            number = db.execute(
                "insert into call values"
                " (null, :account, :batch_ref, :sign, :template, :accepted_at, :due_at, :first, :last, 0)",
                {**call._asdict(), "account": account.name, "first": first, "last": last},
            ).lastrowid
            db.executemany(
                "insert into message values (:id, :call, :ref, :number, :text, :code, :reply)",
                [
                    {**one._asdict(), **one.fate._asdict(), "fate": None, "id": first + i, "call": number}
                    for i, one in enumerate(postings)
                ],
            )
            db.executemany(
                "insert or ignore into opt_out values (?, ?, ?, ?)",
                [
                    (account.name, call.sign, p.number, call.due_at)
                    for p in postings
                    if p.fate.reply in OPT_OUT
                ],
            )
            self._last = last
        return first

    def find(self, account: CarrierAccount, batch_ref: str, message_ref: str) -> list[sqlite3.Row]:
        """Return the accepted messages of a batch reference, or those of a message reference."""
        if batch_ref:
            return self._rows(f"{_CALLED} where account = ? and batch_ref = ?", account.name, batch_ref)
        return self._rows(f"{_MESSAGE} where ref = ? and account = ?", message_ref, account.name)

    # Reports

    def due_calls(self, account: CarrierAccount, now: float, messages: int) -> list[sqlite3.Row]:
        """Return calls whose reports are due, oldest first, of at least `messages` messages if there are."""
        rows = self._rows(
            "select id, first, last from call where account = ? and not reported and due_at <= ?"
            " order by due_at, id limit 500",
            *(account.name, now),
        )
        total = 0
        for index, row in enumerate(rows):
            total += row["last"] - row["first"] + 1
            if total >= messages:
                return rows[: index + 1]
        return rows

    def reports(self, calls: Sequence[sqlite3.Row]) -> list[sqlite3.Row]:
        """Return the messages of these calls, in order."""
        marks = ", ".join("?" * len(calls))
        return self._rows(f"{_CALLED} where call.id in ({marks})", *(call["id"] for call in calls))

    def reported(self, calls: Sequence[sqlite3.Row]) -> None:
        """Note that the reports of these calls have reached the webhook."""
        with self._transaction() as db:
            db.executemany("update call set reported = 1 where id = ?", [(call["id"],) for call in calls])

    def is_reported(self, first: int) -> bool:
        """Look a call up by its first message. Returns True once it has been reported."""
        [call] = self._rows("select reported from call where first = ?", first)
        return bool(call["reported"])

    def next_due(self, account: CarrierAccount) -> float | None:
        """Return when the next report or review of the account is due."""
        [found] = self._rows(
            """select min(due) due from (
                select min(due_at) due from call where account = ? and not reported union all
                select min(review_at) from template where account = ? and not announced)""",
            *(account.name, account.name),
        )
        due: float | None = found["due"]
        return due

    def page(
        self, account: CarrierAccount, after: int, now: float, limit: int
    ) -> tuple[list[sqlite3.Row], bool]:
        """Return up to `limit` messages behind id `after`, up to the first whose report is not due yet.

        The second value says whether more are due.
        """
        rows = self._rows(
            f"{_MESSAGE} where message.id > ? and account = ? order by message.id limit ?",
            *(after, account.name, limit + 1),
        )
        due = list(takewhile(lambda row: row["due_at"] <= now, rows))
        return due[:limit], len(due) > limit

    # Inspection

    def summary(self, account: str) -> dict[str, Any]:
        """Return the counts of one account, or of all with ""."""
        scope = "from message join call on call.id = message.call where ? in ('', account)"
        with self._lock:
            called = self._db.execute(
                "select count(*) calls, count(distinct batch_ref) batches from call where ? in ('', account)",
                (account,),
            ).fetchone()
            taken = self._db.execute(
                "select count(*) accepted, count(distinct ref) refs,"
                f" sum(reply <> '') replies, sum(not reported) unreported {scope}",
                (account,),
            ).fetchone()
            query = f"select code, count(*) messages {scope} group by code"
            codes = self._db.execute(query, (account,)).fetchall()
        return {
            "calls": called["calls"],
            "batches": called["batches"],
            "accepted": taken["accepted"],
            "duplicates": taken["accepted"] - taken["refs"],
            "replies": taken["replies"] or 0,
            "unreported": taken["unreported"] or 0,
            "codes": {row["code"]: row["messages"] for row in codes},
        }

    def listing(self, account: str, after: int, limit: int) -> list[sqlite3.Row]:
        """Return accepted messages behind id `after`, of one account or of all with ""."""
        return self._rows(
            f"{_MESSAGE} where message.id > ? and ? in ('', account) order by message.id limit ?",
            *(after, account, limit),
        )


def _account(row: sqlite3.Row) -> CarrierAccount:
    return CarrierAccount(row["name"], row["key"], Profile(**json.loads(row["profile"])), row["opened_at"])
