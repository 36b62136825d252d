"""Digests and keyed digests by the names recipes give them; SM3 comes from the library `cryptography`."""

import hashlib
import hmac
from typing import Literal, get_args

Digest = Literal["md5", "sha1", "sha256", "sha512", "sm3"]

DIGESTS: tuple[str, ...] = get_args(Digest)


def digest(name: str, data: bytes) -> bytes:
    """Compute the digest of some bytes."""
    if name != "sm3":
        return hashlib.new(name, data).digest()
    # OpenSSL inside Python may be built without SM3; the library brings its own.
    from cryptography.hazmat.primitives.hashes import SM3, Hash

    made = Hash(SM3())
    made.update(data)
    return made.finalize()


def mac(name: str, key: bytes, data: bytes) -> bytes:
    """Compute the HMAC of some bytes."""
    if name != "sm3":
        return hmac.digest(key, data, name)
    from cryptography.hazmat.primitives.hashes import SM3
    from cryptography.hazmat.primitives.hmac import HMAC

    made = HMAC(key, SM3())
    made.update(data)
    return made.finalize()
