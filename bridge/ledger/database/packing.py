"""The bridge's own JSON, as its blobs and queued rows hold it: by orjson, which is many times faster.

orjson knows strict UTF-8 and 64-bit numbers only. What does not fit, such as a lone surrogate that a caller
wrote, is packed and read by the standard library: nothing that was taken may be unreadable. The numbers in
these documents are the bridge's own counts and times, within 64 bits; what a caller writes is kept as text.
"""

import json
from typing import Any

import orjson


def pack(document: object) -> bytes:
    """Return a document of tables, lists and texts as JSON."""
    try:
        return orjson.dumps(document)
    except TypeError:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")


def unpack(packed: bytes | str) -> Any:
    """Return the document. Raises ValueError for what is none."""
    try:
        return orjson.loads(packed)
    except ValueError:
        return json.loads(packed if isinstance(packed, str) else packed.decode("utf-8", "surrogatepass"))
