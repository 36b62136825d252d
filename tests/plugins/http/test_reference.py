"""What the reference shows is what happens: every example of config/recipes/README.md is run."""

import base64
import hashlib
import hmac
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bridge_http.faults import RecipeFault
from bridge_http.language.expressions import Compiler
from bridge_http.language.filters import FILTERS
from bridge_http.language.functions import FUNCTIONS
from bridge_http.language.paths import compile_path

from .making import HEAD, NOW, SEND, Script, answer, batch_of, vendor_for

GUIDE = (Path(__file__).parents[3] / "config" / "recipes" / "README.md").read_text(encoding="utf-8")
_CELLS = re.compile(r"(?<!\\)\|")


def table(head: str) -> list[list[str]]:
    """Return the cells of the table under a head, its escapes undone."""
    lines = GUIDE.partition(f"\n{head}\n")[2].partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip().replace("\\|", "|") for cell in _CELLS.split(line)[1:-1]] for line in lines]


FILTER_ROWS = table("| filter | gives | example | is |")
FUNCTION_ROWS = table("| function | gives | example |")


@pytest.mark.parametrize(
    ("call", "example", "result"),
    [(call.strip("`"), example.strip("`"), result.strip("`")) for call, _, example, result in FILTER_ROWS],
)
def test_a_filter_gives_what_its_row_says(call: str, example: str, result: str) -> None:
    """The example is written with the filter it stands for."""
    name = call.partition("(")[0]
    assert f"| {name}" in example
    compiler = Compiler({})
    compiler.section("x", f"={example}", "x")
    assert compiler.faults == []
    assert repr(compiler.finish()({})["x"]) == result


def test_every_filter_has_one_row() -> None:
    """None is missing, none is told that does not exist."""
    assert sorted(row[0].strip("`").partition("(")[0] for row in FILTER_ROWS) == sorted(FILTERS)


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row[0])
def test_a_function_gives_what_its_row_says(row: list[str]) -> None:
    """`PATH` of `DOCUMENT` is `RESULT`."""
    match = re.fullmatch(r"`(.+)` of `(\{.+\})` is `(.+)`", row[2])
    assert match is not None
    faults: list[RecipeFault] = []
    path = compile_path(match[1], "x", faults)
    assert faults == []
    assert path(json.loads(match[2])) == json.loads(match[3])


def test_every_function_has_one_row() -> None:
    """With as many arguments as it takes."""
    named = {row[0].strip("`").partition("(")[0]: row[0].count(",") + 1 for row in FUNCTION_ROWS}
    assert named == {name: len(types) for name, (_, types) in FUNCTIONS.items()}


def block(beginning: str) -> str:
    """Return the example that begins so."""
    blocks: list[tuple[str, str]] = re.findall(r"^```(.*?)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
    return next(part for kind, part in blocks if not kind and beginning in part)


def run_with(tmp_path: Path, text: str, **settings: Any) -> Script:
    """Send one message by a recipe made of this text."""
    path = tmp_path / "acme.toml"
    path.write_text(text, encoding="utf-8")
    script = Script(answer('{"ok": true}'))
    vendor = vendor_for(path, script, **settings)
    vendor.send_batch(vendor.channel, batch_of({"name": "x"}))
    return script


def test_the_signature_that_is_worked_out_is_right(tmp_path: Path) -> None:
    """Computed once more by hand, from the words of the sentence above it."""
    shown = block('scheme = "expr"')
    rest = SEND.replace('[operations.send_batch.request]\npath = "/send"\n', "")
    script = run_with(tmp_path, HEAD + shown + rest, secrets={"key": base64.b64encode(b"\x00raw").decode()})
    (built,) = script.built
    base = f"POST\n/v1/messages\n{NOW}\n{hashlib.sha256(built.body).hexdigest()}"
    wanted = base64.b64encode(hmac.digest(b"\x00raw", base.encode(), "sha256")).decode()
    assert built.headers["X-Signature"] == wanted


def test_the_multipart_body_that_is_shown_is_a_recipe(tmp_path: Path) -> None:
    """A field that repeats and a file."""
    shown = block("multipart]").replace("send_digital_batch", "send_batch")
    rest = SEND.replace("[operations.send_batch.request.json]\n", "").replace(
        "to = \"=recipients | map(attribute='phone') | list\"\n", ""
    )
    (built,) = run_with(tmp_path, HEAD + rest + shown).built
    assert b'filename="card.json"' in built.body
    assert b'{"name":"x"}' in built.body


def test_the_confirmation_that_is_shown_is_toml() -> None:
    """With the keys the schema has (see test_confirming)."""
    shown = tomllib.loads(block("webhooks.event.confirm"))
    assert set(shown["webhooks"]["event"]["confirm"]) == {"when", "url", "hosts"}
