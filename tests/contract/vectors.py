"""Signatures computed with the contract's own Java code (JDK 17, commons-codec), and ways to bend them."""

from typing import NamedTuple

TIMESTAMP = "1631865523"
NONCE = "2e6eceb5737b473284c930c8ef79090e"
KEY = "qa-secret"


class Vector(NamedTuple):
    """One signature: the empty values of V24 are refused although its hex is well defined."""

    name: str
    why: str
    key: str
    timestamp: str
    nonce: str
    signature: str


VECTORS = (
    Vector(
        "V01",
        "the seed's own example values",
        "123456789",
        TIMESTAMP,
        NONCE,
        "459fa2f7e79389c337e6b2077538fb9408241e79715b2f40dfa6c2757e2ecce8",
    ),
    Vector(
        "V02",
        "lowercase key sorts last",
        "qa-secret",
        TIMESTAMP,
        NONCE,
        "76c2f3ad3270f0f4b4299563071a996ee641eae9f302880644c4b5ffd6ebd9d9",
    ),
    Vector(
        "V03",
        "nonce sorts before timestamp",
        "qa-secret",
        TIMESTAMP,
        "0e6eceb5737b473284c930c8ef79090e",
        "60f7d5e64d7c9775a2ce5e1b7cd7ae8047376194e7f8bfa99f46bec45a36f59e",
    ),
    Vector(
        "V04",
        "same first char; digit before letter in 2nd char: timestamp first",
        "qa-secret",
        TIMESTAMP,
        "1a6eceb5737b473284c930c8ef79090e",
        "4ef283cd029051a121db020a207b3ad4dded6685da4746eb3b88735127536ec6",
    ),
    Vector(
        "V06",
        "digits < uppercase < lowercase: ts, key, nonce",
        "SecretKey",
        TIMESTAMP,
        "abcdefabcdefabcdefabcdefabcdef01",
        "3f969def5ac210bfdc5120031ab9bebdaf77123104ef4a5b77e8403b9ac614c7",
    ),
    Vector(
        "V07",
        "underscore is between upper and lower case",
        "_under",
        TIMESTAMP,
        "abcdefabcdefabcdefabcdefabcdef01",
        "64a8b715743579293330f66538bda1c392711d0c938ab2f4467b2419093bb5dc",
    ),
    Vector(
        "V08",
        "hyphen sorts before digits: key first",
        "-dash",
        TIMESTAMP,
        NONCE,
        "adfa7c264bb07347f263c0b2a4e6f032a5e4ef55576f45ff27151d68eda701a9",
    ),
    Vector(
        "V09",
        "inner spaces: stripped from message, kept in HMAC key",
        "my secret key",
        TIMESTAMP,
        NONCE,
        "30ee74be839027ea69354d1eac9b9470a77ea2af47a5b23513001db245a7d796",
    ),
    Vector(
        "V11",
        "no-break space is NOT stripped by Java",
        "a\xa0b",
        TIMESTAMP,
        NONCE,
        "6a70a33864672748365594ff873400d3396c04826b3e9cca8b67caac2b761e97",
    ),
    Vector(
        "V12",
        "ideographic space is NOT stripped by Java",
        "a\u3000b",
        TIMESTAMP,
        NONCE,
        "46346169d6989a57c990f71ee530d31a69f0b0befe96e76b3bacd6c48108309f",
    ),
    Vector(
        "V14",
        "VT and FF ARE stripped by Java",
        "a\x0bb\x0cc",
        TIMESTAMP,
        NONCE,
        "3edd1b27bd6e18a6e807635dce8430384e7c28af6f980e0f43270e35db7dba27",
    ),
    Vector(
        "V15",
        "Chinese key, UTF-8 bytes",
        "\u5bc6\u94a52024",
        TIMESTAMP,
        NONCE,
        "d19354e1df6eaf712a43b4eb32bd4be7d47c00b046ffac24d3a04eca87ada3dd",
    ),
    Vector(
        "V16",
        "emoji key (supplementary plane) against ASCII: order not affected",
        "\U0001f511key",
        TIMESTAMP,
        NONCE,
        "a58dc8bd4e16d6b2e257f5c490ab05b8ee494ababd9691cb184c63db798c7344",
    ),
    Vector(
        "V18",
        "key is a prefix of timestamp: shorter first",
        "16318655",
        TIMESTAMP,
        NONCE,
        "73531a24fdb79ed39d7ea394e37d24ece95d8caa8c0631b5480d64c5bef3d71f",
    ),
    Vector(
        "V19",
        "key equals timestamp",
        TIMESTAMP,
        TIMESTAMP,
        NONCE,
        "0fee20ec3d1f87edb10177320b33c3c977bfa0f424742556bef56cf63f2f31f8",
    ),
    Vector(
        "V20",
        "Chuanglan style: key is md5 hex of 'password'",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        TIMESTAMP,
        NONCE,
        "35197b1e9466c82b5c02d3f5f2a33fd7993a99cf887ed208114228e325f2f043",
    ),
    Vector(
        "V21",
        "80 byte key (longer than the SHA-256 block)",
        "0123456789abcdef" * 5,
        TIMESTAMP,
        NONCE,
        "15468b2d68fa022e0a9466fe6c3241c728aa752b79cb22a28647e03c2560c28f",
    ),
    Vector(
        "V22",
        "millisecond timestamp and dashed UUID nonce",
        "qa-secret",
        "1631865523123",
        "2e6eceb5-737b-4732-84c9-30c8ef79090e",
        "9b7f40ce45684fde53eec77ad7e056c311345b92551357c4d8bcb0ded8b6163a",
    ),
    Vector(
        "V24",
        "missing timestamp and nonce (must be refused before any comparison)",
        "qa-secret",
        "",
        "",
        "257012fbd0b658c8fd39cfe3b657eadcde0db226047a8b2266ce4b4cfda6b53a",
    ),
    Vector(
        "V25",
        "precomposed Latin letters (NFC)",
        "k\xe9y-\xfc\xdf",
        TIMESTAMP,
        NONCE,
        "874b87b3de3ec656ef7cc9f4315dfe4f1eccf24429ac1989d7c3dc10da0f4ca1",
    ),
    Vector(
        "V26",
        "same text decomposed (NFD): different signature, no normalisation",
        "ke\u0301y-u\u0308\xdf",
        TIMESTAMP,
        NONCE,
        "2b6e18a29dcf275080cb7452ad387842feae9e100fab943d52657d44514f9802",
    ),
)

MALLEATIONS = {
    "values swapped": (NONCE, TIMESTAMP),
    "boundary moved left": ("163186552", "32e6eceb5737b473284c930c8ef79090e"),
    "boundary moved right": ("16318655232", "e6eceb5737b473284c930c8ef79090e"),
    "blank in the nonce": (TIMESTAMP, "2e6eceb5 737b473284c930c8ef79090e"),
    "blank behind the timestamp": (TIMESTAMP + " ", NONCE),
}
"""Timestamps and nonces that carry the signature of V02."""
