"""A signature written as expressions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ..faults import RecipeFault, Unsendable
from ..language.expressions import Compiler, Program
from .base import RequestDraft, SchemePlace, Sign, Signer


class Expr(Sign):
    """Ordered steps of one key each; `header:NAME`, `query:NAME` and `field:NAME` put the value there.

    The expressions see `req` (method, url, host, path, query, headers, body) and the steps before them.
    Steps that set a field or parameter run before the body is written and see `form` instead of `body`.
    """

    scheme: Literal["expr"]
    steps: Annotated[list[dict[str, str]], Field(min_length=1)]

    def signer(self, place: SchemePlace) -> Signer:
        """Compile the steps into a program."""
        targets = [target for step in self.steps for target in step]
        late = not any(target.startswith(("field:", "query:")) for target in targets)
        fields = {"method", "url", "host", "path", "query", "headers", "body" if late else "form"}
        compiler = Compiler({**place.names, "req": frozenset(fields)})
        for index, step in enumerate(self.steps):
            for target, source in step.items():
                add = compiler.section if ":" in target else compiler.define
                add(target, source, f"{place.key}.steps[{index}].{target}")
        if not any(":" in target for target in targets):
            compiler.faults.append(
                RecipeFault(place.key, "no step ends in header:NAME, query:NAME or field:NAME")
            )
        if compiler.faults:
            place.faults.extend(compiler.faults)
            return Signer(lambda draft, texts: None)
        return Signer(_applying(compiler.finish()), needs_bytes=late)


def _applying(program: Program) -> Any:
    def apply(draft: RequestDraft, texts: Mapping[str, Any]) -> None:
        for target, value in program({**draft.names, "req": _view(draft)}).items():
            kind, _, name = target.partition(":")
            if kind == "header":
                draft.headers[name] = value
            elif kind == "query":
                draft.query[name] = value
            elif draft.form is None:
                raise Unsendable("field: needs a form", target)
            else:
                draft.form[name] = value

    return apply


def _view(draft: RequestDraft) -> dict[str, Any]:
    return {
        "method": draft.method,
        "url": draft.url,
        "host": draft.host,
        "path": draft.full_path,
        "query": draft.query,
        "headers": draft.headers,
        "form": draft.form,
        "body": draft.body,
    }
