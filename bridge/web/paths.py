"""Paths as they were sent: split first, decoded afterwards.

Servers hand over a decoded path, in which the slash inside a signature's name is no longer told from those
between segments. Doubled and trailing slashes are dropped, so that any way of writing a prefix works
without a redirect, which Quick Audience might not follow.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class SplitPaths:
    """WSGI middleware: routes see every segment by itself, its slashes and percent signs still encoded."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = "/" + "/".join(map(_shielded, segments(environ)))
        environ["PATH_INFO"] = found.encode().decode("latin-1")
        return self._app(environ, start_response)


def raw_path(environ: dict[str, Any]) -> str:
    """Find the path as it stood in the request line. Returns the best guess where a server does not tell."""
    target = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "").partition("?")[0]
    if not target:
        return str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")
    if not target.startswith("/"):  # absolute form, meant for proxies: scheme://host/path
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.removeprefix(str(environ.get("SCRIPT_NAME", "")))


def segments(environ: dict[str, Any]) -> list[str]:
    """Split, then decode the path. Returns its segments without the empty ones."""
    return [unquote(segment, errors="replace") for segment in raw_path(environ).split("/") if segment]


def unshielded(segment: str) -> str:
    """Undo what SplitPaths did to a segment. Returns a route's parameter as it was meant."""
    return segment.replace("%2F", "/").replace("%25", "%")


def _shielded(segment: str) -> str:
    return segment.replace("%", "%25").replace("/", "%2F")
