"""Judges answers: taken, or the error they stand for."""

from collections.abc import Callable, Iterator
from typing import Any

import requests

from bridge.plugin import BridgeError, OutcomeUnknown, VendorRejected
from bridge.plugin.http import raise_for_status, retry_after

from ..faults import RecipeFault
from ..language.decoding import read_form, read_json, read_regex, read_xml
from ..language.paths import UnreadableAnswer, as_text, compile_path, compile_regex
from ..schema import Response
from .conditions import compile_tests
from .errors import ErrorTable, VendorAnswer, VendorRefusal, gravest

_FAILED = 500
"""From this status on an answer is a failure of the vendor's, whatever stands in it."""


class Judge:
    """Decides by status and body whether a call was taken.

    With `sends` the call carries messages: what the recipe does not list is then unknown, never refused.
    `tells_each` recognises an answer that took something: its numbers are read, whatever the answer as a
    whole says.
    """

    def __init__(
        self,
        response: Response,
        rules: ErrorTable,
        charset: str,
        key: str,
        faults: list[RecipeFault],
        *,
        sends: bool = False,
        tells_each: Callable[[dict[str, Any]], bool] = lambda _document: False,
    ) -> None:
        self.rules = rules
        self._tells_each = tells_each
        self._sends = sends
        self._http = frozenset(response.http)
        self._decode = _decoder(response, charset, key, faults)
        self._accepted = compile_tests(response.accepted, f"{key}.accepted", faults)
        self._code = compile_path(response.code, f"{key}.code", faults)
        self._message = compile_path(response.message, f"{key}.message", faults)

    def document(self, answer: VendorAnswer) -> dict[str, Any]:
        """Read an answer the vendor took.

        Returns `{status, headers, body, text}`; raises by consequence when the call was refused.
        """
        text, body, readable = self._decode(answer.content)
        document = {"status": str(answer.status), "headers": dict(answer.headers), "body": body, "text": text}
        read = 200 <= answer.status < 300 or str(answer.status) in self._http
        if read and readable and self._accepted(document):
            return document
        if readable and self._tells_each(document):
            if answer.status >= _FAILED:
                # Its status says that the call failed, its body that somebody was taken.
                raise OutcomeUnknown(
                    "The vendor's answer contradicts its status.", code=f"HTTP_{answer.status}"
                )
            return document
        raise self._refusal(answer, document, readable)

    def _refusal(self, answer: VendorAnswer, document: dict[str, Any], readable: bool) -> BridgeError:
        refusals = list(self._refusals(document)) if readable else []
        return gravest([self._meaning(answer, document, one) for one in refusals or [VendorRefusal("")]])

    def _meaning(self, answer: VendorAnswer, document: dict[str, Any], refusal: VendorRefusal) -> BridgeError:
        """Return what one thing that the answer says would mean if it said nothing else."""
        wait = retry_after(answer.headers.get("retry-after"))
        status = VendorRefusal(f"HTTP_{answer.status}", refusal.message, document["status"], document["text"])
        if refusal.code and (rule := self.rules.find(refusal)):
            return self.rules.error(rule, refusal, wait, sends=self._sends)
        if rule := self.rules.find(status):
            return self.rules.error(
                rule, status._replace(code=refusal.code or status.code), wait, sends=self._sends
            )
        plain = _by_status(answer)
        if answer.status >= 500 and refusal.message and isinstance(plain, OutcomeUnknown):
            return OutcomeUnknown(refusal.message, code=status.code)  # in the vendor's own words
        if answer.status in (401, 403, 429) or answer.status >= 500 or 300 <= answer.status < 400:
            return plain or OutcomeUnknown("The vendor's answer makes no sense.", code=status.code)
        if refusal.code and self.rules.default is not None:
            return self.rules.error(self.rules.default, refusal, wait, sends=self._sends)
        return self._unlisted(refusal, plain, status.code)

    def _unlisted(self, first: VendorRefusal, plain: BridgeError | None, status: str) -> BridgeError:
        reason = first.message or f"The vendor refused with code {first.code}."
        if self._sends and (first.code or plain):
            return OutcomeUnknown(
                reason if first.code else "The vendor's answer says nothing.", code=first.code or status
            )
        if first.code:
            return VendorRejected(reason, code=first.code)
        return plain or OutcomeUnknown("The vendor's answer is not readable.", code="UNREADABLE_ANSWER")

    def _refusals(self, document: dict[str, Any]) -> Iterator[VendorRefusal]:
        """List what an answer says against the call: one code, or as many as `code` finds."""
        codes, messages = self._code(document), self._message(document)
        many = codes if isinstance(codes, list) else [codes]
        told = messages if isinstance(messages, list) else [messages] * len(many)
        for index, code in enumerate(many):
            message = as_text(told[index]) if index < len(told) else ""
            said = self.rules.harmless(message)
            if as_text(code):
                yield VendorRefusal(as_text(code), said, document["status"], f"{message}\n{document['text']}")


def _by_status(answer: VendorAnswer) -> BridgeError | None:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    try:
        raise_for_status(response)
    except BridgeError as error:
        return error
    return None


def _decoder(
    response: Response, charset: str, key: str, faults: list[RecipeFault]
) -> Callable[[bytes], tuple[str, Any, bool]]:
    pattern = compile_regex(response.regex, f"{key}.regex", faults)
    readers: dict[str, Callable[[str], Any]] = {
        "json": read_json,
        "form": read_form,
        "xml": read_xml,
        "regex": lambda text: read_regex(text, pattern),
    }
    read = readers[response.decode]

    def decode(content: bytes) -> tuple[str, Any, bool]:
        text = content.decode(charset, "replace")
        try:
            return text, read(text.removeprefix("\ufeff")), True
        except UnreadableAnswer:
            return text, None, False

    return decode
