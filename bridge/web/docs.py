"""`/openapi.json` and `/docs`, its readable form; everything comes from this server."""

from importlib.metadata import version
from pathlib import Path

from flask import Blueprint, Response, abort, jsonify, send_from_directory

from bridge.contract import openapi
from bridge.settings import Settings

FILES = Path(__file__).parent / "swagger_ui"
_ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Quick Audience SMS bridge</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", validatorUrl: null});\n'


def blueprint(settings: Settings) -> Blueprint:
    """Return the routes."""
    found = Blueprint("docs", __name__)
    default_channel = any(channel.default for channel in settings.channels.values())
    document = openapi.document(
        version("qa-sms-bridge"), settings.bridge.public_url, default_channel=default_channel
    )

    @found.get("/openapi.json", provide_automatic_options=False)
    def described() -> Response:
        return jsonify(document)

    @found.get("/docs", provide_automatic_options=False)
    def page() -> Response:
        headers = {"Content-Security-Policy": _POLICY}
        return Response(_PAGE, headers=headers, content_type="text/html; charset=utf-8")

    @found.get("/docs/start.js", provide_automatic_options=False)
    def start() -> Response:
        return Response(_START, content_type="text/javascript; charset=utf-8")

    @found.get("/docs/<name>", provide_automatic_options=False)
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            abort(404)
        return send_from_directory(FILES, name, max_age=86400)

    return found
