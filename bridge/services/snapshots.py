"""A template in its three shapes: as stored, as plugins see it, and as a send keeps it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bridge.ledger import StoredTemplate, digest_of
from bridge.plugin import (
    Carrier,
    DigitalPart,
    DigitalTemplate,
    Kind,
    ReviewStatus,
    Template,
    TemplateType,
    TextTemplate,
)
from bridge.plugin.text import variables, with_opt_out


def pack_parts(parts: tuple[DigitalPart, ...]) -> str:
    """Return the parts of a digital template as they are stored."""
    return json.dumps([asdict(part) for part in parts], ensure_ascii=False)


def unpack_parts(text: str) -> tuple[DigitalPart, ...]:
    """Return the parts of a digital template as they were stored."""
    return tuple(_part(kept) for kept in json.loads(text))


def _part(kept: Any) -> DigitalPart:
    # A list of the four fields is how rows before 0.1.0 keep it.
    return DigitalPart(*kept) if isinstance(kept, list) else DigitalPart(**kept)


def for_plugins(stored: StoredTemplate, opt_out_suffix: str = "") -> Template:
    """Return the template as plugins see it; promotional texts carry the channel's opt-out suffix."""
    common: dict[str, Any] = {
        "code": stored.code,
        "name": stored.name,
        "remark": stored.remark,
        "sign_name": stored.sign_name,
        "vendor_code": stored.vendor_code,
        "state": stored.state,
    }
    if stored.kind is Kind.DIGITAL:
        parts = unpack_parts(stored.content)
        names = variables("\n".join(part.text for part in parts))
        return DigitalTemplate(**common, parts=parts, variables=names, type=stored.type)
    content = with_opt_out(stored.content, opt_out_suffix, stored.type)
    return TextTemplate(**common, content=content, type=stored.type, variables=variables(content))


def snapshot(stored: StoredTemplate, opt_out_suffix: str = "", sign_at: str | None = None) -> str:
    """Return the template as a send keeps it: a later change does not reach messages already accepted.

    `sign_at`: the identity of the account that has judged the send's signature, "" for none.
    """
    template = for_plugins(stored, opt_out_suffix)
    refused = [
        carrier
        for carrier, review in stored.carriers.items()
        if stored.status is ReviewStatus.PARTIAL and review.status is not ReviewStatus.APPROVED
    ]
    document: dict[str, Any] = {
        "kind": stored.kind,
        "type": int(template.type),
        "code": stored.code,
        "name": stored.name,
        "remark": stored.remark,
        "sign_name": stored.sign_name,
        "vendor_code": stored.vendor_code,
        "state": stored.state,
        "filed_at": stored.filed_at,
        "refused": refused,
        "approved": stored.status.sendable,
    }
    if sign_at is not None:
        document["sign_at"] = sign_at
    if isinstance(template, DigitalTemplate):
        document["parts"] = stored.content
    else:
        document["content"] = template.content
    return json.dumps(document, ensure_ascii=False)


def shown_text(parts: str) -> str:
    """Return the parts of a digital template, as they are stored, in one line of text."""
    return " ".join(" + ".join(part.text or part.suffix for part in unpack_parts(parts)).split())


def digest(stored: StoredTemplate, opt_out_suffix: str = "") -> str:
    """Return the digest of what is filed of a template; that of its snapshot is the same."""
    content = stored.content
    if stored.kind is Kind.TEXT:
        content = with_opt_out(content, opt_out_suffix, stored.type)
    return digest_of(stored.kind, stored.type, content, stored.sign_name)


def restore(document: Mapping[str, Any]) -> Template:
    """Return the template of a send."""
    common = {
        name: document[name] for name in ("code", "name", "remark", "sign_name", "vendor_code", "state")
    }
    if document["kind"] == Kind.DIGITAL:
        parts = unpack_parts(document["parts"])
        names = variables("\n".join(part.text for part in parts))
        return DigitalTemplate(**common, parts=parts, variables=names, type=TemplateType(document["type"]))
    content = document["content"]
    return TextTemplate(
        **common, content=content, type=TemplateType(document["type"]), variables=variables(content)
    )


def refused_carriers(document: Mapping[str, Any]) -> frozenset[Carrier]:
    """Return the carriers that did not approve the digital template of a send."""
    return frozenset(Carrier(name) for name in document["refused"])


def same_text(content: str, template: Template) -> bool:
    """Return whether a vendor has the template's text, whatever it made of line ends and outer blanks."""
    ours = template.content if isinstance(template, TextTemplate) else ""
    return content.replace("\r\n", "\n").strip() == ours.replace("\r\n", "\n").strip()
