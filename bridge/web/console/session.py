"""Who sits at the browser: kept in Flask's signed cookie, which every process reads with the same secret.

The cookie carries a name, a role, an end and a token against requests from elsewhere; nothing of it is
secret to its owner, and nobody else can make one. A copy of it ends with it: the ledger knows its id.
"""

import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, session

from bridge.clock import Clock, hours, millis
from bridge.services.desk.signing_in import ConsoleUser, Role, SigningIn
from bridge.settings import ConsoleSettings

from .language import phrase

_LONGEST_TOLD = 4


def prepare(app: Flask, console: ConsoleSettings) -> None:
    """Give the application its cookie, which only this host may set, over https, for no script to read."""
    app.secret_key = console.secret.get_secret_value()
    app.permanent_session_lifetime = timedelta(hours=console.session_h)
    app.config.update(
        SESSION_COOKIE_NAME="__Host-sms-bridge",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
    )


class Sitting:
    """The session of the request that is being served."""

    def __init__(self, console: ConsoleSettings, signing_in: SigningIn, clock: Clock) -> None:
        self._signing_in = signing_in
        self._lasts_ms = hours(console.session_h)
        self._clock = clock

    def begin(self, person: ConsoleUser) -> str:
        """Begin anew for a person: nothing of what was before is taken over but the language.

        Returns the page that was asked for before, "" for none.
        """
        language, wanted = session.get("language"), str(session.get("wanted", ""))
        session.clear()
        session.permanent = True
        session.update(
            id=secrets.token_urlsafe(16),
            name=person.name,
            role=int(person.role),
            until=millis(self._clock) + self._lasts_ms,
            token=secrets.token_urlsafe(24),
        )
        if language:
            session["language"] = language
        return wanted

    def want(self, page: str) -> None:
        """Keep which page somebody asked for who is not signed in yet."""
        session["wanted"] = page

    def end(self) -> None:
        """End it, and every copy of its cookie."""
        if self.person is not None:
            self._signing_in.end(session["id"], session["until"])
        session.clear()

    @property
    def person(self) -> ConsoleUser | None:
        """Return who is signed in, None for nobody."""
        if session.get("until", 0) <= millis(self._clock) or "id" not in session:
            return None
        if self._signing_in.has_ended(session["id"]):
            return None
        return ConsoleUser(str(session["name"]), Role(session["role"]))

    @property
    def token(self) -> str:
        """Return the token that every form of this session carries; it is made when it is first needed."""
        if "token" not in session:
            session["token"] = secrets.token_urlsafe(24)
        return str(session["token"])

    @property
    def language(self) -> str | None:
        """Return the language that was chosen."""
        return session.get("language")

    def choose(self, language: str) -> None:
        """Keep a chosen language."""
        session["language"] = language

    def tell(self, text: str, **values: object) -> None:
        """Keep a phrase for the next page."""
        told = [*session.get("told", ()), [phrase(text), {name: str(one) for name, one in values.items()}]]
        session["told"] = told[-_LONGEST_TOLD:]

    def told(self) -> list[Any]:
        """Return the phrases that wait, once."""
        return list(session.pop("told", ())) if "told" in session else []
