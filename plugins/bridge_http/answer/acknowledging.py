"""What a webhook is answered: fixed bytes, or a tree with expressions about the webhook."""

from collections.abc import Mapping
from typing import Any

from bridge.plugin import Acknowledgement, WebhookRejected, WebhookRequest

from ..auth.base import REQUEST_NAMES, view
from ..faults import RecipeFault, Unsendable
from ..language.decoding import WebhookParts
from ..language.expressions import Compiler
from ..language.filters import compact_json, raw
from ..language.values import Names
from ..schema import Ack

MOST = 8192
"""Bytes an answer may have that is made of what a caller sent."""

_ECHOING = ("text/plain", "application/json")


class Acknowledger:
    """Compiles `ack`; a webhook that lacks what its answer echoes is refused."""

    def __init__(self, ack: Ack, names: Names, key: str, faults: list[RecipeFault]) -> None:
        is_json = ack.json_ is not None
        self._ack = ack
        self._is_json = is_json
        self._type = ack.content_type or f"{'application/json' if is_json else 'text/plain'}; charset=utf-8"
        tree = ack.json_ if is_json else ack.text or ""
        known = {
            name: frozenset(value) if isinstance(value, Mapping) else None for name, value in names.items()
        }
        compiler = Compiler({**known, "now": None, **dict.fromkeys(REQUEST_NAMES)}, sealed={"secret"})
        compiler.section("body", tree, f"{key}.{'json' if is_json else 'text'}")
        if _echoes(tree) and self._type.partition(";")[0].strip().lower() not in _ECHOING:
            faults.append(
                RecipeFault(f"{key}.content_type", f"an answer with expressions is {' or '.join(_ECHOING)}")
            )
        faults += compiler.faults
        self._program = None if compiler.faults else compiler.finish()
        self._fixed = None if _echoes(tree) else self._answer(tree)

    def __call__(
        self, request: WebhookRequest, source: WebhookParts, document: Any, given: Names
    ) -> Acknowledgement:
        """Answer one webhook; raises WebhookRejected when it lacks what is echoed."""
        if self._fixed is not None:
            return self._fixed
        assert self._program is not None  # noqa: S101 - a recipe with faults is never run
        try:
            answer = self._answer(self._program({**given, **view(request, source, document)})["body"])
        except Unsendable:
            raise WebhookRejected("The webhook lacks a field that its answer echoes.") from None
        if len(answer.body) > MOST:
            raise WebhookRejected("The webhook asks for an answer that is too long.")
        return answer

    def _answer(self, value: Any) -> Acknowledgement:
        try:
            body = compact_json(value).encode() if self._is_json else raw(value)
        except TypeError:
            raise Unsendable("holds what JSON cannot") from None
        return Acknowledgement(body, self._type, self._ack.status)


def _echoes(tree: Any) -> bool:
    """Tell if a tree holds an expression."""
    if isinstance(tree, dict):
        return any(name.startswith("$") or name.endswith("?") or _echoes(part) for name, part in tree.items())
    if isinstance(tree, list):
        return any(map(_echoes, tree))
    return isinstance(tree, str) and ("{{" in tree or "{%" in tree or tree.startswith("="))
