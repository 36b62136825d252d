"""JSON without loss: literals stay, what cannot be stored goes, everything else is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", "1.10"),
        ("1E5", "1E5"),
        ("-0", "-0"),
        ("9" * 5000, "9" * 5000),
        ("110101199003072316", "110101199003072316"),
        ("true", True),
        ("null", None),
        (r'"a\u0000b"', "ab"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\uD83D\uDE00"', "😀"),
        (r'"\ud83d"', ""),
        (r'"\ude00\ud83d x"', " x"),
        (r'"\\u0000"', r"\u0000"),
        (r'"\\\u0000"', "\\"),
        (r'"\\ud83d"', r"\ud83d"),
        (r'"\u00e9\u0000"', "é"),
    ],
)
def test_decode(text: str, value: object) -> None:
    assert json_text.decode(text) == value


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[1,]", b"NaN", b"[Infinity]", b"\xff\xfe", b'"\xed\xa0\x80"', b"[" * 100_000, b"{} x"],
)
def test_unreadable(raw: bytes) -> None:
    with pytest.raises(json_text.Unreadable):
        json_text.decode_bytes(raw)


def test_the_message_quotes_nothing() -> None:
    with pytest.raises(json_text.Unreadable) as caught:
        json_text.decode('{"phone": 13800138000x}')
    assert "138" not in str(caught.value)


@given(VALUES, st.booleans())
def test_everything_json_can_say_is_read_back(value: object, escaped: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    if "\\u0000" not in raw.decode("utf-8", "replace"):
        assert json_text.decode_bytes(raw) == value


@given(st.text(alphabet='\\u0dD8cCfF9"ae1 ', max_size=40))
def test_no_escape_leaves_what_cannot_be_stored(inner: str) -> None:
    try:
        value = json_text.decode(f'"{inner}"')
    except json_text.Unreadable:
        return
    assert "\0" not in value
    value.encode()
