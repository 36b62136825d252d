"""Cells that a spreadsheet takes for what they are."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would work out (owasp.org, CSV Injection, read 2026-11)."""


def harmless_cell(value: object) -> str:
    """Return a cell's text; an apostrophe in front makes a spreadsheet take it for what it is."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
