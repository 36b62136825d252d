"""The contract over HTTP: every operation of the table, under `/{channel}/sms/...` and `/sms/...`."""

import re
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import structlog
from flask import Blueprint, Request, Response, request
from structlog.contextvars import bound_contextvars

from bridge import metrics, tracing
from bridge.channels.isolation import Isolated
from bridge.clock import seconds
from bridge.contract import fields
from bridge.contract.bodies import Body, NoBody
from bridge.contract.operations import OPERATIONS, Operation
from bridge.contract.refusal import Refusal, forbidden, not_found
from bridge.ledger import Busy, Differs, Ledger, Stored
from bridge.services import Services
from bridge.settings import ChannelSettings, Settings

from . import guards, paths
from .answers import CONTENT_TYPE, INTERNAL_ERROR, Answer, Face
from .operations import SERVED_BY, ContractRequest

log = structlog.get_logger("bridge.web")

_MAX_PARAMETER = 100
_MAX_NOTED = 256
_MAX_SHOWN = 200
_MAX_NAMES = 20
_MAX_STRAY_BODY = 65_536
_LARGE_BODY = 1_000_000
AnyOperation = Operation[Any, Any]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_.]{0,63}")


@dataclass(frozen=True, slots=True)
class _Call:
    """One request on its way: what it asks for, of which channel, and how that channel answers."""

    id: str
    operation: AnyOperation
    channel: str
    settings: ChannelSettings
    parameter: str
    face: Face


class _Received(NamedTuple):
    """The body of a request, and 32 bytes that stand for it."""

    raw: bytes
    digest: bytes


class Contract:
    """Serves the operations; `clock` tells the seconds since 1970."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        ledger: Ledger,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._services = services
        self._ledger = ledger
        self._clock = clock
        self._faces = {
            name: Face(channel.platform_name, settings.bridge, channel.language)
            for name, channel in settings.channels.items()
        }
        self._default = next((name for name, channel in settings.channels.items() if channel.default), "")
        self._noted: set[tuple[str, str]] = set()
        self._large = threading.Lock()

    def blueprint(self) -> Blueprint:
        """Return the routes: each operation with a channel's name, and without for the default channel."""
        blueprint = Blueprint("contract", __name__)
        for operation in OPERATIONS:
            rule = operation.path.replace(f"{{{operation.parameter}}}", "<parameter>")
            view = partial(self._serve, operation)
            blueprint.add_url_rule(
                f"/<channel>{rule}", operation.name, view, methods=[operation.method], **_PLAIN
            )
            if self._default:
                view = partial(self._serve, operation, self._default)
                blueprint.add_url_rule(
                    rule, f"{operation.name}-default", view, methods=[operation.method], **_PLAIN
                )
        return blueprint

    def concerns(self, found: Request) -> bool:
        """Return True for a path of the contract, also for one that no route serves."""
        segments = paths.segments(found.environ)
        return "sms" in segments[:2]

    def unknown_route(self, found: Request) -> Response:
        """Answer a path of the contract that is none of its operations.

        Of the request only names are logged: they tell an older edition of the contract.
        """
        segments = paths.segments(found.environ)
        channel = self._default if segments[0] == "sms" else segments[0]
        if channel not in self._faces:
            return self._no_channel(channel, found)
        request_id = uuid.uuid4().hex
        log.warning(
            "unknown route",
            request_id=request_id,
            channel=channel,
            method=found.method,
            path=found.path[:_MAX_SHOWN],
            parameters=sorted({name[:_MAX_SHOWN] for name in found.args})[:_MAX_NAMES],
            fields=_field_names(found),
        )
        refusal = not_found("There is no such operation: check the URL and the method.")
        return self._faces[channel].refusal(request_id, refusal).response(request_id)

    def failed(self, found: Request) -> Response:
        """Answer when the bridge failed outside of an operation."""
        request_id = uuid.uuid4().hex
        log.exception("request failed", request_id=request_id, method=found.method)
        segments = paths.segments(found.environ)
        face = self._face(self._default if segments[0] == "sms" else segments[0])
        return face.failure(request_id).response(request_id)

    def _no_channel(self, channel: str, found: Request) -> Response:
        request_id = uuid.uuid4().hex
        log.warning(
            "unknown channel", request_id=request_id, method=found.method, path=found.path[:_MAX_SHOWN]
        )
        message = "There is no channel of this name: check the URL typed into Quick Audience."
        if not channel:
            message = "The URL names no channel and there is no default channel."
        return self._face(channel).refusal(request_id, not_found(message)).response(request_id)

    def _face(self, channel: str) -> Face:
        return self._faces.get(channel) or self._faces.get(self._default) or Face("", self._settings.bridge)

    def _serve(self, operation: AnyOperation, channel: str, parameter: str = "") -> Response:
        channel = paths.unshielded(channel)
        settings = self._settings.channels.get(channel)
        if settings is None:
            return self._no_channel(channel, request)
        call = _Call(
            uuid.uuid4().hex,
            operation,
            channel,
            settings,
            paths.unshielded(parameter),
            self._faces[channel],
        )
        started = time.perf_counter()
        with (
            bound_contextvars(request_id=call.id, channel=channel, operation=operation.name),
            metrics.IN_FLIGHT.labels(channel).track_inprogress(),
            _traced(call) as span,
        ):
            answer = self._answered(call)
            span.set({"sms_bridge.code": answer.code})
            seconds = time.perf_counter() - started
            log.info("request answered", code=answer.code, ms=round(seconds * 1000, 1))
        metrics.REQUESTS.labels(channel, operation.name, answer.code).inc()
        metrics.REQUEST_SECONDS.labels(channel, operation.name).observe(seconds)
        return answer.response(call.id)

    def _answered(self, call: _Call) -> Answer:
        return _told(call, lambda: self._let_through(call), log.warning, "request not let through")

    def _let_through(self, call: _Call) -> Answer:
        now = self._clock()
        guards.check_address(request.remote_addr, call.settings.allow_from)
        skew_s = self._settings.bridge.signature_skew_s
        signature = guards.check_signature(request, call.settings, now, skew_s)
        raw = guards.read_contract_body(request, self._settings.bridge.max_request_bytes)
        body = _Received(raw, guards.digest(raw))
        if signature:
            return self._once(call, signature, body, now)
        return self._executed(call, body)

    def _once(self, call: _Call, signature: str, body: _Received, now: float) -> Answer:
        """Serve a signed request once: repeated word by word it gets its first answer again."""
        fingerprint = guards.digest(request.method.encode(), request.path.encode(), body.digest)
        claim = self._ledger.signatures.claim(signature, fingerprint, seconds(now))
        if isinstance(claim, Differs):
            raise forbidden("The signature was used for another request before.")
        if isinstance(claim, Stored):
            log.info("request repeated")
            return Answer(claim.status, claim.body, "REPEATED")
        # Only what would be done twice waits: questions do no harm, and sends know each other by digest.
        if isinstance(claim, Busy) and call.operation.changes:
            raise Refusal("IN_PROGRESS", "The same request is being served; ask again in a minute.")
        answer = self._executed(call, body)
        if answer.code == INTERNAL_ERROR:
            self._release(signature)
        else:
            self._keep(signature, answer)
        return answer

    def _keep(self, signature: str, answer: Answer) -> None:
        # What was done is done: that its answer could not be kept must not make it look failed.
        with Isolated(log, "answer not kept for repetition", through=()):
            self._ledger.signatures.store(signature, answer.status, answer.body, CONTENT_TYPE)

    def _release(self, signature: str) -> None:
        with Isolated(log, "request not freed for repetition", through=()):
            self._ledger.signatures.release(signature)

    def _executed(self, call: _Call, body: _Received) -> Answer:
        return _told(
            call, lambda: call.face.success(call.id, self._payload(call, body)), log.info, "request refused"
        )

    def _payload(self, call: _Call, body: _Received) -> dict[str, Any]:
        # A large send takes seven times its size while it is served. Two at once would not be faster, for
        # Python runs one of them at a time, but all threads together would need a gigabyte. A large template
        # is another matter: it waits for its vendor, and no other channel is to wait with it.
        with self._large if call.operation.send and len(body.raw) > _LARGE_BODY else nullcontext():
            return self._served(call, body)

    def _served(self, call: _Call, body: _Received) -> dict[str, Any]:
        operation = call.operation
        asked = ContractRequest(
            _parameter(call) if operation.parameter else "",
            self._read(operation, body.raw),
            guards.digest(operation.name.encode(), body.digest),
        )
        return SERVED_BY[operation.name](self._services[call.channel], asked)

    def _read(self, operation: AnyOperation, raw: bytes) -> Body:
        if operation.body is NoBody:
            return NoBody()
        source = fields.document(raw)
        self._note(operation, operation.body.unexpected(source))
        body: Body = operation.body.read(source)
        return body

    def _note(self, operation: AnyOperation, names: set[str]) -> None:
        """Log names that the contract does not know, each once."""
        for name in names:
            key = (operation.name, name)
            if key not in self._noted and len(self._noted) < _MAX_NOTED and _IDENTIFIER.fullmatch(name):
                self._noted.add(key)
                log.info("unknown field ignored", field=name)


