"""Bodies of multipart/form-data: fields, and files that are tables of their own."""

from collections.abc import Iterator, Mapping
from typing import Any

from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from ..faults import RecipeFault, Unsendable
from ..language.filters import text

FILE = frozenset({"content", "filename", "content_type"})
"""The keys of a table that is a file."""


def file_faults(tree: Mapping[str, Any], key: str) -> Iterator[RecipeFault]:
    """Yield what is wrong with the files of a body."""
    for name, value in tree.items():
        for part in value if isinstance(value, list) else (value,):
            keys = {each.removesuffix("?") for each in part} if isinstance(part, Mapping) else set[str]()
            loop = any(each.startswith("$") for each in keys)
            if keys and not loop and ("content" not in keys or not keys <= FILE):
                reason = "is a file: it has content, and may have filename and content_type"
                yield RecipeFault(f"{key}.{name}", reason)


def multipart(table: Mapping[str, Any], charset: str, boundary: str) -> tuple[bytes, str]:
    """Write a table as multipart/form-data; a list repeats its name.

    Returns the bytes and the content type. Raises Unsendable when a value holds the boundary.
    """
    fields = [_field(name, part, charset) for name, value in table.items() for part in _each(value)]
    body, content_type = encode_multipart_formdata(fields, boundary)
    if body.count(boundary.encode()) != len(fields) + 1:
        raise Unsendable("holds the boundary of its parts")
    return body, content_type


def _field(name: str, part: Any, charset: str) -> RequestField:
    if not _is_file(part):
        field = RequestField(name, _bytes(part, charset))
        field.make_multipart()
        return field
    kind = text(part.get("content_type", "application/octet-stream"))
    if not kind.isascii() or not kind.isprintable():
        raise Unsendable("has a content type that no header can carry", name)
    field = RequestField(name, _bytes(part["content"], charset), text(part.get("filename", name)))
    field.make_multipart(content_type=kind)
    return field


def _bytes(value: Any, charset: str) -> bytes:
    return value if isinstance(value, bytes) else text(value).encode(charset)


def _is_file(part: Any) -> bool:
    return isinstance(part, Mapping) and "content" in part


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
