"""The doors of the console: a link that works once, and a provider of OpenID Connect."""

from collections.abc import Callable
from functools import partial

from flask import Response, request

from bridge.clock import MINUTE_MS
from bridge.services.desk.signing_in import LINK_MS, ConsoleUser, SigningIn, SignInRefused, TooManyAttempts

from ..guards import bare_address
from .serving import HOME, PageServer, lead_to
from .session import Sitting
from .sign_on import SignOn

Add = Callable[..., None]


class SignInPages:
    """Pages for whom nobody knows yet."""

    def __init__(
        self,
        signing_in: SigningIn,
        sign_on: SignOn | None,
        sitting: Sitting,
        server: Callable[[], PageServer],
    ) -> None:
        self._signing_in = signing_in
        self._sitting = sitting
        self._server = server
        self._sign_on = sign_on

    def add_to(self, add: Add) -> None:
        """Add the routes."""
        add("sign_in", "/sign-in", self._door)
        add("link", "/sign-in/<token>", self._door)
        add("enter", "/sign-in/<token>", self._enter, "POST")
        add("sign_out", "/sign-out", self._leave, "POST")
        if self._sign_on is not None:
            add("sign_on", "/sign-on", partial(self._leave_for, self._sign_on))
            add("signed_on", "/sign-on/back", partial(self._come_back, self._sign_on))

    def _door(self, token: str = "") -> Response:
        """Show how to sign in; a link is used by a press only: a mail program that opens it does not."""
        facts = {
            "link": token,
            "sign_on": self._sign_on is not None,
            "name": "",
            "minutes": LINK_MS // MINUTE_MS,
        }
        return self._server().html("sign_in.html", facts)

    def _enter(self, token: str) -> Response:
        return self._let_in(lambda: self._signing_in.by_link(token))

    def _leave_for(self, provider: SignOn) -> Response:
        try:
            return provider.leave_for()
        except SignInRefused as refused:
            return self._server().fault(403, str(refused))

    def _come_back(self, provider: SignOn) -> Response:
        return self._let_in(lambda: self._signing_in.by_claims(provider.claims()))

    def _let_in(self, known: Callable[[], ConsoleUser]) -> Response:
        try:
            self._signing_in.attempt(bare_address(request.remote_addr))
            wanted = self._sitting.begin(known())
        except TooManyAttempts as refused:
            return self._server().fault(429, str(refused))
        except SignInRefused as refused:
            return self._server().fault(403, str(refused))
        return lead_to(wanted or HOME)

    def _leave(self) -> Response:
        self._sitting.end()
        return lead_to(f"{HOME}/sign-in")