_PLAIN: dict[str, Any] = {"provide_automatic_options": False}


def _traced(call: _Call) -> AbstractContextManager[tracing.Span]:
    """Return a span around a request; one that takes messages creates what later calls link to."""
    attributes: dict[str, str | int] = {
        "http.request.method": call.operation.method,
        "messaging.operation.name": call.operation.name,
        "messaging.destination.name": call.channel,
        "sms_bridge.request_id": call.id,
    }
    if call.operation.send:
        attributes["messaging.operation.type"] = tracing.CREATE
    return tracing.span(f"{call.operation.name} {call.channel}", tracing.SERVER, attributes)


def _parameter(call: _Call) -> str:
    value = call.operation.named(call.parameter)
    # U+FFFD stands for bytes that are no UTF-8: a vendor must not be asked for what nobody typed.
    if "\0" in value or "\ufffd" in value or len(value) > _MAX_PARAMETER:
        raise not_found(f"{call.operation.parameter}: there is none of this name.")
    return value


def _field_names(found: Request) -> list[str]:
    """Return the names in a request's JSON body; none when it is too large or no JSON object."""
    try:
        source = fields.document(guards.read_contract_body(found, _MAX_STRAY_BODY))
    except Refusal:
        return []
    return sorted(name for name in source if _IDENTIFIER.fullmatch(name))[:_MAX_NAMES]


def _told(call: _Call, work: Callable[[], Answer], tell: Callable[..., object], event: str) -> Answer:
    """Return the answer that the work gives, or the one that says why it was refused, or that it failed."""
    try:
        return work()
    except Refusal as refusal:
        tell(event, code=refusal.code, reason=refusal.message)
        return call.face.refusal(call.id, refusal)
    except Exception:
        log.exception("request failed")
        return call.face.failure(call.id)
