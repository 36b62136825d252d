"""Whatever was taken is packed and read again as it was, by whichever library."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ledger.database.packing import pack, unpack


def paired(text: str) -> str:
    """Write two surrogates that make one character as that character, as every JSON reader does."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


TEXTS = st.text(st.characters(codec=None), max_size=40).map(paired)  # lone surrogates and NUL included
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)

ODD: dict[str, Any] = {
    "a lone surrogate": {"phones": ["\ud83d", "13800138000"]},
    "a number of 400 digits": [10**400],
    "a whole emoji": "🙂",
    "NUL and quotes": '\0"\\',
    "nothing": [],
}


@pytest.mark.parametrize("document", ODD.values(), ids=ODD)
def test_odd_documents(document: Any) -> None:
    assert unpack(pack(document)) == document


@given(DOCUMENTS)
def test_any_document(document: Any) -> None:
    assert unpack(pack(document)) == document


@given(DOCUMENTS)
def test_what_the_standard_library_wrote_is_read(document: Any) -> None:
    """As rows have it that an earlier version packed."""
    assert unpack(json.dumps(document)) == document
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    assert unpack(text.encode("utf-8", "surrogatepass")) == document


@pytest.mark.parametrize("junk", [b"", b"{", b"\xff", "NaNs", b"[1,]"])
def test_junk_is_a_value_error(junk: bytes | str) -> None:
    with pytest.raises(ValueError):
        unpack(junk)
