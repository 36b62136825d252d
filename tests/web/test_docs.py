"""The OpenAPI document and its page, served without any other host."""

import hashlib
import re

import openapi_spec_validator

from bridge.contract.operations import OPERATIONS
from bridge.web.docs import FILES

from .world import World


def test_the_document(world: World) -> None:
    document = world.client.get("/openapi.json").get_json()
    openapi_spec_validator.validate(document)
    described = {
        operation["operationId"] for path in document["paths"].values() for operation in path.values()
    }
    assert described == {operation.name for operation in OPERATIONS}
    assert document["servers"][0]["url"] == "https://sms.example.com"


def test_the_page_loads_everything_from_here(world: World) -> None:
    page = world.client.get("/docs")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    for link in links:
        assert link.startswith("/docs/")
        with world.client.get(link) as asset:
            assert asset.status_code == 200
    assert "/openapi.json" in world.client.get("/docs/start.js").text


def test_its_files_are_those_that_were_published() -> None:
    text = (FILES / "README.md").read_text(encoding="utf-8")
    noted = dict(re.findall(r"\| `(\S+)` \| `([0-9a-f]{64})` \|", text))
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in FILES.iterdir()
        if file.name != "README.md"
    }
    assert found == noted
    assert "@import" not in (FILES / "swagger-ui.css").read_text(encoding="utf-8")
    assert not re.search(r"url\((?!\"?data:)", (FILES / "swagger-ui.css").read_text(encoding="utf-8"))
