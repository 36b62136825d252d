"""The signature: every vector of the contract's own code, every way to bend one, every rule of form."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import signing
from bridge.contract.refusal import Refusal
from tests.contract.vectors import KEY, MALLEATIONS, NONCE, TIMESTAMP, VECTORS, Vector

NOW = datetime.fromtimestamp(int(TIMESTAMP), UTC)
V02 = next(vector for vector in VECTORS if vector.name == "V02").signature


def verify(
    timestamp: str = TIMESTAMP,
    nonce: str = NONCE,
    header: str | None = V02,
    *,
    key: str = KEY,
    skew_s: float = 300,
) -> str:
    query = [("timestamp", timestamp), ("nonce", nonce)]
    return signing.verify(key, query, header, NOW, skew_s)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.name} {vector.why}")
def test_sign_equals_the_contracts_java(vector: Vector) -> None:
    assert signing.sign(vector.key, vector.timestamp, vector.nonce) == vector.signature


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_verify_accepts_every_vector_but_the_empty_one(vector: Vector) -> None:
    if vector.timestamp:
        assert verify(vector.timestamp, vector.nonce, vector.signature, key=vector.key) == vector.signature
    else:
        with pytest.raises(Refusal, match="timestamp is missing"):
            verify(vector.timestamp, vector.nonce, vector.signature, key=vector.key)


@pytest.mark.parametrize("way", MALLEATIONS)
def test_a_bent_signature_is_refused(way: str) -> None:
    timestamp, nonce = MALLEATIONS[way]
    assert signing.sign(KEY, timestamp, nonce) == V02, "the row must carry the captured signature"
    with pytest.raises(Refusal) as caught:
        verify(timestamp, nonce)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("query", "header", "status", "message"),
    [
        ([], V02, 401, "timestamp is missing"),
        ([("timestamp", TIMESTAMP)], V02, 401, "nonce is missing"),
        ([("nonce", NONCE)], V02, 401, "timestamp is missing"),
        ([("timestamp", ""), ("nonce", NONCE)], V02, 401, "timestamp is missing"),
        ([("timestamp", TIMESTAMP), ("nonce", NONCE), ("nonce", NONCE)], V02, 401, "more than once"),
        ([("timestamp", TIMESTAMP)] * 2 + [("nonce", NONCE)], V02, 401, "more than once"),
        ([("timestamp", TIMESTAMP), ("nonce", "short")], V02, 401, "8 to 64"),
        ([("timestamp", TIMESTAMP), ("nonce", "x" * 65)], V02, 401, "8 to 64"),
        ([("timestamp", "٠" * 10), ("nonce", NONCE)], V02, 401, "10 digits"),
        ([("timestamp", TIMESTAMP), ("nonce", NONCE)], None, 401, "not signed"),
        ([("timestamp", TIMESTAMP), ("nonce", NONCE)], "", 401, "not signed"),
        ([("timestamp", TIMESTAMP), ("nonce", NONCE)], "0" * 64, 401, "wrong"),
        ([("timestamp", TIMESTAMP), ("nonce", NONCE)], "密" * 64, 401, "wrong"),
    ],
)
def test_form(query: list[tuple[str, str]], header: str | None, status: int, message: str) -> None:
    with pytest.raises(Refusal, match=message) as caught:
        signing.verify(KEY, query, header, NOW, 300)
    assert (caught.value.status, caught.value.code) == (status, str(status))


@pytest.mark.parametrize("header", [V02.upper(), f" {V02} "])
def test_the_header_may_be_in_capitals_or_padded(header: str) -> None:
    assert verify(header=header) == V02


@pytest.mark.parametrize(
    ("seconds", "side"), [(-301, "old"), (-300, ""), (0, ""), (300, ""), (301, "far in the future")]
)
def test_skew(seconds: int, side: str) -> None:
    timestamp = str(int(TIMESTAMP) + seconds)
    header = signing.sign(KEY, timestamp, NONCE)
    if not side:
        assert verify(timestamp, NONCE, header) == header
        return
    with pytest.raises(Refusal, match=f"too {side}") as caught:
        verify(timestamp, NONCE, header)
    assert caught.value.status == 403


def test_without_a_key_nothing_is_checked() -> None:
    assert signing.verify("", [], None, NOW, 300) == ""
    with pytest.raises(ValueError, match="key"):
        signing.sign("", TIMESTAMP, NONCE)


def test_fresh_differs_each_time_and_verifies() -> None:
    first, second = signing.fresh(KEY, NOW), signing.fresh(KEY, NOW)
    assert first[0]["nonce"] != second[0]["nonce"]
    assert first[0]["timestamp"] == TIMESTAMP
    assert len(first[0]["nonce"]) == 32
    assert signing.verify(KEY, list(first[0].items()), first[1], NOW, 0) == first[1]
    assert signing.fresh("", NOW)[1] == ""


@given(key=st.text(min_size=1), timestamp=st.text(), nonce=st.text())
def test_any_texts_are_signed(key: str, timestamp: str, nonce: str) -> None:
    signature = signing.sign(key, timestamp, nonce)
    assert len(signature) == 64
    assert signature == signing.sign(key, nonce, timestamp)


@given(
    query=st.lists(st.tuples(st.sampled_from(["timestamp", "nonce", "x"]), st.text())),
    header=st.none() | st.text(),
)
def test_no_guess_gets_in(query: list[tuple[str, str]], header: str | None) -> None:
    with pytest.raises(Refusal):
        signing.verify(KEY, query, header, NOW, 300)
