"""The signature: every vector of the contract's own code, every way to bend one, every rule of form."""

import re
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
    keys: tuple[str, ...] | None = None,
    skew_s: float = 300,
) -> str:
    query = [("timestamp", timestamp), ("nonce", nonce)]
    allowed = ((key,) if key else ()) if keys is None else keys
    return signing.verify(allowed, query, header, NOW, skew_s)


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
        signing.verify((KEY,), query, header, NOW, 300)
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
    assert signing.verify((), [], None, NOW, 300) == ""
    with pytest.raises(ValueError, match="key"):
        signing.sign("", TIMESTAMP, NONCE)


def test_fresh_differs_each_time_and_verifies() -> None:
    first, second = signing.fresh(KEY, NOW), signing.fresh(KEY, NOW)
    assert first[0]["nonce"] != second[0]["nonce"]
    assert first[0]["timestamp"] == TIMESTAMP
    assert len(first[0]["nonce"]) == 32
    assert signing.verify((KEY,), list(first[0].items()), first[1], NOW, 0) == first[1]
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
        signing.verify((KEY,), query, header, NOW, 300)


# A callback's signature must open nothing here, however its digits are moved.
KEYS = {
    "sorts before digits": "-key",
    "sorts among the digits": "1",
    "sorts behind the timestamp": "9key",
    "sorts among the letters": "c0ffee",
    "sorts last": "zebra",
    "has blanks": "a key with\tblanks ",
    "is not ASCII": "密钥🔑",
    "is longer than a block": "k" * 80,
}


def rewritten(timestamp: str, nonce: str) -> set[tuple[str, str]]:
    """Return every other pair that may carry the same signature: both orders, every place to part them."""
    joined = (timestamp + nonce, nonce + timestamp)
    pairs = {(text[:cut], text[cut:]) for text in joined for cut in range(len(text) + 1)}
    return pairs | {(second, first) for first, second in pairs}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_callbacks_signature_opens_nothing(key: str) -> None:
    for _ in range(20):
        query, header = signing.fresh_callback(key, NOW)
        assert re.fullmatch(r"[0-9a-f]{32}", query["nonce"])
        tried = rewritten(query["timestamp"], query["nonce"])
        assert (query["timestamp"], query["nonce"]) in tried
        for timestamp, nonce in tried:
            with pytest.raises(Refusal):
                verify(timestamp, nonce, header, key=key)
        with pytest.raises(Refusal, match="callback") as caught:
            signing.verify((key,), list(query.items()), header.upper(), NOW, 300)
        assert caught.value.status == 403


@pytest.mark.parametrize(
    ("before", "behind"), [("", ""), ("7", ""), (TIMESTAMP, ""), ("", "9"), ("ab", "cd")]
)
def test_a_callbacks_nonce_is_known_inside_a_longer_one(before: str, behind: str) -> None:
    nonce = signing.fresh_callback(KEY, NOW)[0]["nonce"]
    assert signing.is_callback(KEY, before + nonce + behind)
    assert not signing.is_callback(KEY, before + "-" + nonce[1:] + behind)  # "b" might be what was cut off
    assert not signing.is_callback("another key", before + nonce + behind)


def test_what_quick_audience_signs_bears_no_mark() -> None:
    """A random nonce bears one by chance once in 2**64."""
    assert not any(signing.is_callback(KEY, signing.fresh(KEY, NOW)[0]["nonce"]) for _ in range(1000))
    assert not any(signing.is_callback(vector.key, vector.nonce) for vector in VECTORS)


def test_callbacks_differ_each_time_and_without_a_key_are_not_signed() -> None:
    assert len({signing.fresh_callback(KEY, NOW)[0]["nonce"] for _ in range(100)}) == 100
    query, header = signing.fresh_callback("", NOW)
    assert (header, len(query["nonce"])) == ("", 32)


OTHERS = ("another-key", KEY, "a-third-key")


@pytest.mark.parametrize("keys", [(KEY,), (KEY, "another-key"), ("another-key", KEY), OTHERS])
def test_any_of_the_keys_may_have_signed(keys: tuple[str, ...]) -> None:
    """Whichever comes first, the signature that was given comes back: replays count over all keys."""
    assert verify(keys=keys) == V02
    with pytest.raises(Refusal, match="signature is wrong"):
        verify(keys=tuple(key for key in keys if key != KEY) or ("another-key",))


@pytest.mark.parametrize("signer", OTHERS)
@pytest.mark.parametrize("keys", [OTHERS, OTHERS[::-1]])
def test_a_callback_of_any_key_opens_nothing(signer: str, keys: tuple[str, ...]) -> None:
    """Also one that was signed before the key was changed."""
    query, signature = signing.fresh_callback(signer, NOW)
    with pytest.raises(Refusal, match="made for a callback"):
        verify(query["timestamp"], query["nonce"], signature, keys=keys)
    query, signature = signing.fresh(signer, NOW)
    assert verify(query["timestamp"], query["nonce"], signature, keys=keys) == signature
