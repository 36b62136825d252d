"""A received value equals an expression."""

from typing import Any, Literal, Self

from pydantic import model_validator

from bridge.plugin import WebhookRequest

from ..faults import RecipeFault
from ..language.decoding import WebhookParts
from ..language.paths import as_text, compile_path
from ..language.values import Names
from .base import REQUEST_NAMES, Check, Verify, compile_texts, same, view


class Equals(Verify):
    """A field, header or query parameter equals an expression, compared in constant time.

    Names: `body` (decoded), `raw` (bytes), `text`, `form`, `query`, `headers`, `url`, `method`.
    `separator` splits the received value into alternatives.
    """

    scheme: Literal["equals"] = "equals"
    field: str = ""
    header: str = ""
    query: str = ""
    separator: str = ""
    equals: str

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(map(bool, (self.field, self.header, self.query))) != 1:
            raise ValueError("needs exactly one of field, header and query")
        return self

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a comparison."""
        texts = compile_texts({"equals": self.equals}, names, key, faults, REQUEST_NAMES)
        field = compile_path(self.field, f"{key}.field", faults)

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            if self.header:
                got = request.headers.get(self.header.lower(), "")
            else:
                got = as_text(field(document) if self.field else source.query_table().get(self.query))
            wanted = texts({**given, **view(request, source, document)})["equals"]
            offers = [offer.strip() for offer in got.split(self.separator)] if self.separator else [got]
            return bool(wanted) and any(same(offer, wanted) for offer in offers)

        return check
