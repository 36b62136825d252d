"""What the options of `sms-bridge simulate` ask for, and the plan that follows from them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import click

from .campaign import INTERNATIONAL, Plan
from .people import Person, invent, invent_international


@dataclass(frozen=True)
class Wanted:
    """The options of the command, as they were given."""

    prefix: str
    key: str
    ca: Path | None
    sign: str | None
    platform_name: str | None
    task_id: str | None
    recipients: int | None
    by_file: int | None
    digital: int | None
    international: int | None
    numbers: Path | None
    template_type: int
    per_send: int
    receipts: Literal["push", "pull"]
    listen: str
    address: str | None
    silence: float
    listen_only: bool

    def check_addresses(self) -> None:
        """Raise click.UsageError for an address that is none, such as one without http://."""
        for option, address in (("--prefix", self.prefix), ("--address", self.address)):
            parts = urlsplit(address or "http://none")
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise click.UsageError(f"{option} {address} is no address: it lacks http:// or https://.")

    def plan(self, sign: str) -> Plan:
        """Return whom to send what. Raises click.UsageError."""
        listed, by_file, digital, international = self._crowds()
        return Plan(
            run=f"sim-{secrets.token_hex(4)}",
            sign_name=sign,
            by_list=listed,
            by_file=by_file,
            digital=digital,
            international=international,
            template_type=self.template_type,
            per_send=self.per_send,
            receipts=self.receipts,
            silence_s=self.silence,
        )

    def place(self) -> tuple[str, int]:
        """Return host and port to listen at. Raises click.UsageError."""
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdecimal():
            raise click.UsageError("--listen is HOST:PORT.")
        return host, int(port)

    def _crowds(self) -> tuple[Sequence[Person], ...]:
        """Return the people by list, by file, digital and international."""
        if self.template_type == INTERNATIONAL:
            return self._international_only()
        own = _own_numbers(self.numbers) if self.numbers else None
        counts = self._shares(len(own) if own else 100, bool(own))
        crowd = invent(sum(counts), secrets.randbelow(90_000_000)) if own is None else own
        first, second = counts[0], counts[0] + counts[1]
        international = invent_international(self.international or 0)
        return crowd[:first], crowd[first:second], crowd[second : sum(counts)], international

    def _international_only(self) -> tuple[Sequence[Person], ...]:
        """Return own international numbers alone: by file and digital would need a template of their own."""
        if self.by_file or self.digital or self.recipients or self.international:
            raise click.UsageError("--template-type 3 is for --numbers; --international invents some.")
        if not self.numbers:
            raise click.UsageError("--template-type 3 needs --numbers, with country code and without plus.")
        return (), (), (), _own_numbers(self.numbers)

    def _shares(self, default: int, own: bool) -> tuple[int, int, int]:
        listed = self._listed(default)
        shares = (0, 0) if own else (listed // 5, listed // 10)
        counts = (
            listed,
            shares[0] if self.by_file is None else self.by_file,
            shares[1] if self.digital is None else self.digital,
        )
        if own and sum(counts) > default:
            raise click.UsageError(f"{sum(counts):,} recipients are wanted, --numbers lists {default:,}.")
        return counts

    def _listed(self, default: int) -> int:
        return default if self.recipients is None else self.recipients


def _own_numbers(path: Path) -> Sequence[Person]:
    phones = list(dict.fromkeys(path.read_text("utf-8-sig").split()))
    if not phones:
        raise click.UsageError("--numbers names an empty file.")
    return [Person(phone, person.params) for phone, person in zip(phones, invent(len(phones)), strict=True)]
