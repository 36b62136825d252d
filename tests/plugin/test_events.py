"""Every event that plugins may observe is emitted somewhere, tells its fields, and stands in the guide."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.plugin import Event, EventName
from bridge.plugin.events import FIELDS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "plugins" / "README.md").read_text(encoding="utf-8")
# The kit plays observers; it tells nothing of a bridge.
SOURCES = [path for path in (ROOT / "bridge").rglob("*.py") if path.relative_to(ROOT).parts[1] != "testing"]


def told(call: ast.AST) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the events that a call of `announce` emits, each with the fields it names."""
    if not (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "announce"
    ):
        return
    for name in ast.walk(call.args[0]) if call.args else ():
        if isinstance(name, ast.Attribute) and ast.unparse(name.value) == "EventName":
            yield name.attr, frozenset(str(field.arg) for field in call.keywords)


EMITTED = {one for path in SOURCES for node in ast.walk(ast.parse(path.read_text())) for one in told(node)}


@pytest.mark.parametrize("name", EventName)
def test_an_event_is_emitted_and_documented(name: EventName) -> None:
    """With the fields that the table names, by a call of the bridge's own."""
    assert {fields for emitted, fields in EMITTED if emitted == name.name} == {frozenset(FIELDS[name])}
    fields = ", ".join(f"`{field}`" for field in sorted(FIELDS[name]))
    assert f"| `{name}` | {fields} |" in GUIDE


@pytest.mark.parametrize("name", EventName)
def test_an_event_tells_its_fields_and_no_others(name: EventName) -> None:
    """Observers may rely on them."""
    fields: dict[str, str | int | float] = dict.fromkeys(FIELDS[name], 1)
    assert Event("promo", name, datetime.now(UTC), fields).fields == fields
    for wrong in ({**fields, "phone": "1"}, dict(list(fields.items())[1:]) or {"x": 1}):
        with pytest.raises(ValueError, match="has the fields"):
            Event("promo", name, datetime.now(UTC), wrong)
