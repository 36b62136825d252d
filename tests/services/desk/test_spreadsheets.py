"""What third parties wrote stands in files as text: no spreadsheet works it out, and no terminal obeys it."""

import json

import pytest

from bridge.services.desk.spreadsheets import harmless_cell, harmless_json

CELLS = [
    (None, ""),
    (7, "7"),
    ("plain 文字", "plain 文字"),
    ("=1+1", "'=1+1"),
    ("\n=1+1", "'\n=1+1"),
    ("\uff1d1+1", "'\uff1d1+1"),
    ("\uff0bcmd", "'\uff0bcmd"),
    ("\uff0d2", "'\uff0d2"),
    ("\uff20sum", "'\uff20sum"),
    ("a\nb\tc", "a\nb\tc"),
    ("\x1b[2J", "\\x1b[2J"),
    ("a\x9b31m\x07", "a\\x9b31m\\x07"),
    ("a\u202eb", "a\\x202eb"),
]


@pytest.mark.parametrize(("value", "cell"), CELLS)
def test_a_cell_is_harmless(value: object, cell: str) -> None:
    """Line ends and tabs within it stay."""
    assert harmless_cell(value) == cell


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b31m", "\u202eabc", "=1+1", "文字\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_harmless_and_the_same(text: str, indent: int | None) -> None:
    """Programs read what was written."""
    written = harmless_json({"text": text}, indent)
    assert json.loads(written) == {"text": text}
    assert not set("\x1b\x9b\u202e") & set(written)
