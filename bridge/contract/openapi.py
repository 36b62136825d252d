"""The contract as an OpenAPI 3.0 document, made from the tables that also serve it."""

from collections.abc import Iterable, Mapping
from typing import Any

from . import callbacks, parts, signing
from .bodies import NoBody
from .fields import Field, FieldType
from .operations import OPERATIONS, Operation

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_VALUES: Schema = {"type": "object", "additionalProperties": {"oneOf": [_TEXT, {"type": "number"}]}}
_TYPES: Mapping[FieldType, Schema] = {
    "text": _TEXT,
    "integer": {"type": "integer", "format": "int64", "minimum": 0},
    "flag": {"oneOf": [{"type": "boolean"}, {"type": "integer", "enum": [0, 1]}]},
    "date": {
        **_TEXT,
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$",
        "example": "2024-01-31 08:00:00",
    },
    "phones": {"type": "array", "minItems": 1, "items": {**_TEXT, "example": "13800138000"}},
    "params": {"oneOf": [{"type": "array", "items": _VALUES}, _VALUES]},
    "parts": {"oneOf": [{"type": "array", "minItems": 1}, {**_TEXT, "minLength": 2}]},
}
_ENVELOPE: Schema = {
    "platformName": {**_TEXT, "description": "The API name typed into Quick Audience's form."},
    "code": {**_TEXT, "description": "OK, or what went wrong."},
    "message": {**_TEXT, "description": "What went wrong, in words for the marketer."},
    "requestId": {**_TEXT, "description": "Names this request in the bridge's log."},
}
_REFUSALS = {
    "401": "The signature is missing or wrong.",
    "403": "The timestamp is stale, the signature was used before, or the address is not allowed.",
    "404": "There is no such channel, template, signature or route.",
}
_SIGNATURE: Schema = {
    "type": "apiKey",
    "in": "header",
    "name": signing.HEADER,
    "description": "HMAC-SHA256 over the sorted key, timestamp and nonce, in hex.",
}
_COMMON: tuple[Schema, ...] = (
    {
        "name": "timestamp",
        "in": "query",
        "required": True,
        "description": "The time in seconds.",
        "schema": {**_TEXT, "pattern": "^[0-9]{10}$"},
        "example": "1631865523",
    },
    {
        "name": "nonce",
        "in": "query",
        "required": True,
        "description": "A random text, new for each request.",
        "schema": {**_TEXT, "pattern": "^[A-Za-z0-9_-]{8,64}$"},
        "example": "2e6eceb5737b473284c930c8ef79090e",
    },
)
_CALLBACKS: Mapping[callbacks.CallbackKind, tuple[str, tuple[str, ...]]] = {
    "receipts": (
        "Delivery receipts; all entries of a call have the same outId.",
        ("outId", "phoneNum", "sendStatus", "sendDate", "receiveDate", "errCode", "message"),
    ),
    "replies": ("Replies of recipients.", ("outId", "phoneNum", "sendTime", "content")),
}


def document(version: str, base: str = "", *, default_channel: bool = False) -> Schema:
    """Make the whole document.

    `base` is the bridge's public address; with a default channel, the contract also answers there without a
    channel's name.
    """
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Quick Audience SMS bridge",
            "version": version,
            "description": "The third-party SMS platform contract of Alibaba Cloud Quick Audience.",
        },
        "servers": _servers(base, default_channel),
        "security": [{"signature": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"signature": _SIGNATURE},
            "schemas": {"Refusal": _object(_ENVELOPE, _ENVELOPE)},
        },
    }


def _servers(base: str, default_channel: bool) -> list[Schema]:
    channel = {"default": "channel", "description": "The channel's name in the bridge's configuration."}
    servers: list[Schema] = [{"url": f"{base}/{{channel}}", "variables": {"channel": channel}}]
    if default_channel:
        servers.insert(0, {"url": base or "/", "description": "The default channel."})
    return servers


def _operation(operation: Operation[Any, Any]) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.title,
        "parameters": [*_path_parameters(operation), *_COMMON],
        "responses": _responses(operation),
    }
    if operation.section:
        described["description"] = f"Section {operation.section} of the published contract."
    if operation.deprecated:
        described["deprecated"] = True
    if operation.body is not NoBody:
        schema = body_schema(operation.body.FIELDS)
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if operation.send:
        described["callbacks"] = {kind: _callback(kind) for kind in _CALLBACKS}
    return described


def _path_parameters(operation: Operation[Any, Any]) -> list[Schema]:
    if not operation.parameter:
        return []
    return [
        {
            "name": operation.parameter,
            "in": "path",
            "required": True,
            "schema": {**_TEXT, "minLength": 1},
        }
    ]


def _responses(operation: Operation[Any, Any]) -> Schema:
    success = _object({**_ENVELOPE, **operation.shape.schemas}, _ENVELOPE)
    answer: Schema = {
        "200": {
            "description": "Served when `code` is OK; refused for a reason of business otherwise.",
            "content": {"application/json": {"schema": success}},
        }
    }
    reference = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    for status, meaning in _REFUSALS.items():
        answer[status] = {"description": meaning, "content": reference}
    return answer


def body_schema(fields: Iterable[Field]) -> Schema:
    """Return the schema of an object with these fields, in the types of the published contract."""
    rows = list(fields)
    required = [row.name for row in rows if row.required]
    return _object({row.name: field_schema(row) for row in rows}, required)


def field_schema(field: Field) -> Schema:
    """Return the schema of one field, in the type of the published contract."""
    return {**_typed(field), "description": field.about}


def _typed(field: Field) -> Schema:
    schema: Schema = dict(_TYPES[field.type])
    if field.type == "parts":
        listed, text = schema["oneOf"]
        schema["oneOf"] = [{**listed, "items": body_schema(parts.PART_FIELDS)}, text]
    if field.at_most is not None:
        schema["maxLength" if field.type == "text" else "maximum"] = field.at_most
    if field.type == "text" and field.required:
        schema["minLength"] = 1
    return schema


def _callback(kind: callbacks.CallbackKind) -> Schema:
    about, names = _CALLBACKS[kind]
    entry = _object(dict.fromkeys(names, _TEXT), names)
    content = _object(
        {callbacks.list_name(kind): {"type": "array", "items": entry}}, [callbacks.list_name(kind)]
    )
    call = {
        "summary": about,
        "parameters": list(_COMMON),
        "requestBody": {"required": True, "content": {"application/json": {"schema": content}}},
        "responses": {"200": {"description": "Taken when `code` is 200 or OK, or without a body."}},
    }
    return {callbacks.url("shanghai", kind): {"post": call}}


def _object(properties: Mapping[str, Any], required: Iterable[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(properties)}
    names = list(required)
    if names:
        schema["required"] = names
    return schema
