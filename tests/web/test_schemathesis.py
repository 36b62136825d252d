"""Requests made from the OpenAPI document, valid and not: none may fail the bridge or break its promises."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bridge.contract.bodies import DigitalTemplateBody
from bridge.contract.operations import OPERATIONS, Operation

from .world import DIGITAL, World

AnyCase = Case[Any]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KNOWN: dict[str, Any] = {
    "signName": "Acme",
    "phoneOssUrl": "https://oss.example.com/numbers.txt",
    "startDate": "2021-09-17 00:00:00",
    "endDate": "2021-09-18 00:00:00",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("schemathesis"), bridge={}, channels={})
    yield world
    world.close()


@pytest.fixture(scope="module")
def document(world: World) -> BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", world.app)


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_request_fails_the_bridge(
    world: World, document: BaseSchema, operation: Operation[Any, Any], mode: GenerationMode
) -> None:
    code = world.template("/sms/digitalSmsTemplate" if "igital" in operation.name else "/sms/smsTemplate")
    known = KNOWN | {"templateCode": code}
    if operation.body is DigitalTemplateBody:
        known["templateContent"] = DIGITAL["templateContent"]
    described = document[operation.path][operation.method]

    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(described.as_strategy(generation_mode=mode), st.booleans(), st.integers(0, 7))
    def attempt(case: AnyCase, helped: bool, unsigned: int) -> None:
        if helped:
            _make_known(case, known)
        if unsigned != 1:
            _sign(case, world)
        case.validate_response(case.call(), checks=CHECKS)

    attempt()


def _make_known(case: AnyCase, known: dict[str, Any]) -> None:
    """Let the request name things that exist, so that it gets further."""
    for container in (case.path_parameters, case.body):
        if isinstance(container, dict):
            container.update({name: value for name, value in known.items() if name in container})


def _sign(case: AnyCase, world: World) -> None:
    sent = world.signed()
    case.query = {**sent["query_string"]}
    case.headers.update(sent["headers"])
