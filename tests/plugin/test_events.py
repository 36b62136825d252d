"""Every event that plugins may observe is emitted somewhere, tells its fields, and stands in the guide."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.plugin import Event, EventName
from bridge.plugin.events import FIELDS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "plugins" / "README.md").read_text(encoding="utf-8")
SOURCES = [path for path in (ROOT / "bridge").rglob("*.py") if path.parent.name != "plugin"]
EMITTED = {name for path in SOURCES for name in re.findall(r"EventName\.([A-Z_]+)", path.read_text())}


@pytest.mark.parametrize("name", EventName)
def test_an_event_is_emitted_and_documented(name: EventName) -> None:
    """With the fields that the table names."""
    assert name.name in EMITTED
    fields = ", ".join(f"`{field}`" for field in sorted(FIELDS[name]))
    assert f"| `{name}` | {fields} |" in GUIDE


@pytest.mark.parametrize("name", EventName)
def test_an_event_tells_its_fields_and_no_others(name: EventName) -> None:
    """Observers may rely on them."""
    told: dict[str, str | int | float] = dict.fromkeys(FIELDS[name], 1)
    assert Event("promo", name, datetime.now(UTC), told).fields == told
    for wrong in ({**told, "phone": "1"}, dict(list(told.items())[1:]) or {"x": 1}):
        with pytest.raises(ValueError, match="has the fields"):
            Event("promo", name, datetime.now(UTC), wrong)
