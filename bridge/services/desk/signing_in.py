"""Who may use the console: by a link that works once, or by what a provider of OpenID Connect says.

Everything is decided over all processes: a link is used up in the ledger, and attempts are counted there.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b

from itsdangerous import BadSignature, URLSafeSerializer

from bridge import logs
from bridge.clock import MINUTE_MS, Clock, millis
from bridge.ledger import Act, Fresh, Ledger
from bridge.settings import ConsoleSettings, Settings

LINK_MS = 10 * MINUTE_MS
_ATTEMPTS = 10
_PER_SECOND = _ATTEMPTS / 60
_SHELVES = 4096
"""Addresses share so many counters, so that nobody outside can fill the ledger with theirs."""
_LONGEST_NAME = 100


class Role(IntEnum):
    """What a person may do; each role may what the ones below it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


ROLES = tuple(role.name.lower() for role in Role)


class SignInRefused(Exception):
    """A person is not let in; the text is one sentence for that person."""


class TooManyAttempts(SignInRefused):
    """So many attempts came from an address that it must wait."""


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """Who works at the console, and as what."""

    name: str
    role: Role

    @property
    def who(self) -> str:
        """Return the person as the audit names them."""
        return f"console:{self.name}"


class SigningIn:
    """Makes and takes links, and lets people in. Raises SignInRefused."""

    def __init__(self, settings: Settings, console: ConsoleSettings, ledger: Ledger, clock: Clock) -> None:
        self._console = console
        self._address = console.url or settings.bridge.public_url
        self._ledger = ledger
        self._clock = clock
        self._signer = URLSafeSerializer(console.secret.get_secret_value(), salt="console link")

    def link(self, person: ConsoleUser, who: str) -> str:
        """Return the address of a link that lets a person in once; `who` made it, for the audit."""
        now = millis(self._clock)
        token = self._signer.dumps([person.name, int(person.role), secrets.token_urlsafe(16), now + LINK_MS])
        told: dict[str, object] = {"role": person.role.name.lower()}
        self._ledger.audit.note(Act(who, "console link made", now, subject=person.name, after=told))
        return f"{self._address}/console/sign-in/{token}"

    def by_link(self, token: str) -> ConsoleUser:
        """Return whom a link lets in; it lets nobody in again."""
        try:
            name, role, nonce, until = self._signer.loads(token)
        except BadSignature:
            raise SignInRefused("This link is not one of the console's.") from None
        now = millis(self._clock)
        if now > until:
            raise SignInRefused("This link is too old.")
        # Kept as if it were used when it ends: until then nobody forgets that it was.
        if not isinstance(self._ledger.signatures.claim(f"console:{nonce}", _digest(token), until), Fresh):
            raise SignInRefused("This link was used already.")
        return self._let_in(ConsoleUser(name, Role(role)), "link", now)

    def by_claims(self, claims: Mapping[str, object]) -> ConsoleUser:
        """Return whom the provider's claims let in."""
        settings = self._console.sign_on
        if settings is None:
            raise SignInRefused("There is no sign-on here.")
        held = claims.get(settings.roles_claim)
        values = held if isinstance(held, list) else [held]
        given = [settings.roles[one] for one in values if isinstance(one, str) and one in settings.roles]
        name = str(claims.get(settings.name_claim) or "").strip()[:_LONGEST_NAME]
        if not given or not name:
            raise SignInRefused("The provider knows you, but gives you no role here.")
        role = max(Role[one.upper()] for one in given)
        return self._let_in(ConsoleUser(logs.masked(name), role), "sign-on", millis(self._clock))

    def end(self, session: str, until: int) -> None:
        """End a session that would last until then, for every process."""
        self._ledger.signatures.claim(_ended(session), _digest(session), until)

    def has_ended(self, session: str) -> bool:
        """Return whether a session was ended before its time."""
        return self._ledger.signatures.used(_ended(session))

    def attempt(self, address: str) -> None:
        """Count an attempt to sign in from an address. Raises TooManyAttempts."""
        shelf = int.from_bytes(_digest(address)[:4], "big") % _SHELVES
        now_us = millis(self._clock) * 1000
        limit = {"per_second": _PER_SECOND, "burst": _ATTEMPTS - 1.0}
        bucket = f"console/sign-in/{shelf}"
        coordination = self._ledger.coordination
        waits = self._ledger.write(
            lambda connection: (
                coordination.peek(connection, bucket, now_us=now_us, **limit)
                or coordination.take(connection, bucket, 1, now_us=now_us, **limit)
            )
        )
        if waits:
            raise TooManyAttempts("There were too many attempts: wait a minute.")

    def _let_in(self, person: ConsoleUser, way: str, now: int) -> ConsoleUser:
        told: dict[str, object] = {"role": person.role.name.lower(), "by": way}
        self._ledger.audit.note(Act(person.who, "signed in", now, after=told))
        return person


def _ended(session: str) -> str:
    return f"console-end:{session}"


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=32).digest()
