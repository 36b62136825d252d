"""Which service answers which operation: the one table between the contract and the services."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bridge.contract import operations
from bridge.contract.bodies import Body
from bridge.contract.operations import Operation
from bridge.plugin import Kind
from bridge.services import ChannelServices

B = TypeVar("B", bound=Body)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ContractRequest(Generic[B]):
    """What a request asks for: the path's parameter, the body, and 32 bytes that stand for the request."""

    parameter: str
    body: B
    digest: bytes


Serve = Callable[[ChannelServices, ContractRequest[Any]], dict[str, Any]]
"""Serves a request of one operation. Returns what the answer adds to the envelope."""


def _route(
    operation: Operation[B, R], serve: Callable[[ChannelServices, ContractRequest[B]], R]
) -> tuple[str, Serve]:
    """Join an operation to a service; mypy compares the body it reads and the result it is answered from.

    Returns the operation's name and what serves it.
    """

    def served(services: ChannelServices, asked: ContractRequest[Any]) -> dict[str, Any]:
        return operation.shape.payload(serve(services, asked))

    return operation.name, served


SERVED_BY: dict[str, Serve] = dict(
    (
        _route(operations.QUERY_SIGN, lambda to, asked: to.signs.reply(asked.parameter)),
        _route(operations.CREATE_TEXT_TEMPLATE, lambda to, asked: to.templates.create_text(asked.body)),
        _route(
            operations.UPDATE_TEXT_TEMPLATE,
            lambda to, asked: to.templates.update_text(asked.parameter, asked.body),
        ),
        _route(operations.QUERY_TEXT_TEMPLATE, lambda to, asked: to.templates.query_text(asked.parameter)),
        _route(
            operations.DELETE_TEXT_TEMPLATE, lambda to, asked: to.templates.delete(asked.parameter, Kind.TEXT)
        ),
        _route(operations.SEND_FILE, lambda to, asked: to.accepting.send_file(asked.body, asked.digest)),
        _route(
            operations.SEND_LIST,
            lambda to, asked: to.accepting.send_list(asked.body, asked.digest, Kind.TEXT),
        ),
        _route(operations.CREATE_DIGITAL_TEMPLATE, lambda to, asked: to.templates.create_digital(asked.body)),
        _route(
            operations.UPDATE_DIGITAL_TEMPLATE,
            lambda to, asked: to.templates.update_digital(asked.parameter, asked.body),
        ),
        _route(
            operations.DELETE_DIGITAL_TEMPLATE,
            lambda to, asked: to.templates.delete(asked.parameter, Kind.DIGITAL),
        ),
        _route(
            operations.QUERY_DIGITAL_TEMPLATE, lambda to, asked: to.templates.query_digital(asked.parameter)
        ),
        _route(
            operations.SEND_DIGITAL_LIST,
            lambda to, asked: to.accepting.send_list(asked.body, asked.digest, Kind.DIGITAL),
        ),
        _route(operations.SEND_DETAILS, lambda to, asked: to.reporting.details(asked.body)),
    )
)
"""Every operation of `bridge.contract.operations`, by its name."""
