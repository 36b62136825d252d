"""Serving a page or a deed: who asks is known by then, and faults become pages, too."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Request, Response, g
from werkzeug.exceptions import HTTPException

from bridge.services.desk.operating import OperatorRefused
from bridge.services.desk.signing_in import Role
from bridge.services.desk.spreadsheets import harmless_json

from .asking import Asked, NotUnderstood
from .desk import Desk
from .face import ReaderView
from .language import phrase
from .routes import Deed, Done, NotAllowed, PageRoute, View
from .session import Sitting
from .tables import Table, as_csv, as_json

HOME = "/console"
NAVIGATION = (
    ("overview", HOME, phrase("Overview")),
    ("campaigns", f"{HOME}/campaigns", phrase("Campaigns")),
    ("numbers", f"{HOME}/numbers", phrase("Number")),
    ("templates", f"{HOME}/templates", phrase("Templates")),
    ("replies", f"{HOME}/replies", phrase("Replies")),
    ("suppressions", f"{HOME}/suppressions", phrase("Suppression list")),
    ("callbacks", f"{HOME}/callbacks", phrase("Callbacks")),
    ("channels", f"{HOME}/channels", phrase("Channels")),
    ("prices", f"{HOME}/prices", phrase("Prices")),
    ("audit", f"{HOME}/audit", phrase("Audit")),
)
_FAULTS = {
    400: phrase("This request comes from no page of this console, or the page is too old: open it anew."),
    401: phrase("Nobody is signed in here any more."),
    403: phrase("Your role does not allow this."),
    404: phrase("There is no such page."),
    405: phrase("There is no such page."),
    429: phrase("There were too many attempts: wait a minute."),
    503: phrase("The database is away: try again in a minute."),
}
_OTHER_FAULT = phrase("The bridge failed: its log says why.")
_NAMES = {
    400: "not_understood",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "not_found",
    409: "refused",
    429: "too_many_attempts",
    503: "database_away",
}
"""What programs know faults by."""


class PageServer:
    """Answers one reader in one session."""

    def __init__(self, request: Request, face: ReaderView, sitting: Sitting) -> None:
        self._request = request
        self._face = face
        self._sitting = sitting

    def page(self, page: PageRoute, desk: Desk, form: str, parts: Mapping[str, str]) -> Response:
        """Return a page, or its tables as CSV or JSON."""
        if not desk.may(page.role):
            return self.fault(403)
        if _unheld(parts):
            return self.fault(404)
        path = self._request.path.removesuffix(f".{form}") if page.rule else f"{HOME}/overview"
        asked = Asked(path, self._request.args, form)
        try:
            view = page.view(desk, asked, **parts)
        except NotAllowed:
            return self.fault(403)
        except (NotUnderstood, OperatorRefused) as error:
            status = 400 if isinstance(error, NotUnderstood) else 404
            return self.fault(status, *_told(error))
        if form == "html":
            return self.html(f"{page.name}.html", self._facts(page.name, desk, asked, view))
        return _as_data(page.name, form, view, asked.text("table"))

    def deed(self, deed: Deed, desk: Desk, parts: Mapping[str, str]) -> Response:
        """Do what a form asks for, and show the page it came from, with what was done."""
        if not desk.may(deed.role):
            return self.fault(403)
        if _unheld(parts):
            return self.fault(404)
        try:
            done: Done = deed.do(desk, Asked("", self._request.form), **parts)
        except (NotUnderstood, OperatorRefused) as error:
            return self.fault(400 if isinstance(error, NotUnderstood) else 409, *_told(error))
        if done.text:
            self._sitting.tell(done.text, **done.values)
        return lead_to(done.back or self.back())

    def html(self, template: str, facts: Mapping[str, object], status: int = 200) -> Response:
        """Return a page of HTML."""
        shared: dict[str, object] = {
            "token": self._sitting.token,
            "told": [self._face.say(text, values) for text, values in self._sitting.told()],
            "here": self._request.full_path.rstrip("?"),
            "navigation": NAVIGATION,
            "person": g.desk.person if "desk" in g else None,
            "roles": Role,
        }
        return Response(
            self._face.page(template, {**shared, **facts}), status, content_type="text/html; charset=utf-8"
        )

    def fault(self, status: int, text: str = "", values: Mapping[str, object] | None = None) -> Response:
        """Return what is wrong: a page that leads back, or what a program reads under .json and .csv."""
        said = self._face.say(text or _FAULTS.get(status, _OTHER_FAULT), values or {})
        form = self._request.path.rpartition(".")[2]
        if form == "json":
            told = {"error": _NAMES.get(status, "failed"), "sentence": said}
            content = f"{harmless_json(told)}\n"
            return Response(content, status, content_type="application/json; charset=utf-8")
        if form == "csv":
            return Response(f"{said}\n", status, content_type="text/plain; charset=utf-8")
        return self.html("fault.html", {"fault": said, "back": self.back(), "name": ""}, status)

    def back(self) -> str:
        """Return the page of this console that the browser comes from, else the first one."""
        told = urlsplit(self._request.headers.get("Referer", ""))
        own = told.netloc == self._request.host and told.path.startswith(HOME)
        return told._replace(scheme="", netloc="").geturl() if own else HOME

    def _facts(self, name: str, desk: Desk, asked: Asked, view: View) -> dict[str, object]:
        tables = {table.name: table for table in view.tables}
        return {"name": name, "desk": desk, "asked": asked, "tables": tables, **view.facts}


def lead_to(address: str) -> Response:
    """Return an answer that leads the browser to a page of this console."""
    return Response(status=303, headers={"Location": address})


def _unheld(parts: Mapping[str, str]) -> bool:
    """Return whether a part of an address is what no database holds."""
    return any("\0" in part for part in parts.values())


def _told(error: NotUnderstood | OperatorRefused) -> tuple[str, Mapping[str, object]]:
    return error.text, error.values


def _as_data(name: str, form: str, view: View, wanted: str) -> Response:
    """Return the tables of a page for a program; CSV holds one, the first or the one that is named."""
    tables: list[Table] = [table for table in view.tables if wanted in ("", table.name)]
    if not tables:
        raise NoSuchTable
    if form == "json":
        return Response(as_json(tables), content_type="application/json; charset=utf-8")
    headers = {"Content-Disposition": f'attachment; filename="{name}-{tables[0].name}.csv"'}
    return Response(as_csv(tables[0]), headers=headers, content_type="text/csv; charset=utf-8")


class NoSuchTable(HTTPException):
    """A table was asked for that the page has not."""

    code = 404
