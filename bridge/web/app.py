"""The Flask application. It runs no background work: `sms-bridge worker` does."""

import time
from collections.abc import Callable

import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from bridge.ledger import Ledger
from bridge.services import Services
from bridge.settings import Settings

from . import docs
from .contract import Contract
from .paths import SplitPaths
from .probes import Probes
from .webhooks import Webhooks

log = structlog.get_logger("bridge.web")


def create_app(
    settings: Settings,
    services: Services,
    ledger: Ledger,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """Make the application for these channels. `clock` tells the seconds since 1970."""
    app = Flask("bridge", static_folder=None)
    app.url_map.merge_slashes = False
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    contract = Contract(settings, services, ledger, clock)
    app.register_blueprint(contract.blueprint())
    webhooks = Webhooks(settings, services)
    app.register_blueprint(webhooks.blueprint())
    app.register_blueprint(Probes(settings, ledger, clock).blueprint())
    app.register_blueprint(docs.blueprint(settings))
    if settings.console is not None:
        # Its libraries cost a third of a process's start: only a bridge with a console has them.
        from .console import Bridge, console

        bridge = Bridge(settings, settings.console, services, ledger, clock)
        app.register_blueprint(console(app, bridge))
    _handle_errors(app, contract)
    app.wsgi_app = webhooks.before(SplitPaths(app.wsgi_app))  # type: ignore[assignment,method-assign]
    if settings.bridge.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.bridge.trusted_proxies, x_proto=0)  # type: ignore[method-assign]
    return app


def _handle_errors(app: Flask, contract: Contract) -> None:
    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        if contract.concerns(request):
            return contract.unknown_route(request)
        response = jsonify(error=error.name)
        response.status_code = error.code or 500
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        if contract.concerns(request):
            return contract.failed(request)
        log.error("request failed", method=request.method, exc_info=error)
        response = jsonify(error="Internal Server Error")
        response.status_code = 500
        return response
