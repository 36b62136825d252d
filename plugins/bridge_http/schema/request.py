"""The request table of a recipe."""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ..auth import AnyAuth, AnySign
from .base import Name, RecipeTable, Tree


class Shared(RecipeTable):
    """`[requests]`: what every request of the recipe has. A request's own entries win.

    `form` is added to requests that have a form or a multipart body.
    """

    headers: dict[str, str] = {}
    query: dict[str, Tree] = {}
    form: dict[str, Tree] = {}
    let: list[dict[Name, Tree]] = []
    auth: AnyAuth | None = None
    sign: AnySign | None = None

    def added_to(self, request: "RequestTable") -> "RequestTable":
        """Add what all requests share."""
        changes: dict[str, Any] = {
            "headers": {**self.headers, **request.headers},
            "query": {**self.query, **request.query},
            "let": [*self.let, *request.let],
            "auth": request.auth or self.auth,
            "sign": request.sign or self.sign,
        }
        for kind in ("form", "multipart"):
            if (own := getattr(request, kind)) is not None:
                changes[kind] = {**self.form, **own}
        return request.model_copy(update=changes)

    def holds(self, place: str, request: "RequestTable") -> bool:
        """Tell if a place in the whole request, such as `form.apikey`, stems from here."""
        section, _, rest = place.partition(".")
        own = getattr(request, section, None)
        if section in ("auth", "sign"):
            return own is None
        if section not in ("headers", "query", "form"):
            return False
        name = next((name for name in getattr(self, section) if f"{rest}.".startswith(f"{name}.")), None)
        return name is not None and name not in (own or {})


class RequestTable(RecipeTable):
    """One HTTP request. `path` is appended to the base URL; at most one body.

    In `multipart` a table with `content` is a file.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: str
    query: dict[str, Tree] = {}
    headers: dict[str, str] = {}
    json_: Tree = Field(None, alias="json")
    form: dict[str, Tree] | None = None
    multipart: dict[str, Tree] | None = None
    xml: dict[str, Tree] | None = None
    text: str | None = None
    charset: str = "utf-8"
    wrap: Literal["base64"] | None = None
    let: list[dict[Name, Tree]] = []
    tree: dict[Name, Tree] = {}
    auth: AnyAuth | None = None
    sign: AnySign | None = None

    @field_validator("charset")
    @classmethod
    def _known_charset(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError:
            raise ValueError("is not a character set") from None
        return name

    @field_validator("path")
    @classmethod
    def _rooted(cls, path: str) -> str:
        if path and path[0] not in "/=":
            raise ValueError('must be "" or begin with "/"; the host is the base URL\'s')
        return path

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if sum(body is not None for _, body in self._bodies()) > 1:
            raise ValueError("has more than one of json, form, multipart, xml and text")
        if any(len(entry) != 1 for entry in self.let):
            raise ValueError("let is a list of tables with one key each")
        return self

    @property
    def body(self) -> tuple[str, Tree]:
        """The kind of the body, "" for none, and its tree."""
        return next((body for body in self._bodies() if body[1] is not None), ("", None))

    def _bodies(self) -> tuple[tuple[str, Tree], ...]:
        own = (("json", self.json_), ("form", self.form), ("multipart", self.multipart))
        return (*own, ("xml", self.xml), ("text", self.text))
