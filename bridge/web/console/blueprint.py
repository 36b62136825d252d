"""The console's routes: each request passes the guard, then a page or a deed answers it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Flask, Response, abort, g, request, send_from_directory
from werkzeug.exceptions import HTTPException

from bridge.ledger import LedgerUnavailable
from bridge.services.desk.signing_in import SigningIn

from . import guard
from .desk import Bridge, Desk
from .face import ReaderView
from .language import LANGUAGES, language_of
from .pages import DEEDS, PAGES
from .routes import Deed, PageRoute
from .serving import HOME, PageServer, lead_to
from .session import Sitting, prepare
from .sign_in import SignInPages
from .sign_on import SignOn

log = structlog.get_logger("bridge.console")

_FILES = Path(__file__).parent / "static"
_OTHER_METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
"""Answered here where no page or deed takes them, and not by the application: with the console's headers."""
_YEAR_S = 31_536_000
_OPEN = frozenset({"static", "language", "link", "enter", "sign_in", "sign_out", "sign_on", "signed_on"})
"""What is served to whom nobody knows yet."""


class Console:
    """All of `/console` over one bridge."""

    def __init__(self, app: Flask, bridge: Bridge) -> None:
        prepare(app, bridge.console)
        self._bridge = bridge
        self._host = urlsplit(bridge.address).netloc
        signing_in = SigningIn(bridge.settings, bridge.console, bridge.ledger, bridge.clock)
        self._sitting = Sitting(bridge.console, signing_in, bridge.clock)
        sign_on = SignOn.of(app, bridge)
        self._doors = SignInPages(signing_in, sign_on, self._sitting, self._server)

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        found = Blueprint("console", __name__, url_prefix=HOME)
        for page in PAGES:
            self._add_page(found, page)
        for deed in DEEDS:
            _add(found, deed.name, deed.rule, partial(self._deed, deed), "POST")
        _add(found, "static", "/static/<path:name>", self._file)
        _add(found, "language", "/language/<language>", self._language)
        self._doors.add_to(partial(_add, found))
        _add(found, "nowhere", "/<path:rest>", lambda rest: self._server().fault(404))
        for name, rule in (("other_home", ""), ("other", "/<path:rest>")):
            _add(found, name, rule, self._no_method, *_OTHER_METHODS)
        found.before_request(self._admit)
        found.after_app_request(self._protect)
        found.register_error_handler(Exception, self._failed)
        return found

    def _add_page(self, found: Blueprint, page: PageRoute) -> None:
        for form in ("html", "csv", "json"):
            suffix = "" if form == "html" else f".{form}"
            rule = page.rule if page.rule or form == "html" else "/overview"
            _add(
                found,
                f"{page.name}{suffix.replace('.', '_')}",
                f"{rule}{suffix}",
                partial(self._page, page, form),
            )

    def _admit(self) -> Response | None:
        """Let a request through, or answer it here. Returns None to let it through."""
        name = (request.endpoint or "").removeprefix("console.")
        if request.method not in guard.SAFE and not guard.is_own(request, self._sitting, self._host):
            return self._server().fault(400)
        person = self._sitting.person
        if person is not None:
            g.desk = Desk(self._bridge, person)
        elif name not in _OPEN:
            return self._shut()
        return None

    def _shut(self) -> Response:
        """Answer whom nobody knows: a page leads to the door, anything else is refused."""
        door = f"{HOME}/sign-in"
        if request.headers.get("HX-Request"):
            return Response(status=204, headers={"HX-Redirect": door})
        if request.method in guard.SAFE and not request.path.endswith((".csv", ".json")):
            self._sitting.want(request.full_path.rstrip("?"))
            return lead_to(door)
        return self._server().fault(401)

    def _server(self) -> PageServer:
        return PageServer(request, ReaderView(language_of(request, self._sitting.language)), self._sitting)

    def _page(self, page: PageRoute, form: str, **parts: str) -> Response:
        return self._server().page(page, g.desk, form, parts)

    def _deed(self, deed: Deed, **parts: str) -> Response:
        return self._server().deed(deed, g.desk, parts)

    def _file(self, name: str) -> Response:
        # Files of others carry their version in the address; ours are asked for again, and answered with 304.
        return send_from_directory(_FILES, name, max_age=_YEAR_S if name.startswith("vendor/") else 0)

    def _language(self, language: str) -> Response:
        if language not in LANGUAGES:
            abort(404)
        self._sitting.choose(language)
        return lead_to(self._server().back())

    def _protect(self, response: Response) -> Response:
        # Of the whole application: a method that nobody knows is refused before it is the console's.
        if request.path != HOME and not request.path.startswith(f"{HOME}/"):
            return response
        return guard.protect(response, keep=request.endpoint == "console.static")

    def _no_method(self, **_parts: str) -> Response:
        answer = self._server().fault(405)
        answer.headers["Allow"] = "GET, HEAD, POST"
        return answer

    def _failed(self, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.code:
            return self._server().fault(error.code)
        if isinstance(error, LedgerUnavailable):
            log.error("the database is away", method=request.method, reason=str(error))
            return self._server().fault(503)
        log.error("request failed", method=request.method, exc_info=error)
        return self._server().fault(500)


def _add(found: Blueprint, name: str, rule: str, view: Callable[..., Response], *methods: str) -> None:
    found.add_url_rule(rule, name, view, methods=methods or ("GET",), provide_automatic_options=False)


def console(app: Flask, bridge: Bridge) -> Blueprint:
    """Return the routes of the console, for which the application is given its session."""
    return Console(app, bridge).blueprint()
