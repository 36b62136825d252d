"""Webhooks of vendors: `/hooks/{channel}/{hook token}/...`.

A webhook is acknowledged only when everything it says is stored; otherwise the vendor is asked to repeat it.
"""

import hmac
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from flask import Blueprint, Response
from structlog.contextvars import bound_contextvars
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request

from bridge import metrics, tracing
from bridge.plugin import UnsupportedOperation, WebhookRejected, WebhookRequest
from bridge.services import Services
from bridge.settings import Settings

from . import guards, paths

log = structlog.get_logger("bridge.web")

_METHODS = ("GET", "POST", "PUT")
_TAKEN = {*_METHODS, "HEAD"}
_BODILESS = frozenset({204, 304})


class _Answer(NamedTuple):
    """What a vendor is answered."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    retry_after: str = ""

    def headers(self) -> list[tuple[str, str]]:
        found = [("Content-Type", self.content_type)]
        if self.status not in _BODILESS:
            found.append(("Content-Length", str(len(self.body))))
        if self.retry_after:
            found.append(("Retry-After", self.retry_after))
        return found


class Webhooks:
    """Serves the webhooks of every channel."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        # Once a process: what settings make of accounts is made anew each time they are asked.
        self._tokens = {
            name: [(account, of.hook_token.get_secret_value().encode()) for account, of in accounts.items()]
            for name, accounts in ((name, one.all_accounts) for name, one in settings.channels.items())
        }

    def before(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application with all webhooks served in front of it, and everything else by it.

        Many vendors report each message by a call of its own: Flask's way to a route and back takes as long
        as all that is done there.
        """

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            method = environ["REQUEST_METHOD"]
            place, channel, token = [*paths.segments(environ), "", "", ""][:3]
            account = self._named(channel, token) if place == "hooks" and method in _TAKEN else None
            if account is None:
                return app(environ, start_response)
            answer = self._serve(channel, account, Request(environ))
            reason = HTTP_STATUS_CODES.get(answer.status, "UNKNOWN")
            start_response(f"{answer.status} {reason}", answer.headers())
            return [] if method == "HEAD" or answer.status in _BODILESS else [answer.body]

        return serve

    def blueprint(self) -> Blueprint:
        """Return the routes, for calls that nobody is named by."""
        blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
        for rule, name in (("/<channel>/<token>", "hook"), ("/<channel>/<token>/<path:_tail>", "hook-tail")):
            blueprint.add_url_rule(rule, name, _not_found, methods=_METHODS, provide_automatic_options=False)
        return blueprint

    def _serve(self, channel: str, account: str, request: Request) -> _Answer:
        names = {
            "messaging.operation.name": "webhook",
            "messaging.operation.type": tracing.RECEIVE,
            "messaging.destination.name": channel,
        }
        opened = tracing.span(f"webhook {channel}", tracing.CONSUMER, names)
        with bound_contextvars(channel=channel), opened as span:
            answer = self._answered(channel, account, request)
            span.set({"http.response.status_code": answer.status})
        metrics.WEBHOOKS.labels(channel, answer.status).inc()
        return answer

    def _named(self, channel: str, token: str) -> str | None:
        """Return the account of the channel that a token names; every one is compared, in constant time."""
        given = token.encode()
        found = None
        for account, expected in self._tokens.get(channel, ()):
            if hmac.compare_digest(given, expected) and expected:
                found = account
        return found

    def _answered(self, channel: str, account: str, request: Request) -> _Answer:
        try:
            taken = self._services[channel].at[account].receiving.webhook(self._told(request))
        except RequestEntityTooLarge:
            return _Answer(413, b"too large")
        except BadRequest:
            return _Answer(400, b"incomplete")
        except WebhookRejected as rejection:
            metrics.WEBHOOKS_REFUSED.labels(channel).inc()
            log.warning(
                "webhook rejected", code=rejection.code, reason=rejection.reason, answered=rejection.status
            )
            return _Answer(rejection.status, b"rejected")
        except UnsupportedOperation:
            return _Answer(404, b"not found")
        except Exception:
            log.exception("webhook not stored")
            return _Answer(503, b"not stored, please repeat", retry_after="5")
        return _Answer(taken.status, taken.body, taken.content_type)

    def _told(self, request: Request) -> WebhookRequest:
        path = paths.raw_path(request.environ)
        base = self._settings.bridge.public_url or request.host_url.rstrip("/")
        query = request.query_string
        return WebhookRequest(
            method=request.method,
            url=base + path + ("?" + query.decode("latin-1") if query else ""),
            tail=_behind(path, 3),
            query=query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=guards.read_body(request, self._settings.bridge.max_request_bytes),
            remote_addr=guards.bare_address(request.remote_addr),
        )


def _behind(path: str, count: int) -> str:
    """Return what follows the first `count` segments, decoded: "" or a text that begins with a slash."""
    rest = path
    for _ in range(count):
        rest = rest.lstrip("/").partition("/")[2]
        rest = f"/{rest}"
    return "" if rest == "/" else unquote(rest, errors="replace")


def _not_found(**_names: str) -> Response:
    return Response("not found", 404, content_type="text/plain; charset=utf-8")
