"""Webhooks of vendors: `/hooks/{channel}/{hook token}/...`.

A webhook is acknowledged only when everything it says is stored; otherwise the vendor is asked to repeat it.
"""

import hmac
from urllib.parse import unquote

import structlog
from flask import Blueprint, Response, request
from structlog.contextvars import bound_contextvars
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from bridge import metrics, tracing
from bridge.plugin import UnsupportedOperation, WebhookRejected, WebhookRequest
from bridge.services import Services
from bridge.settings import Settings

from . import guards, paths

log = structlog.get_logger("bridge.web")

_METHODS = ("GET", "POST", "PUT")


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

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
        for rule, name in (("/<channel>/<token>", "hook"), ("/<channel>/<token>/<path:_tail>", "hook-tail")):
            blueprint.add_url_rule(rule, name, self._serve, methods=_METHODS, provide_automatic_options=False)
        return blueprint

    def _serve(self, channel: str, token: str, _tail: str = "") -> Response:
        account = self._named(channel, token)
        if account is None:
            return _plain("not found", 404)
        names = {
            "messaging.operation.name": "webhook",
            "messaging.operation.type": tracing.RECEIVE,
            "messaging.destination.name": channel,
        }
        opened = tracing.span(f"webhook {channel}", tracing.CONSUMER, names)
        with bound_contextvars(channel=channel), opened as span:
            response = self._answered(channel, account)
            span.set({"http.response.status_code": response.status_code})
        metrics.WEBHOOKS.labels(channel, response.status_code).inc()
        return response

    def _named(self, channel: str, token: str) -> str | None:
        """Return the account of the channel that a token names; every one is compared, in constant time."""
        given = token.encode()
        found = None
        for account, expected in self._tokens.get(channel, ()):
            if hmac.compare_digest(given, expected) and expected:
                found = account
        return found

    def _answered(self, channel: str, account: str) -> Response:
        try:
            taken = self._services[channel].at[account].receiving.webhook(self._request())
        except RequestEntityTooLarge:
            return _plain("too large", 413)
        except BadRequest:
            return _plain("incomplete", 400)
        except WebhookRejected as rejection:
            metrics.WEBHOOKS_REFUSED.labels(channel).inc()
            log.warning(
                "webhook rejected", code=rejection.code, reason=rejection.reason, answered=rejection.status
            )
            return _plain("rejected", rejection.status)
        except UnsupportedOperation:
            return _plain("not found", 404)
        except Exception:
            log.exception("webhook not stored")
            response = _plain("not stored, please repeat", 503)
            response.headers["Retry-After"] = "5"
            return response
        return Response(taken.body, taken.status, content_type=taken.content_type)

    def _request(self) -> WebhookRequest:
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


def _plain(text: str, status: int) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")
