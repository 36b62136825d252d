"""Every route the application has: guarded, or known to be open."""

import pytest

from bridge.contract.operations import OPERATIONS
from bridge.web.operations import SERVED_BY

from .world import PLATFORM, TOKEN, World

OPEN = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/start.js", "/docs/<name>"}


def rules(world: World) -> list[tuple[str, str]]:
    """Method and path of every route; parameters hold what a caller might try."""
    found = []
    for rule in world.app.url_map.iter_rules():
        path = rule.rule.replace("<channel>", "promo").replace("<parameter>", "Acme")
        path = path.replace("<token>", "0" * len(TOKEN)).replace("<path:_tail>", "status")
        found += [(method, path) for method in sorted(rule.methods or ())]
    return found


def test_every_route_is_guarded_or_known_to_be_open(world: World) -> None:
    seen = set()
    for method, path in rules(world):
        answer = world.client.open(path, method=method)
        if path in OPEN:
            seen.add(path)
        elif path.startswith("/hooks/"):
            assert (answer.status_code, method) == (404, method), path
        else:
            assert (answer.status_code, method) == (401, method), path
            if method != "HEAD":
                assert answer.get_json()["platformName"] == PLATFORM
    assert seen | {"/docs/<name>"} == OPEN


def test_every_operation_has_a_service() -> None:
    assert set(SERVED_BY) == {operation.name for operation in OPERATIONS}


def test_every_operation_has_its_two_routes(world: World) -> None:
    routes = {
        (method, rule.rule.replace("<parameter>", "{}"))
        for rule in world.app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for operation in OPERATIONS:
        path = operation.path.replace(operation.parameter, "") if operation.parameter else operation.path
        assert {(operation.method, path), (operation.method, f"/<channel>{path}")} <= routes


@pytest.mark.parametrize(
    "path", ["/", "/other", "/docs/other", "/docs/swagger-ui.js", "/console", "/static/x"]
)
def test_there_is_nothing_else(world: World, path: str) -> None:
    answer = world.client.get(path)
    assert (answer.status_code, answer.get_json()) == (404, {"error": "Not Found"})
