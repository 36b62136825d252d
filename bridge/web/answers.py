"""Answers to Quick Audience: always the whole envelope, whatever went wrong."""

import json
from dataclasses import dataclass
from typing import Any

from flask import Response

from bridge.contract import replies
from bridge.contract.refusal import Refusal
from bridge.contract.wording import Language, say
from bridge.settings import BridgeSettings

CONTENT_TYPE = "application/json; charset=utf-8"
INTERNAL_ERROR = "INTERNAL_ERROR"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer ready to be sent or kept; `code` is that of the envelope."""

    status: int
    body: bytes
    code: str

    def response(self, request_id: str) -> Response:
        """Return the answer as Flask sends it."""
        headers = {"X-Request-Id": request_id, "Cache-Control": "no-store"}
        return Response(self.body, self.status, headers, content_type=CONTENT_TYPE)


class Face:
    """How a channel looks to Quick Audience; `platform_name` is repeated byte for byte."""

    def __init__(self, platform_name: str, settings: BridgeSettings, language: Language = "en") -> None:
        self._platform_name = platform_name
        self._language: Language = language
        self._success_code = settings.success_code
        self._no_comments = settings.no_comments
        self._statuses = settings.error_status == "http"

    def success(self, request_id: str, payload: dict[str, Any]) -> Answer:
        """Return the answer to a request that was served."""
        if payload.get("reason") == replies.NO_COMMENTS:
            payload = payload | {"reason": self._no_comments}
        return self._answer(200, self._success_code, "OK", request_id, self._said(payload))

    def refusal(self, request_id: str, refusal: Refusal) -> Answer:
        """Return the answer to a request that was not let through."""
        message = say(refusal.message, self._language)
        return self._answer(refusal.status, refusal.code, message, request_id, {})

    def failure(self, request_id: str) -> Answer:
        """Return the answer when the bridge itself failed; the log says why, the answer does not."""
        message = f"The SMS platform has an internal error. Its log explains request {request_id}."
        return self._answer(500, INTERNAL_ERROR, say(message, self._language), request_id, {})

    def _said(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return a payload with its reasons in the channel's language."""
        said = dict(payload)
        if self._language != "en" and "reason" in said:
            # Of several carriers' reasons each is a sentence of its own.
            said["reason"] = "; ".join(say(one, self._language) for one in said["reason"].split("; "))
        if self._language != "en" and "supportFactory" in said:
            reviews = json.loads(said["supportFactory"])
            told = {carrier: say(review, self._language) for carrier, review in reviews.items()}
            said["supportFactory"] = json.dumps(told, ensure_ascii=False)
        return said

    def _answer(
        self, status: int, code: str, message: str, request_id: str, payload: dict[str, Any]
    ) -> Answer:
        envelope = replies.envelope(self._platform_name, code, message, request_id, **payload)
        return Answer(status if self._statuses else 200, replies.encode(envelope), code)
